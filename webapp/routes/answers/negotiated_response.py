"""Turns what a handler has to show into the response: a page, a part for htmx, JSON or a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from quart import Response, abort, flash, get_flashed_messages, jsonify, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from rowcast.i18n import Message
from rowcast.live.audience import EmbedOptions
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.body_cache import BodyCache
from rowcast.routes.answers.compression import encoding
from rowcast.routes.answers.content_negotiation import EXPORTS, VARY, audience, place, wanted
from rowcast.routes.answers.etags import is_known, tag_of, unchanged
from rowcast.routes.answers.problem_details import as_problem
from rowcast.routes.answers.repeated_requests import new_key
from rowcast.showing.table_renderer import TableRenderer
from rowcast.tables.table import Table


@dataclass(frozen=True)
class Undo:
    """How what was done can be taken back: by a form that is sent to ``path`` with the ``version`` that it made."""

    path: str
    version: int
    once: str = field(default_factory=new_key)

    @classmethod
    def parse(cls, category: str) -> Undo | None:
        """Return what ``category`` says, if anything: over a redirect a message carries it as that."""
        version, _space, path = category.partition(" ")
        return cls(path, int(version)) if path else None

    @property
    def category(self) -> str:
        """What ``parse`` reads."""
        return f"{self.version} {self.path}"


@dataclass
class HandlerResult:
    """What a handler has to show.

    ``part`` and ``page`` are templates, rendered with ``context``; ``json`` (or what makes it) and ``export`` are for
    programs. After a change a plain browser is sent ``back`` (303) with ``flash`` as the result, and the form that
    can ``undo`` it; htmx gets the same as a part. The page that it is sent to shows it, if it ``tells``. ``embed`` is
    how the table stands in a page of others, if it does.

    ``stands_on`` is all that decides how the answer looks, beside templates, language and headers: who has seen it
    gets no body again (304), and what ``is_kept`` is not rendered again for others. For JSON ``etag`` may say it
    instead, so that a program can read what it says. ``vary`` are the headers that it depends on beside those that all
    answers do.
    """

    json: Any = None
    export: Response | None = None
    part: str = ""
    page: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    flash: Message | None = None
    undo: Undo | None = None
    tells: bool = True
    back: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    stands_on: tuple[str, ...] = ()
    etag: str = ""
    is_kept: bool = False
    vary: tuple[str, ...] = ()
    embed: EmbedOptions | None = None


def answering(
    table: Table, app_context: AppContext
) -> Callable[[Callable[..., Awaitable[HandlerResult]]], Callable[..., Awaitable[Any]]]:
    """Decorate a handler of ``table`` that returns an HandlerResult."""

    def decorate(handler: Callable[..., Awaitable[HandlerResult]]) -> Callable[..., Awaitable[Any]]:
        @wraps(handler)
        async def respond(*args: Any, **kwargs: Any) -> Any:
            answer = await handler(*args, **kwargs)
            renderer = app_context.renderers.get(table, audience(answer.embed or place()))
            return await make_response(answer, renderer, app_context.bodies)

        return respond

    return decorate


async def make_response(
    answer: HandlerResult, renderer: TableRenderer, bodies: BodyCache
) -> Response | WerkzeugResponse:
    """Return the response that shows ``answer`` to the reader of this request."""
    response: Response | WerkzeugResponse
    if answer.status == 204:
        return Response(status=204, headers={"Vary": VARY, "Cache-Control": "no-cache"})
    kind, context = wanted(), {"failed": False, "undo": answer.undo, **answer.context}
    if kind in EXPORTS and answer.status >= 400:
        kind = "json"
    told: list[Any] = [answer.flash] if answer.flash and kind in ("page", "part") else []
    if kind == "page" and answer.tells and not answer.back and not told:
        flashed: list[Any] = get_flashed_messages(with_categories=True)
        for category, text in flashed[:1]:
            told, context["undo"] = [text], Undo.parse(category)
    tag = "" if told else tag_of(kind, renderer.seed, answer.stands_on, answer.headers)
    look = tag and f"{request.path} {tag}"  # of what is rendered; how it is compressed is in the tag of what is sent
    if kind == "json" and answer.etag:
        tag = answer.etag
    elif tag and (coding := encoding()):
        tag = f"{tag}-{coding}"

    def body(make: Callable[[], str]) -> bytes | str:
        return bodies.get(look, make) if look and answer.is_kept else make()

    if is_known(tag):
        response = unchanged()
    elif kind == "json":
        if answer.json is None and request.method in ("GET", "HEAD"):
            abort(406)
        json = answer.json() if callable(answer.json) else answer.json
        response = Response(status=204) if json is None else jsonify(json)
        if answer.status >= 400:
            response = as_problem(json)
    elif kind in EXPORTS:
        response = answer.export or abort(406)
    elif kind == "part":
        html = body(lambda: renderer.render(answer.part, flash=answer.flash, **context))
        response = Response(html, mimetype="text/html")
    elif answer.back:
        if answer.flash:
            category = answer.undo.category if answer.undo else "message"
            await flash(answer.flash.translate(audience().language), category)
        response = redirect(answer.back, 303)
    else:
        html = body(lambda: renderer.render(answer.page, flash=told[0] if told else None, **context))
        response = Response(html, mimetype="text/html")
    if response.status_code == 200:
        response.status_code = answer.status
    if tag:
        response.set_etag(tag)
    for name, value in answer.headers.items():
        response.headers.setdefault(name, value)  # a redirect has its own Location
    response.headers["Vary"] = ", ".join((VARY, *answer.vary))
    response.headers.setdefault("Cache-Control", "no-cache")
    return response
