"""Problem details (RFC 9457): the one shape of all errors for programs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from quart import Response, jsonify, request

from rowcast.i18n import Message
from rowcast.routes.answers.content_negotiation import audience
from rowcast.routes.answers.own_address import path_prefix


def problem(
    status: int,
    title: Message,
    errors: dict[str, Message] | None = None,
    *,
    detail: Message | None = None,
) -> dict[str, Any]:
    """Return what went wrong with this request; ``errors`` are the messages by field."""
    language = audience().language
    found: dict[str, Any] = {"type": "about:blank", "status": status, "title": title.translate(language)}
    if detail:
        found["detail"] = detail.translate(language)
    found["instance"] = path_prefix() + quote(request.path, errors="replace")
    if errors:
        found["errors"] = {name: message.translate(language) for name, message in errors.items()}
    return found


def as_problem(found: dict[str, Any]) -> Response:
    """Return the response that tells a program of a problem."""
    response = jsonify(found)
    response.status_code = found["status"]
    response.content_type = "application/problem+json"
    return response
