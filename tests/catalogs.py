"""What is wrong with the translations: ``python -m tests.catalogs`` tells, and ends with 1 if anything is."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

from rowcast.i18n import TRANSLATIONS

PLACEHOLDER = re.compile(r"%\(\w+\)s|%%")


def read(path: Path) -> Catalog:
    """Read a catalog; its language is in its head."""
    with path.open("rb") as file:
        return read_po(file)


def problems(texts: Catalog, catalog: Catalog) -> list[str]:
    """Return what ``catalog`` lacks of ``texts``, and what it should not have."""
    found = []
    for text in texts:
        if text.id:
            found += _of(text, catalog.get(text.id), catalog)
    found += [f"is in no source: {text.id}" for text in catalog if text.id and texts.get(text.id) is None]
    return found + [f"is obsolete: {text.id}" for text in catalog.obsolete.values()]


def _of(text: Message, translation: Message | None, catalog: Catalog) -> list[str]:
    if translation is None:
        return [f"is missing: {text.id}"]
    if translation.fuzzy:
        return [f"is a guess: {text.id}"]
    said = _all(translation.string)
    if not all(said) or len(said) != (catalog.num_plurals if text.pluralizable else 1):
        return [f"is not translated: {text.id}"]
    wanted = _placeholders(_all(text.id)[-1])
    return [f"has other values: {text.id}" for one in said if _placeholders(one) != wanted]


def _all(forms: Any) -> Sequence[str]:
    return [forms] if isinstance(forms, str) else forms or [""]


def _placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def all_problems() -> list[str]:
    """Return what is wrong in every language."""
    texts = read(TRANSLATIONS / "messages.pot")
    files = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
    return [f"{file.parts[-3]} {problem}" for file in files for problem in problems(texts, read(file))]


if __name__ == "__main__":
    sys.exit("\n".join(all_problems()) or None)
