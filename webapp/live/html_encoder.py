"""HtmlEncoder: a diff of two pages as parts of HTML that htmx swaps in. Knows no templates: a Renderer makes the HTML.

htmx looks up all targets of a message before it swaps anything. So no part aims at a row that the same message
brings: new neighbours travel in one part, anchored on a row that stays, or on the table's body. And whatever a reader
has in hand in a row (focus, typing, a tick, something open) is kept, for no row that stays on the page is made anew: it
is morphed, and where it moves, ``hx-preserve`` has htmx move it."""

from __future__ import annotations

from rowcast.live.diff import PageDiff, diff
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.live.renderer import Renderer
from rowcast.tables.key import Key
from rowcast.tables.page import Page


class HtmlEncoder:
    """Parts of a page, for htmx."""

    def __init__(self, renderer: Renderer) -> None:
        self.seed = renderer.seed
        self._renderer = renderer

    def greeting(self, token: str) -> str:
        """Return the line of the log that the browser answers, and a heartbeat."""
        return part("log", "append", self._renderer.connecting(token)) + self._beat()

    def confirmation(self, milliseconds: float) -> str:
        """Return a line of the log."""
        return part("log", "append", self._renderer.connected(milliseconds))

    def beat(self, page: Page, revision: str) -> str:
        """Return the heartbeat."""
        return self._beat()

    def nothing(self, page: Page, revision: str) -> str:
        """Return nothing."""
        return ""

    def difference(self, old: PageSnapshot | None, new: Page, revision: str) -> tuple[str, bool]:
        """Return the parts that lead from ``old`` to ``new``."""
        return difference(old, new, self._renderer)

    def summary(self, changed: int) -> str:
        """Return the text for the status line beside the table."""
        return part("summary", "innerHTML", self._renderer.summary(changed))

    def _beat(self) -> str:
        return part("beat", "outerHTML", self._renderer.beat())


def part(target: str, swap: str, content: str = "") -> str:
    """Return one part of a message: ``content`` swapped into the element ``target``."""
    how = "" if swap == "innerHTML" else f' hx-swap="{swap}"'  # it is what htmx does unless told otherwise
    return f'<hx-partial hx-target="#{target}"{how}>{content}</hx-partial>'


def difference(old: PageSnapshot | None, new: Page, renderer: Renderer) -> tuple[str, bool]:
    """Return the parts that lead from ``old`` (None: from anything) to ``new``, and whether they replace all.

    The parts are empty when nothing differs. Where rows come or go, all are replaced if that takes fewer bytes.
    """
    if old is None:
        return _everything(new, renderer) + part("pager", "outerHTML", renderer.pager(new)), True
    found = diff(old, new)
    if not found:
        return "", False
    body = _incremental(found, old, new, renderer)
    replacing = False
    if found.deleted or found.inserted:  # rows that only change are never replaced: then none would light up
        everything = _everything(new, renderer)
        if replacing := len(everything) < len(body):
            body = everything
    if found.total:
        body += part("pager", "outerHTML", renderer.pager(new))
    return body, replacing


def _everything(page: Page, renderer: Renderer) -> str:
    return part(renderer.name, "innerMorph", renderer.rows(page.rows))


def _incremental(found: PageDiff, old: PageSnapshot, new: Page, renderer: Renderer) -> str:
    rows = {row.key: row for row in new.rows}
    before = old.rows

    def target(key: Key) -> str:
        return f"{renderer.row_name}-{key}"

    def lit(key: Key) -> str:
        # A row that only moved up because another left is not news.
        row = rows[key]
        known = before.get(key)
        if known == row.fingerprint or (known is None and old.is_later_than(row)):
            return renderer.row(row)
        # Odd and even name two equal animations: the second of two changes lights the row up again.
        return renderer.row(row).replace("<tr", f'<tr data-changed="{row.values["version"] % 2}"', 1)

    def placed(key: Key) -> str:
        return f'<tr id="{target(key)}" hx-preserve></tr>' if key in found.moved else lit(key)

    parts = [part(target(key), "delete") for key in found.deleted]
    for insertion in found.inserted:
        content = "".join(map(placed, insertion.keys))
        if insertion.after is None:
            parts.append(part(renderer.name, "prepend", content))
        else:
            parts.append(part(target(insertion.after), "after", content))
    parts += (part(target(key), "outerMorph", lit(key)) for key in found.updated)
    return "".join(parts)
