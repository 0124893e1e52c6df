"""Texts for people, as data: made where something happens, translated where it is shown."""

from __future__ import annotations

import gettext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

TRANSLATIONS = Path(__file__).parent / "translations"
SOURCE_LANGUAGE = "en"


@dataclass(frozen=True)
class Message:
    """A source text with its values."""

    text: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)

    def translate(self, language: str) -> str:
        """Return the text in ``language``, its values filled in; values that are messages are translated too."""
        text = translations(language).gettext(self.text)
        if not self.values:
            return text
        return text % {
            name: value.translate(language) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }


def _(text: str, **values: Any) -> Message:
    """Mark ``text`` for translation."""
    return Message(text, values)


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the catalog of ``language``; English, the source, needs none."""
    return gettext.translation("messages", TRANSLATIONS, [language], fallback=True)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that can be shown, the source first."""
    return (SOURCE_LANGUAGE, *sorted(path.parts[-3] for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.mo")))
