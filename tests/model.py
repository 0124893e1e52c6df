"""What a browser with htmx makes of a page and its stream. Shares no code with ``webapp/``, so that it can judge it.

``Decoder`` turns bytes into events, as the HTML standard says (section 9.2.6). ``Screen`` is the document that a reader
sees: ``receive`` does to it what htmx 4 does with an event, and ``state`` is what must equal that of a fresh page::

    screen = Screen(html)              # a page, or the part that holds #listing
    for event in Decoder().feed(data):
        screen.receive(event)
    assert screen.state == Screen(fresh_html).state

What htmx does, tried in Chromium: the targets of all parts of an event are looked up before anything is swapped; a part
whose target is missing is ignored, and so is one whose target the same event has removed. What comes with
``hx-preserve`` is only a place: the element that is there with its id is moved to it. A morph keeps elements by their
ids. So whatever a reader has in hand in a row stays, as long as the row does; ``receive`` sees that it is so.
"""

from __future__ import annotations

import codecs
import copy
import re
from dataclasses import dataclass
from typing import Any

import lxml.etree
import lxml.html

LINE_ENDS = re.compile("\r\n|\r|\n")
PART = re.compile(r'<hx-partial hx-target="#([A-Za-z][\w-]*)"(?: hx-swap="(\w+)")?>(.*?)</hx-partial>', re.DOTALL)
WITH_ID = lxml.etree.XPath("//*[@id]")
WITH_ID_HERE = lxml.etree.XPath("descendant-or-self::*[@id]")
PRESERVED = lxml.etree.XPath(".//*[@hx-preserve]")
MARK = re.compile(r'(?<=<tr) data-changed="\d"')  # of a row: in text, < is escaped
SWAPS = ("innerHTML", "innerMorph", "prepend", "append", "after", "outerMorph", "outerHTML", "delete")


@dataclass(frozen=True)
class Event:
    """One event; ``id`` is the last one that was heard, here or before."""

    data: str
    id: str
    name: str
    retry: int | None


@dataclass(frozen=True)
class Part:
    """One part of an event: ``content`` is swapped into the element with the id ``target``."""

    target: str
    swap: str
    content: str


class Decoder:
    """Events from bytes, which may come in pieces of any size.

    ``last_id`` is that of the last event that came whole: an id whose event was cut off counts for nothing.
    """

    def __init__(self) -> None:
        self.last_id = ""
        self._id = ""
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._rest = ""
        self._after_return = False
        self._data: list[str] = []
        self._name = ""
        self._retry: int | None = None

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that ``data`` completes."""
        text = self._decode(data)
        if not text:
            return []
        begins = 1 if self._after_return and text[0] == "\n" else 0  # the line ended already
        self._after_return = text[-1] == "\r"
        *lines, self._rest = LINE_ENDS.split(self._rest + text[begins:])
        return [event for line in lines if (event := self._line(line))]

    def _line(self, line: str) -> Event | None:
        if not line:
            self.last_id = self._id
            event = Event("\n".join(self._data), self.last_id, self._name, self._retry) if self._data else None
            self._data, self._name, self._retry = [], "", None
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "event":
            self._name = value
        elif field == "retry" and value.isascii() and value.isdigit():
            self._retry = int(value)
        return None


def parts(data: str) -> list[Part]:
    """Return the parts of an event's ``data``, which must hold nothing else."""
    found, end = [], 0
    while end < len(data):
        match = PART.match(data, end)
        assert match, f"not a part: {data[end : end + 200]!r}"
        target, swap, content = match.groups()
        assert swap is None or swap in SWAPS, f"htmx has no swap {swap}"
        found.append(Part(target, swap or "innerHTML", content))
        end = match.end()
    return found


class Screen:
    """A document that htmx keeps up to date; ``table`` is the id of its rows' parent."""

    def __init__(self, html: str, table: str = "users") -> None:
        self.document = lxml.html.document_fromstring(_preprocessed(html))
        self.table = table
        self._found: dict[str, Any] | None = None  # the elements by id, until the next event
        self._state: tuple[str, str] | None = None

    def copy(self) -> Screen:
        """Return another document that is as this one now is."""
        made = copy.copy(self)
        made.document = copy.deepcopy(self.document)
        made._found = None
        return made

    @property
    def stream(self) -> str:
        """The address that the page opens its stream at."""
        return str(self.element("stream").get("hx-sse:connect"))

    @property
    def state(self) -> tuple[str, str]:
        """The rows and the pager, without the marker that only streamed rows carry."""
        if self._state is None:
            rows = MARK.sub("", _source(self.element(self.table)))
            self._state = rows, _source(self.element("pager"))
        return self._state

    def says(self, total: str) -> bool:
        """Whether the pager tells ``total``."""
        return f"of {total}<" in self.state[1]

    @property
    def ids(self) -> list[str]:
        """The ids of the rows, in order."""
        return [row.get("id") for row in self.element(self.table)]

    def element(self, id: str) -> Any:
        """Return the element; there must be one."""
        found = self.find(id)
        assert found is not None, f"there is no #{id}"
        return found

    def find(self, id: str) -> Any:
        """Return the one element with this id, or None."""
        return self._elements.get(id)

    def receive(self, event: Event) -> None:
        """Do what htmx does with ``event``; what has an id in the rows that stay must not be made anew."""
        if event.name:
            return  # only fires a DOM event
        before = self._elements
        targets = [(before.get(part.target), part) for part in parts(event.data)]
        self._found = self._state = None
        kept: set[str] = set()
        for target, part in targets:
            if target is not None and self._is_here(target):
                kept |= _swap(target, part, before)
        anew = {id for id, element in self._elements.items() if before.get(id, element) is not element} - kept
        assert not any(self._is_in_rows(id) for id in anew), f"what a reader has in hand is lost: {anew}"

    @property
    def _elements(self) -> dict[str, Any]:
        if self._found is None:
            self._found = {}
            for element in WITH_ID(self.document):
                twice = self._found.setdefault(element.get("id"), element)
                assert twice is element, f"#{element.get('id')} is there twice"
        return self._found

    def _is_in_rows(self, id: str) -> bool:
        return any(above.get("id") == self.table for above in self.element(id).iterancestors())

    def _is_here(self, element: Any) -> bool:
        return element is self.document or self.document in element.iterancestors()


def _swap(target: Any, part: Part, elements: dict[str, Any]) -> set[str]:
    """Swap ``part`` in; return the ids of what it made anew in the tree here, and left what it was in a browser."""
    content = _fragment(part.content)
    kept = _kept(target, part, content)
    there = [(place, elements[place.get("id")]) for place in PRESERVED(content) if place.get("id") in elements]
    there = [(place, moved) for place, moved in there if moved.getparent() is not None]
    for _, moved in there:
        moved.getparent().remove(moved)
    _insert(target, part, content)
    for place, moved in there:
        place.getparent().replace(place, moved)
    return kept


def _insert(target: Any, part: Part, content: Any) -> None:
    if part.swap in ("innerHTML", "innerMorph"):
        for child in list(target):
            target.remove(child)
        target.text = content.text
        target.extend(list(content))
    elif part.swap == "append":
        target.extend(list(content))
    elif part.swap == "prepend":
        for child in reversed(content):
            target.insert(0, child)
    elif part.swap == "after":
        for child in reversed(content):
            target.addnext(child)
    else:  # delete, outerHTML; and outerMorph, which ends in the same document
        for child in reversed(content):
            target.addnext(child)
        target.drop_tree()


def _kept(target: Any, part: Part, content: Any) -> set[str]:
    """Return the ids of what a morph of ``target`` only makes look as ``content`` says."""
    if not part.swap.endswith("Morph"):
        return set()
    old, new = ({(one.get("id"), one.tag) for one in WITH_ID_HERE(element)} for element in (target, content))
    return {id for id, _ in old & new}


def _fragment(html: str) -> Any:
    """Return an element that holds ``html``, parsed where it will stand: rows in a table."""
    wrapped = f"<table><tbody id=fragment>{html}</tbody></table>" if html.startswith("<tr") else None
    document = lxml.html.document_fromstring(_preprocessed(wrapped or f"<div id=fragment>{html}</div>"))
    return document.get_element_by_id("fragment")


def _preprocessed(html: str) -> str:
    return LINE_ENDS.sub("\n", html).replace("\0", "")  # as an HTML parser reads its input: in text it drops NUL


def _source(element: Any) -> str:
    return str(lxml.etree.tostring(element, encoding="unicode", with_tail=False))
