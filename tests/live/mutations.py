"""Mutations: ways to break the engine, each small, each something that somebody could have written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from rowcast.live import feed, frame, html_encoder, sse
from rowcast.live.diff import InsertedRun, PageDiff, diff
from rowcast.live.feed import Feed
from rowcast.live.frame import Frame, FrameSegment
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.live.renderer import Renderer
from rowcast.live.revisions import Revisions
from rowcast.live.signals.change_log import ChangeLogReader
from rowcast.live.signals.notified_changes import NotifiedChanges
from rowcast.live.signals.sqlite import SqliteSignal
from rowcast.live.subscriber import Subscriber
from rowcast.showing.table_renderer import TableRenderer
from rowcast.tables import matching_rows
from rowcast.tables import page as pages
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page, Row
from rowcast.tables.page_dependency import PageDependency, RowDependency
from rowcast.tables.row_change import RowChange
from rowcast.tables.table import Table

Patch = pytest.MonkeyPatch


def no_tie_break(patch: Patch) -> None:
    """Rows with equal values come in any order: the query does not end in the primary key."""
    order = Listing.order
    patch.setattr(Listing, "order", lambda self, table: order(self, table)[:1])
    patch.setattr(
        matching_rows, "_followed", matching_rows._followed.__wrapped__
    )  # what is kept would be asked by whoever comes later


def flag_cleared_late(patch: Patch) -> None:
    """The flag is cleared after the read: a change that comes while the page is read is forgotten."""
    refresh = Feed._refresh

    async def late(self: Feed) -> None:
        await refresh(self)
        self._dirty.clear()

    patch.setattr(Feed, "_refresh", late)


def unread_listing_unheard(patch: Patch) -> None:
    """A listing that nobody reads for a moment is not told of changes, and its reader comes back to what it was."""
    invalidate = Feed.invalidate

    def deaf(self: Feed, changes: Sequence[RowChange] | None = None) -> None:
        if self.subscribers:
            invalidate(self, changes)

    patch.setattr(Feed, "invalidate", deaf)


def last_page_kept(patch: Patch) -> None:
    """Who asked for a page past the end goes on to follow the last page when the table has grown beyond the number."""
    patch.setattr(Feed, "_part", lambda self: None)


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
        def join() -> None:
            self.subscribers[subscriber] = None
            if self._task is None:
                self._task = asyncio.create_task(self._follow())

        subscribe(self, subscriber, have)
        self.subscribers.pop(subscriber, None)
        asyncio.get_running_loop().call_later(0.05, join)

    patch.setattr(Feed, "subscribe", late)


def anchored_on_a_moved_row(patch: Patch) -> None:
    """New rows are anchored on the row before them, whether it stays, moves, or is new itself."""

    def wrong(old: PageSnapshot, new: Page) -> PageDiff:
        found, ids = diff(old, new), [None, *(row.key for row in new.rows)]
        single = (id for insertion in found.inserted for id in insertion.keys)
        return replace(found, inserted=tuple(InsertedRun(ids[ids.index(id) - 1], (id,)) for id in single))

    patch.setattr(html_encoder, "diff", wrong)


def moved_row_updated_in_place(patch: Patch) -> None:
    """A row that moved is shown anew where it was."""

    def wrong(old: PageSnapshot, new: Page) -> PageDiff:
        found = diff(old, new)
        kept = (InsertedRun(i.after, tuple(id for id in i.keys if id not in found.moved)) for i in found.inserted)
        return replace(found, inserted=tuple(insertion for insertion in kept if insertion.keys))

    patch.setattr(html_encoder, "diff", wrong)


def moved_row_made_anew(patch: Patch) -> None:
    """A row that moved is deleted and added: it looks as it should, but what a reader has in hand there is lost."""

    def wrong(old: PageSnapshot, new: Page) -> PageDiff:
        found = diff(old, new)
        stays = tuple(id for id in found.updated if id not in found.moved)
        return replace(found, deleted=(*found.deleted, *found.moved), updated=stays, moved=frozenset())

    patch.setattr(html_encoder, "diff", wrong)


def moved_row_looks_as_it_did(patch: Patch) -> None:
    """A row that moved is moved, and not told what it became."""

    def wrong(old: PageSnapshot, new: Page) -> PageDiff:
        found = diff(old, new)
        return replace(found, updated=tuple(id for id in found.updated if id not in found.moved))

    patch.setattr(html_encoder, "diff", wrong)


def new_row_taken_for_one_that_moved(patch: Patch) -> None:
    """A new row is to be moved to its place, where there is none to move."""

    def wrong(old: PageSnapshot, new: Page) -> PageDiff:
        found = diff(old, new)
        return replace(found, moved=frozenset(id for run in found.inserted for id in run.keys))

    patch.setattr(html_encoder, "diff", wrong)


def rows_replaced_by_new_ones(patch: Patch) -> None:
    """Where all rows are replaced, those that stay are made anew."""
    made = html_encoder.part

    def wrong(target: str, swap: str, content: str = "") -> str:
        return made(target, "innerHTML" if swap == "innerMorph" else swap, content)

    patch.setattr(html_encoder, "part", wrong)


def total_forgotten(patch: Patch) -> None:
    """The pager is not updated."""
    patch.setattr(html_encoder, "diff", lambda old, new: replace(diff(old, new), total=False))


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

    def wrong(self: Revisions, revision: str) -> FrameSegment:
        known = list(self._snapshots)
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
    patch.setattr(Revisions, "since", lambda self, revision: frame.rest(""))


def release_forgotten(patch: Patch) -> None:
    """The revision does not say which templates made the page."""
    revision = Page.revision
    patch.setattr(Page, "revision", lambda self, seed: revision(self, "the same"))


def other_programs_unheard(patch: Patch) -> None:
    """Only this program's own commits are heard."""
    patch.setattr(SqliteSignal, "_poll", lambda self: asyncio.sleep(0))


def judged_by_what_it_became(patch: Patch) -> None:
    """Of a row that was written, only how it is now is compared with what the listing asks for."""
    is_affected = PageDependency._is_affected

    def forgetful(self: PageDependency, page: Page, change: RowChange) -> bool:
        return is_affected(self, page, replace(change, before=None) if change.after else change)

    patch.setattr(PageDependency, "_is_affected", forgetful)


def no_doubt_about_the_log(patch: Patch) -> None:
    """What had to make room in the log was not written."""
    begin = ChangeLogReader._begin
    patch.setattr(ChangeLogReader, "_begin", lambda self, connection: begin(self, connection) or [])


def off_the_page_is_out_of_sight(patch: Patch) -> None:
    """A row that is not on the page is taken not to change it."""
    patch.setattr(PageDependency, "_is_affected", lambda self, page, change: not change.keys.isdisjoint(page.keys))


def lines_split_at_newlines_only(patch: Patch) -> None:
    """A carriage return in a name ends a line of the event, and what follows is a field."""

    class Newline:
        sub = staticmethod(lambda new, text: text.replace("\n", new))
        search = staticmethod(lambda text: "\n" in text)

    patch.setattr(sse, "_LINE_ENDS", Newline)


def replaced_without_the_pager(patch: Patch) -> None:
    """Where all rows are replaced, the pager is not."""
    difference = html_encoder.difference

    def rows_only(old: PageSnapshot | None, new: Page, renderer: Renderer) -> tuple[str, bool]:
        body, replacing = difference(old, new, renderer)
        return body.partition('<hx-partial hx-target="#pager"')[0] if replacing else body, replacing

    patch.setattr(html_encoder, "difference", rows_only)


def only_the_last_of_several(patch: Patch) -> None:
    """Of transactions that are heard at once, only the last is judged."""
    add = NotifiedChanges.add

    def forgetful(self: NotifiedChanges, table: str, changes: list[RowChange] | None) -> None:
        self._heard.pop(table, None)
        add(self, table, changes)

    patch.setattr(NotifiedChanges, "add", forgetful)


def any_row_taken_for_none(patch: Patch) -> None:
    """When PostgreSQL tells that rows were written, and not which, no row was."""
    add = NotifiedChanges.add
    patch.setattr(NotifiedChanges, "add", lambda self, table, changes: add(self, table, changes or []))


def open_row_not_told(patch: Patch) -> None:
    """Whoever has a row open hears of it only when the connection begins."""
    patch.setattr(RowDependency, "may_change", lambda self, page, changes: False)


def row_forgotten_when_it_is_gone(patch: Patch) -> None:
    """A row that was deleted is taken for none that anybody has open."""
    may_change = RowDependency.may_change

    def forgetful(self: RowDependency, page: Page, changes: Sequence[RowChange]) -> bool:
        return may_change(self, page, [change for change in changes if change.after])

    patch.setattr(RowDependency, "may_change", forgetful)
