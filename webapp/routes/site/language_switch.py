"""The language switch of every page: a plain form, whose choice is kept in a cookie."""

from __future__ import annotations

from posixpath import normpath
from urllib.parse import unquote, urlsplit

from quart import Quart, abort, redirect, request
from quart.typing import ResponseReturnValue

from rowcast.i18n import languages
from rowcast.routes.answers.content_negotiation import LANGUAGE_COOKIE
from rowcast.routes.answers.own_address import path_prefix
from rowcast.routes.answers.request_parsing import LONGEST_ADDRESS

A_YEAR = 365 * 24 * 3600  # seconds


def add_languages(app: Quart) -> None:
    """Add the route of the switch, which is for our own pages."""

    @app.post("/language")
    async def choose() -> ResponseReturnValue:
        """Keep the language that was chosen, and go back to the page that it was chosen in."""
        chosen = (await request.form).get("language")
        if chosen not in languages():
            abort(400)
        response = redirect(_page_before(), 303)
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=A_YEAR,
            path=f"{path_prefix()}/",
            secure=app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response


def _page_before() -> str:
    # As the browser says, not the form: search, sort and page links change the address and leave the form as it is.
    home = f"{path_prefix()}/"
    address = request.headers.get("Referer", "")
    try:
        before = urlsplit(address if len(address) <= LONGEST_ADDRESS else "")
    except ValueError:
        return home
    # One slash: two would begin the name of another host.
    path = "/" + before.path.lstrip("/\\")
    if before.netloc != request.host or not _is_below(path, home):
        return home
    return path + (f"?{before.query}" if before.query else "")


def _is_below(path: str, home: str) -> bool:
    # As browsers see it: they take "\" for "/", and "%2e%2e" for "..".
    return normpath(unquote(path).replace("\\", "/")).startswith(unquote(home))
