"""Content negotiation: in which language and format the reader of a request is answered."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from quart import request
from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

from rowcast.i18n import best_language, languages
from rowcast.live.audience import Audience, EmbedOptions
from rowcast.routes.answers.own_address import own_origin, path_prefix
from rowcast.routes.answers.security import is_foreign
from rowcast.showing.template_environment import environment

VARY = "HX-Request-Type, HX-Target, Accept, Accept-Encoding, Accept-Language, Cookie, Sec-Fetch-Site, Origin"
EXPORTS = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
LANGUAGE_COOKIE = "rowcast_language"
LONGEST = 500  # characters of a header that are read, and remembered for the next
READ = 10  # languages at most that a reader may name: to look one up that there is not takes half a millisecond


def audience(embed: EmbedOptions | None = None) -> Audience:
    """Return the audience that the reader of this request belongs to, when the table stands as ``embed`` says.

    The language that was chosen here goes before those of the browser.
    """
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen not in languages():
        chosen = _language(request.headers.get("Accept-Language", "")[:LONGEST])
    return Audience(chosen, embed, path_prefix())


def place() -> EmbedOptions | None:
    """Return where a form stands that this request asks for: in a page of another origin, or (None) in one of ours."""
    return EmbedOptions(own_origin()) if wants_part() and is_foreign(request) else None


def ending() -> str:
    """Return the form that the address itself names, if it does: ``json``, ``csv`` or ``xlsx``."""
    found = request.path.rpartition(".")[2]
    return found if found in ("json", *EXPORTS) else ""


def wanted() -> str:
    """Return what the reader of this request gets: a ``page``, a ``part``, ``json``, or a file (``csv``, ``xlsx``).

    The address has the first word. Then htmx, whose Accept header tells nothing: it names event streams in every
    request. A program that sends JSON and does not say what it accepts gets JSON.
    """
    if found := ending():
        return found
    if request.headers.get("HX-Request-Type") == "partial":
        return "part"
    page, json, (export, quality) = _qualities(request.headers.get("Accept", "")[:LONGEST])
    if quality > max(page, json):
        return export if request.method in ("GET", "HEAD") else "json"
    return "json" if json > page or (json == page and request.is_json) else "page"


# Browsers send few different headers, and to take one apart takes longer than all else that is asked of a request.
@lru_cache(maxsize=128)
def _qualities(accepted: str) -> tuple[float, float, tuple[str, float]]:
    wanted = parse_accept_header(accepted, MIMEAccept)
    exports = [(name, float(wanted[kind])) for name, kind in EXPORTS.items()]
    return wanted["text/html"], wanted["application/json"], max(exports, key=lambda export: export[1])


@lru_cache(maxsize=128)
def _names_html(accepted: str) -> bool:
    return any(kind == "text/html" for kind, _quality in parse_accept_header(accepted, MIMEAccept))


@lru_cache(maxsize=128)
def _language(accepted: str) -> str:
    tags = tuple(tag for tag, quality in parse_accept_header(accepted, LanguageAccept) if quality)
    return best_language(tags[:READ])


def wants_part() -> bool:
    """Whether htmx asks for a fragment."""
    return wanted() == "part"


def names_html() -> bool:
    """Whether the reader of this request names HTML, as browsers do, and does not only take it."""
    return _names_html(request.headers.get("Accept", "")[:LONGEST])


def wants_json() -> bool:
    """Whether a program asks for JSON."""
    return wanted() == "json"


def render_plain(name: str, **context: Any) -> str:
    """Render the template ``name`` in the reader's language, for pages that belong to no table."""
    return environment(audience().language).get_template(name).render(root=path_prefix(), **context)
