"""Listings: the table as a page, and as the part that search, sort and page links replace."""

from __future__ import annotations

from functools import partial

from quart import Blueprint, request

from rowcast.i18n import Message, _
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.content_negotiation import EXPORTS, audience, wanted, wants_part
from rowcast.routes.answers.negotiated_response import HandlerResult, answering
from rowcast.routes.answers.own_address import own_origin, path_prefix
from rowcast.routes.answers.problem_details import problem
from rowcast.routes.answers.request_parsing import asked, pairs_of
from rowcast.routes.table.csv_export import CsvExports
from rowcast.routes.table.missed_changes_count import still
from rowcast.showing.link_builder import PAUSED, url
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page
from rowcast.tables.serialization import page_as_json, row_as_json
from rowcast.tables.table import Table


def add_listings(routes: Blueprint, table: Table, app_context: AppContext) -> None:
    """Add the routes of the listings of ``table``."""

    exports = CsvExports(table, app_context)

    @routes.get("")
    @answering(table, app_context)
    async def index() -> HandlerResult:
        """The rows of a listing, their total, and the page links."""
        listing, paused, problems = asked(table, request.args.items(multi=True))
        if problems and wanted() in ("json", *EXPORTS):
            return bad_listing(problems)
        if wanted() in EXPORTS:
            return HandlerResult(export=await exports.respond(listing, wanted()))
        page = await app_context.pages.read(table, listing, client=request.remote_addr or "")
        revision = page.revision(app_context.renderers.get(table, audience()).seed)
        return HandlerResult(
            json=partial(listing_as_json, page, revision),
            part="_listing_part.html",
            page="index.html",
            context={
                "page": page,
                "listing": listing,
                "revision": revision,
                "was_paused": PAUSED in current(),
                "origin": own_origin(),
                **still(page, paused),
                "failed": bool(problems),
            },
            flash=next(iter(problems.values()), None),
            headers=_history(listing, paused) if wants_part() else {},
            # Two addresses for a page that stands still and one that does not; but a part says when it began to.
            stands_on=(revision, listing.query, own_origin(), str(PAUSED in current())),
            is_kept=not paused,
            vary=("HX-Current-URL",),
        )

    def current() -> list[tuple[str, str]]:
        return pairs_of(request.headers.get("HX-Current-URL", ""))

    def _history(listing: Listing, paused: bool) -> dict[str, str]:
        before = asked(table, current())[0]
        # One search, typed letter by letter, is one entry in the browser's history.
        typing = before.q and listing.q and before.but(q="") == listing.but(q="")
        return {"HX-Replace-Url" if typing else "HX-Push-Url": path_prefix() + url(table, listing, paused=paused)}


def bad_listing(problems: dict[str, Message]) -> HandlerResult:
    """Return the answer to a program that asked for a listing that does not exist."""
    return HandlerResult(json=problem(400, _("There is no such listing."), problems), status=400)


def listing_as_json(page: Page, revision: str) -> dict[str, object]:
    """Return a listing as programs see it."""
    return {**page_as_json(page, revision), "rows": [row_as_json(row) for row in page.rows]}
