"""Our own address as the browser of a request knows it: the origin, and the path below which all of ours are."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from quart import Quart, request
from quart.sessions import SecureCookieSessionInterface


def own_origin() -> str:
    """Return the origin that this request came to, as browsers write it; security.py has seen to the name."""
    host, scheme = request.headers["Host"].lower(), request.scheme
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        return f"{scheme}://{host}"
    is_standard = int(port) == {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{name}" + ("" if is_standard else f":{int(port)}")


def path_prefix() -> str:
    """Return what the paths of our addresses begin with: empty, or like ``/admin``; the app's host decides."""
    return _quoted(request.root_path)


@lru_cache(maxsize=128)
def _quoted(path: str) -> str:
    return quote(path, errors="replace")


class SessionCookie(SecureCookieSessionInterface):
    """Quart's session in a signed cookie, which no other app of this host is sent."""

    def get_cookie_path(self, app: Quart) -> str:
        """Return the path below which browsers send it."""
        return f"{path_prefix()}/"
