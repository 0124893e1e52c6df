"""The Jinja environment of each language, and the digest of templates and code that revisions rest on."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache, partial
from hashlib import blake2b
from typing import Any

from babel import Locale
from babel.dates import parse_pattern
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from rowcast.i18n import TRANSLATIONS, Message, languages, locale, translations
from rowcast.showing.package_folders import PACKAGE, folder
from rowcast.showing.static_files import static
from rowcast.tables.listing import DEFAULT_SIZE, SIZES
from rowcast.tables.table import NOTHING


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
    here = locale(language)
    made.filters["number"] = lru_cache(maxsize=4096)(lambda number: format_decimal(number, locale=here))
    made.filters["breakable"] = _breakable
    made.filters["minute"] = _minute(here)
    made.filters["second"] = lambda moment: _time(moment, "seconds", here.datetime_skeletons["Hms"].apply(moment, here))
    made.globals.update(language=language, languages=languages(), static=static, sizes=SIZES, default_size=DEFAULT_SIZE)
    return made


def _minute(here: Locale) -> Callable[[Any], Any]:
    # 24 hours in all languages, and the month by its name where one writes it so: is 04/03 in March?
    both = str(here.datetime_formats["medium"])
    # Babel takes longer than all else in a row; days are few, and so are the minutes of a day.
    day, clock = (
        lru_cache(maxsize=4096)(partial(parse_pattern(pattern).apply, locale=here))
        for pattern in (here.date_formats["medium"].pattern, here.datetime_skeletons["Hm"].pattern)
    )

    def show(moment: Any) -> Any:
        if not isinstance(moment, datetime):  # another program wrote it
            return NOTHING if moment is None else escape(moment)
        text = both.replace("{0}", clock(moment.time().replace(second=0, microsecond=0)))
        return _time(moment, "minutes", text.replace("{1}", day(moment.date())))

    return show


def _breakable(text: str) -> Markup:
    """Return ``text`` that breaks before an @, where it must break: an e-mail address in the middle of no word."""
    return escape(text).replace("@", Markup("<wbr>@"))


def _time(moment: datetime, precision: str, text: str) -> Markup:
    exact = moment.isoformat(timespec=precision).replace("+00:00", "Z")
    return Markup(f'<time datetime="{exact}">{text}</time>')  # noqa: S704 nothing in it comes from outside


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
        (PACKAGE, "**/*.py"),
    )
    for root, pattern in sources:
        for path in sorted(root.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
