"""Request security: cross-origin protection, host names, and the security headers of every response."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from quart import Quart, Request, Response, abort, request
from quart.typing import ResponseReturnValue

from rowcast.i18n import _

HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:/?#@\[\]\s]+)(?::[0-9]{1,5})?")  # a name or an address, and a port
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

# What a page that embeds a table may do with it, and read of the answers. It sends no cookies; and what htmx is told
# to do to the address of its page (HX-Push-Url) is not for others.
CORS = {"Access-Control-Expose-Headers": "ETag, Location, Retry-After"}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Content-Type, HX-Boosted, HX-Current-URL, HX-Request, HX-Request-Type, HX-Source, HX-Target, "
        "Idempotency-Key, If-Match, If-None-Match, Last-Event-ID"
    ),
    "Access-Control-Max-Age": "7200",
}


def protect(app: Quart, hosts: tuple[str, ...], embedders: tuple[str, ...] = ()) -> None:
    """Check every request to ``app``, and put the headers on every response.

    ``hosts`` are the names it answers to, ``embedders`` the origins whose pages may show its tables and change them.
    """
    embeddable = {**HEADERS, "Content-Security-Policy": " ".join((CONTENT_SECURITY_POLICY, *embedders))}

    @app.before_request
    async def check() -> ResponseReturnValue | None:
        # Those that watch ask by address.
        is_watched = request.path.startswith(("/health/", "/metrics"))
        if not is_watched and not is_known_host(request.headers.get("Host", ""), hosts):
            abort(400, _("This server does not answer to that host name (see ROWCAST_HOSTS)."))
        if is_cross_origin(request, embedders):
            abort(403, _("This change was asked for by a page of another origin (see ROWCAST_EMBED_ORIGINS)."))
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        return ("", 204) if is_preflight and request.headers.get("Origin") in embedders else None

    @app.after_request
    async def add_headers(response: Response) -> Response:
        # Blueprints are the tables and what their streams need.
        is_embeddable = request.blueprint is not None
        for name, value in (embeddable if is_embeddable else HEADERS).items():
            response.headers.setdefault(name, value)
        if is_embeddable and embedders:
            response.vary.add("Origin")
            if (origin := request.headers.get("Origin")) in embedders:
                response.headers["Access-Control-Allow-Origin"] = origin
                response.headers.update(PREFLIGHT if request.method == "OPTIONS" else CORS)
        return response


def is_known_host(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether ``host``, a Host header, is one of ``hosts`` on any port (DNS rebinding brings other names here)."""
    found = HOST.fullmatch(host.lower())
    return found is not None and found[1].strip("[]") in (known.lower().strip("[]") for known in hosts)


def is_cross_origin(request: Request, trusted: tuple[str, ...] = ()) -> bool:
    """Whether a browser says that a page of another origin, not one of ``trusted``, wants to change something.

    The rules of Go 1.25's net/http.CrossOriginProtection; they need no token and no session.
    """
    return request.method not in SAFE_METHODS and is_foreign(request) and request.headers.get("Origin") not in trusted


def is_foreign(request: Request) -> bool:
    """Whether a browser says that a page of another origin asks."""
    if site := request.headers.get("Sec-Fetch-Site"):
        # "none": typed by the user. "same-site" is another origin: a neighbour's subdomain is not us.
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if not origin:
        return False  # neither header: not a browser, so nobody's cookies are at stake
    try:
        # The scheme is not compared: behind a proxy we do not know our own.
        return urlsplit(origin).netloc != request.headers.get("Host")
    except ValueError:
        return True
