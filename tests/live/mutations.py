"""Mutations: ways to break the engine, each small, each something that somebody could have written."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from webapp.live import encoders, feed, frames, sse
from webapp.live.feed import Feed
from webapp.live.frames import Frame, Piece
from webapp.live.renderer import Renderer
from webapp.live.revisions import Revisions
from webapp.live.signals.sqlite import SqliteSignal
from webapp.live.signals.touched import Touched
from webapp.live.steps import Insertion, Outline, Steps, steps
from webapp.live.subscriber import Subscriber
from webapp.rendering import TableRenderer
from webapp.tables import page as pages
from webapp.tables.listing import Listing
from webapp.tables.page import Page, Row
from webapp.tables.table import Table
from webapp.tables.touching import Basis, Touch

Patch = pytest.MonkeyPatch


def no_tie_break(patch: Patch) -> None:
    """Rows with equal values come in any order: the query does not end in the primary key."""
    order = Listing.order
    patch.setattr(Listing, "order", lambda self, table: order(self, table)[:1])


def flag_cleared_late(patch: Patch) -> None:
    """The flag is cleared after the read: a change that comes while the page is read is forgotten."""
    refresh = Feed._refresh

    async def late(self: Feed) -> None:
        await refresh(self)
        self._dirty.clear()

    patch.setattr(Feed, "_refresh", late)


def trailing_change_lost(patch: Patch) -> None:
    """The throttle swallows what comes while it waits: only the leading edge of a burst is served."""
    sleep = asyncio.sleep

    async def deaf(self: Feed) -> None:
        while True:
            await self._dirty.wait()
            await self._refresh()
            await sleep(feed.THROTTLE)
            self._dirty.clear()

    patch.setattr(Feed, "_follow", deaf)


def compared_before_subscribed(patch: Patch) -> None:
    """The reader is compared and greeted first and subscribed a moment later, as with an await in between."""
    subscribe = Feed.subscribe

    def late(self: Feed, subscriber: Subscriber, have: str) -> None:
        subscribe(self, subscriber, have)
        self.subscribers.pop(subscriber, None)
        asyncio.get_running_loop().call_later(0.05, self.subscribers.setdefault, subscriber)

    patch.setattr(Feed, "subscribe", late)


def anchored_on_a_moved_row(patch: Patch) -> None:
    """New rows are anchored on the row before them, whether it stays, moves, or is new itself."""

    def wrong(old: Outline, new: Page) -> Steps:
        found, ids = steps(old, new), [None, *(row.id for row in new.rows)]
        single = (id for insertion in found.inserted for id in insertion.ids)
        return replace(found, inserted=tuple(Insertion(ids[ids.index(id) - 1], (id,)) for id in single))

    patch.setattr(frames, "steps", wrong)


def moved_row_updated_in_place(patch: Patch) -> None:
    """A row that moved is shown anew where it was."""

    def wrong(old: Outline, new: Page) -> Steps:
        found = steps(old, new)
        kept = (Insertion(i.after, tuple(id for id in i.ids if id not in found.moved)) for i in found.inserted)
        return replace(
            found,
            deleted=tuple(id for id in found.deleted if id not in found.moved),
            inserted=tuple(insertion for insertion in kept if insertion.ids),
            updated=(*found.updated, *found.moved),
        )

    patch.setattr(frames, "steps", wrong)


def total_forgotten(patch: Patch) -> None:
    """The pager is not updated."""
    patch.setattr(frames, "steps", lambda old, new: replace(steps(old, new), total=False))


def revision_before_push(patch: Patch) -> None:
    """The server notes the new revision of a reader before it knows that the reader could take the frame."""
    push = Subscriber.push

    def early(self: Subscriber, frame: Frame) -> None:
        self.revision = frame.revision
        push(self, frame)

    patch.setattr(Subscriber, "push", early)


def laggards_forgotten(patch: Patch) -> None:
    """A reader that drained what it was behind by is not led to now."""
    patch.setattr(Feed, "_catch_up", lambda self, subscriber: None)


def column_ignored(patch: Patch) -> None:
    """The fingerprint of a row rests on its version, and not on what it holds."""
    make = pages._row

    def blind(table: Table, values: Any) -> Row:
        return replace(make(table, values), fingerprint=b"%08d" % make(table, values).values["version"])

    patch.setattr(pages, "_row", blind)


def row_cached_by_version(patch: Patch) -> None:
    """The cache of rendered rows is asked by id and version."""
    render = TableRenderer.row

    def blind(self: TableRenderer, row: Row) -> str:
        return render(self, replace(row, fingerprint=b"%d" % row.values["version"]))

    patch.setattr(TableRenderer, "row", blind)


def wrong_revision_remembered(patch: Patch) -> None:
    """The history of revisions answers with its newest page but one, whichever was asked for."""
    since = Revisions.since

    def wrong(self: Revisions, revision: str) -> Piece:
        known = list(self._outlines)
        return since(self, known[-2] if revision in known[:-1] else revision)

    patch.setattr(Revisions, "since", wrong)


def stale_frames_kept(patch: Patch) -> None:
    """The frame from a revision to now is kept when now has passed."""
    remember = Revisions._remember

    def forgetful(self: Revisions, page: Page, revision: str) -> None:
        kept = dict(self._rests)
        remember(self, page, revision)
        self._rests.update(kept)

    patch.setattr(Revisions, "_remember", forgetful)


def id_ahead_of_its_steps(patch: Patch) -> None:
    """The greeting carries the newest id, and what leads there only with the next change."""
    patch.setattr(Revisions, "since", lambda self, revision: frames.rest(""))


def release_forgotten(patch: Patch) -> None:
    """The revision does not say which templates made the page."""
    revision = Page.revision
    patch.setattr(Page, "revision", lambda self, seed: revision(self, "the same"))


def other_programs_unheard(patch: Patch) -> None:
    """Only this program's own commits are heard."""
    patch.setattr(SqliteSignal, "_poll", lambda self: asyncio.sleep(0))


def judged_by_what_it_became(patch: Patch) -> None:
    """Of a row that was written, only how it is now is compared with what the listing asks for."""
    is_touched = Basis._is_touched

    def forgetful(self: Basis, page: Page, touch: Touch) -> bool:
        return is_touched(self, page, Touch(None, touch.after) if touch.after else touch)

    patch.setattr(Basis, "_is_touched", forgetful)


def no_doubt_about_the_log(patch: Patch) -> None:
    """What had to make room in the log was not written."""
    begin = Touched._begin
    patch.setattr(Touched, "_begin", lambda self, connection: begin(self, connection) or [])


def off_the_page_is_out_of_sight(patch: Patch) -> None:
    """A row that is not on the page is taken not to change it."""
    patch.setattr(Basis, "_is_touched", lambda self, page, touch: any(s["id"] in page.ids for s in touch.states))


def lines_split_at_newlines_only(patch: Patch) -> None:
    """A carriage return in a name ends a line of the event, and what follows is a field."""

    class Newline:
        sub = staticmethod(lambda new, text: text.replace("\n", new))
        search = staticmethod(lambda text: "\n" in text)

    patch.setattr(sse, "_LINE_ENDS", Newline)


def replaced_without_the_pager(patch: Patch) -> None:
    """Where all rows are replaced, the pager is not."""

    def rows_only(old: Outline | None, new: Page, renderer: Renderer) -> tuple[str, bool]:
        body, replacing = frames.difference(old, new, renderer)
        return body.partition('<hx-partial hx-target="#pager"')[0] if replacing else body, replacing

    patch.setattr(encoders, "difference", rows_only)
