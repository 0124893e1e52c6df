"""Internationalisation: texts for people as data, translated where they are shown; and which languages there are."""

from __future__ import annotations

import gettext
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from babel.numbers import format_decimal

TRANSLATIONS = Path(__file__).parent / "translations"
# Languages are named as in HTML and HTTP, by what is written and not by where: the page's `lang` decides about the
# shapes of characters and the voice of a screen reader, and zh-Hans is right for every reader of simplified Chinese,
# in Singapore as in Beijing. Babel and gettext write the same name with an underscore, as their folders do.
SOURCE_LANGUAGE = "en"


@dataclass(frozen=True)
class Message:
    """A source text with its values."""

    text: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.translate(SOURCE_LANGUAGE)

    def translate(self, language: str) -> str:
        """Return the text in ``language``, its values filled in as that language writes them."""
        text = translations(language).gettext(self.text)
        if not self.values:
            return text
        return text % {name: _shown(value, language) for name, value in self.values.items()}


def _(text: str, **values: Any) -> Message:
    """Mark ``text`` for translation. A value may be a message too, or a tuple: some of which one is to be chosen."""
    return Message(text, values)


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the catalog of ``language``; English, the source, needs none."""
    return gettext.translation("messages", TRANSLATIONS, [language.replace("-", "_")], fallback=True)


@cache
def locale(language: str) -> Locale:
    """Return what Babel knows of ``language``: its dates, numbers and lists."""
    return Locale.parse(language, sep="-")


@cache
def languages() -> dict[str, str]:
    """Return the languages that can be shown, the source first, each with its name in itself."""
    found = sorted(path.parts[-3].replace("_", "-") for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.mo"))
    return {language: locale(language).languages[str(locale(language))] for language in (SOURCE_LANGUAGE, *found)}


@lru_cache(maxsize=128)  # few, for what is wanted comes from outside, and is as long as a request's head may be
def best_language(wanted: tuple[str, ...]) -> str:
    """Return the language to show to a reader of those ``wanted``, the most wanted first.

    The same language in another script (zh-TW) is better than one that was never asked for, but only than that.
    """
    read = [found for tag in wanted if (found := _read(tag))]
    for is_close in (_is_same_script, _is_same_language):
        for reader in read:
            for language in languages():
                if is_close(reader, locale(language)):
                    return language
    return SOURCE_LANGUAGE


def _read(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")  # which knows what is written where: zh-TW is zh-Hant, zh-SG zh-Hans
    except (ValueError, UnknownLocaleError):
        return None


def _is_same_script(reader: Locale, ours: Locale) -> bool:
    return _is_same_language(reader, ours) and reader.script in (None, ours.script)


def _is_same_language(reader: Locale, ours: Locale) -> bool:
    return bool(reader.language == ours.language)


def _shown(value: Any, language: str) -> Any:
    if isinstance(value, Message):
        return value.translate(language)
    if isinstance(value, tuple):
        return format_list([str(_shown(one, language)) for one in value], style="or", locale=locale(language))
    if isinstance(value, int):
        return format_decimal(value, locale=locale(language))
    return value
