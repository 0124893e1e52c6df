"""Templating: the environment of all templates, and what a revision must know of them."""

from __future__ import annotations

import importlib.metadata
from functools import cache
from hashlib import blake2b
from pathlib import Path

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from webapp.messages import TRANSLATIONS, Message, translations
from webapp.resources import folder
from webapp.tables.listing import DEFAULT_SIZE, SIZES

# The style sheets of a table, in their order.
SCOPED = (
    *("colours", "base", "page", "table", "row", "card", "pager", "updates", "empty", "panel", "form", "details"),
    "embed",
)


@cache
def environment(language: str) -> Environment:
    """Return the templates in ``language``. Synchronous: Quart's own environment renders half as fast."""
    made = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        auto_reload=False,  # a revision vouches for the templates of the start
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["text"] = lambda message: message.translate(language) if isinstance(message, Message) else message
    made.filters["number"] = lambda number: format_decimal(number, locale=language)
    made.filters["minute"] = lambda moment: f"{moment:%Y-%m-%d %H:%M}"
    made.filters["second"] = lambda moment: f"{moment:%H:%M:%S}"
    made.globals.update(language=language, static=static, sizes=SIZES, default_size=DEFAULT_SIZE)
    return made


@cache
def static(path: str) -> str:
    """Return the address of a static file; it changes with the content, so that the file may be cached for ever."""
    content = (folder("static") / path).read_bytes()
    return f"/static/{path}?v={blake2b(content, digest_size=6).hexdigest()}"


@cache
def scoped_sheet() -> str:
    """Return the style sheets of what is inside ``#embed``, for pages of others: nothing outside of it is touched."""
    rules = "\n".join((folder("static") / f"css/{name}.css").read_text() for name in SCOPED)
    return f"@scope (#embed) {{\n{rules.replace(':root', ':scope')}}}\n"


@cache
def version() -> str:
    """Return a digest of everything that decides how values become HTML: templates, translations, code, static files.

    The code, for it holds labels and the order of columns: a page from before a deploy must not be taken for a new one.
    The static files, for their addresses are in every page.
    """
    digest = blake2b("".join(importlib.metadata.version(name) for name in ("babel", "jinja2")).encode(), digest_size=8)
    sources = (
        (folder("templates"), "**/*.html"),
        (folder("static"), "**/*.*"),
        (TRANSLATIONS, "*/LC_MESSAGES/*.mo"),
        (Path(__file__).parent, "**/*.py"),
    )
    for root, pattern in sources:
        for path in sorted(root.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
