"""Embedding: the table alone, for pages of other sites, and what to paste into them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from quart import Blueprint, Response, request

from rowcast.i18n import Message, _
from rowcast.live.audience import EmbedOptions
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.content_negotiation import audience, names_html, wants_json, wants_part
from rowcast.routes.answers.negotiated_response import HandlerResult, answering
from rowcast.routes.answers.own_address import own_origin
from rowcast.routes.answers.request_parsing import asked
from rowcast.routes.answers.security import is_foreign
from rowcast.routes.table.listings import bad_listing, listing_as_json
from rowcast.routes.table.missed_changes_count import REFRESH, still
from rowcast.routes.table.rows_and_forms import panel
from rowcast.showing.static_files import scoped_sheet
from rowcast.tables.listing import parse
from rowcast.tables.table import Table

THEMES = ("light", "dark")
PLACES = ("page", "part")
LISTING = "section#listing"  # as htmx says what it aims at
Pairs = list[tuple[str, str]]


def add_embedding(routes: Blueprint, table: Table, app_context: AppContext) -> None:
    """Add the routes that embed ``table``."""

    @routes.get("/table")
    @answering(table, app_context)
    async def alone() -> HandlerResult:
        """The table alone: a page for a frame, which without script is refreshed by the browser; or the part itself."""
        embed, pairs, problems = parse_embed(request.args.items(multi=True))
        if not (wants_page() or is_in_frame()):
            embed = replace(embed, origin=own_origin())
        listing, paused, wrong = asked(table, pairs)
        problems |= wrong
        if problems and wants_json():
            return bad_listing(problems)
        page = await app_context.pages.read(table, listing, client=request.remote_addr or "")
        revision = page.revision(app_context.renderers.get(table, audience(embed)).seed)
        # What its own links ask for takes the place of the listing; a form that is open beside it stays.
        part = "_embedded.html" if request.headers.get("HX-Target") == LISTING else "_embed.html"
        return HandlerResult(
            json=partial(listing_as_json, page, revision),
            part=part,
            page="embed.html" if wants_page() else "_embed.html",
            context={
                "page": page,
                "listing": listing,
                "revision": revision,
                "theme": embed.theme,
                "refresh": REFRESH,
                "failed": bool(problems),
                **still(page, paused),
            },
            flash=next(iter(problems.values()), None),
            tells=False,
            embed=embed,
            stands_on=(revision, listing.query, part),
            is_kept=not paused,
        )

    @routes.get("/table.css")
    async def looks() -> Response:
        """How the part looks in a page of others; it changes nothing else there."""
        return Response(scoped_sheet(), mimetype="text/css", headers={"Cache-Control": "max-age=3600"})

    @routes.get("/embed")
    @answering(table, app_context)
    async def snippets() -> HandlerResult:
        """What to paste into a page of another origin, so that it shows this listing."""
        listing, _problems = parse(table, request.args.items(multi=True))
        shown = panel("_embedding.html", table, origin=own_origin(), listing=listing, back=listing)
        return replace(shown, part="_embedding_part.html")


def parse_embed(pairs: Iterable[tuple[str, str]]) -> tuple[EmbedOptions, Pairs, dict[str, Message]]:
    """Return how the query string ``pairs`` ask the table to stand, what is left of them, and what was wrong by name.

    What cannot be understood is left out.
    """
    problems: dict[str, Message] = {}
    embed, rest = EmbedOptions(), []
    for name, value in pairs:
        if name not in ("actions", "theme"):
            rest.append((name, value))
        elif name == "actions" and value in ("", "0", "1"):
            embed = replace(embed, actions=value != "0")
        elif name == "theme" and value in ("", *THEMES):
            embed = replace(embed, theme=value)
        elif name == "actions":
            problems[name] = _("“actions” is 0 or 1, not “%(value)s”.", value=value)
        else:
            problems[name] = _("“theme” is light or dark, not “%(value)s”.", value=value)
    return embed, rest, problems


def embed_of_stream(pairs: Pairs) -> tuple[EmbedOptions | None, Pairs, dict[str, Message]]:
    """Return the same for a stream, which says by ``embed`` that its table is embedded, and whether as page or part."""
    places = [value for name, value in pairs if name == "embed"]
    if not places:
        return None, pairs, {}
    embed, rest, problems = parse_embed((name, value) for name, value in pairs if name != "embed")
    if places[-1] not in PLACES:
        problems["embed"] = _("“embed” is page or part, not “%(value)s”.", value=places[-1])
    return (replace(embed, origin=own_origin()) if places[-1] == "part" else embed), rest, problems


def is_in_frame() -> bool:
    """Whether htmx asks for a part of a page of ours, as the page in a frame is."""
    return wants_part() and not is_foreign(request)


def wants_page() -> bool:
    """Whether a browser shows the answer by itself, in a frame or a window: it names HTML, which programs do not."""
    return not wants_part() and names_html()
