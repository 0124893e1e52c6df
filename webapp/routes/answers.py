"""Answers: handlers say what there is to show; here it becomes a page, a part or JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from quart import Response, abort, flash, get_flashed_messages, jsonify, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from webapp.live.limits import Audience, Embed
from webapp.messages import SOURCE_LANGUAGE, Message, languages
from webapp.rendering import TableRenderer
from webapp.routes.services import Services
from webapp.security import is_foreign
from webapp.tables.table import Table
from webapp.templating import environment

VARY = "HX-Request-Type, HX-Target, Accept, Accept-Language, Cookie, Sec-Fetch-Site"


@dataclass
class Answer:
    """What a handler has to show.

    ``part`` and ``page`` are templates, rendered with ``context``; ``json`` is for programs. After a change a plain
    browser is sent ``back`` (303) with ``flash`` as the result; htmx gets the same text as a part. The page that it is
    sent to shows the text, if it ``tells``. ``embed`` is how the table stands in a page of others, if it does.
    """

    json: Any = None
    part: str = ""
    page: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    flash: Message | None = None
    tells: bool = True
    back: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    embed: Embed | None = None


def audience(embed: Embed | None = None) -> Audience:
    """Return the audience that the reader of this request belongs to, when the table stands as ``embed`` says."""
    return Audience(request.accept_languages.best_match(languages()) or SOURCE_LANGUAGE, embed)


def own_origin() -> str:
    """Return the origin that this request came to, as browsers write it; security.py has seen to the name."""
    host, scheme = request.headers["Host"].lower(), request.scheme
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        return f"{scheme}://{host}"
    is_standard = int(port) == {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{name}" + ("" if is_standard else f":{int(port)}")


def place() -> Embed | None:
    """Return where a form stands that this request asks for: in a page of another origin, or (None) in one of ours."""
    return Embed(own_origin()) if wants_part() and is_foreign(request) else None


def wants_part() -> bool:
    """Whether htmx asks for a fragment. Its Accept header tells nothing: it names event streams in every request."""
    return request.headers.get("HX-Request-Type") == "partial"


def wants_json() -> bool:
    """Whether a program asks; one that sends JSON and does not say what it accepts gets JSON."""
    if wants_part():
        return False
    accepted = request.accept_mimetypes
    if accepted["application/json"] == accepted["text/html"]:
        return request.is_json
    return accepted["application/json"] > accepted["text/html"]


def answering(
    table: Table, services: Services
) -> Callable[[Callable[..., Awaitable[Answer]]], Callable[..., Awaitable[Any]]]:
    """Decorate a handler of ``table`` that returns an Answer."""

    def decorate(handler: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Any]]:
        @wraps(handler)
        async def respond(*args: Any, **kwargs: Any) -> Any:
            answer = await handler(*args, **kwargs)
            return await make_response(answer, services.renderers.get(table, audience(answer.embed or place())))

        return respond

    return decorate


async def make_response(answer: Answer, renderer: TableRenderer) -> Response | WerkzeugResponse:
    """Return the response that shows ``answer`` to the reader of this request."""
    response: Response | WerkzeugResponse
    context = {"failed": False, **answer.context}
    if wants_json():
        if answer.json is None and request.method == "GET":
            abort(406)
        response = Response(status=204) if answer.json is None else jsonify(answer.json)
        if answer.status >= 400:
            response.content_type = "application/problem+json"
    elif wants_part():
        response = Response(renderer.render(answer.part, flash=answer.flash, **context), mimetype="text/html")
    elif answer.back:
        if answer.flash:
            await flash(answer.flash.translate(audience().language))
        response = redirect(answer.back, 303)
    else:
        shown = [answer.flash] if answer.flash or not answer.tells else get_flashed_messages()
        response = Response(
            renderer.render(answer.page, flash=shown[0] if shown else None, **context), mimetype="text/html"
        )
    if response.status_code == 200:
        response.status_code = answer.status
    for name, value in answer.headers.items():
        response.headers.setdefault(name, value)  # a redirect has its own Location
    response.headers["Vary"] = VARY
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


def problem(status: int, title: Message, errors: dict[str, Message] | None = None) -> dict[str, Any]:
    """Return the one shape of all errors for programs (RFC 9457); ``errors`` are the messages by field."""
    language = audience().language
    found: dict[str, Any] = {"type": "about:blank", "status": status, "title": title.translate(language)}
    if errors:
        found["errors"] = {name: message.translate(language) for name, message in errors.items()}
    return found


def plain_environment() -> Any:
    """Return the templates in the reader's language, for pages that belong to no table."""
    return environment(audience().language)
