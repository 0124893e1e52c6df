"""Normalises text as people type it: trimmed, composed, folded to compare; refused when it cannot be shown."""

from __future__ import annotations

import unicodedata

from pydantic_core import PydanticCustomError

# Cc: control characters, line breaks among them; Cs: halves of characters, which no database can store.
REFUSED = {"Cc", "Cs"}
# Zs, Zl, Zp: spaces; Cf: joiners and direction marks; Mn: marks that need a letter; Cn, Co: no agreed shape.
INVISIBLE = {"Zs", "Zl", "Zp", "Cf", "Mn", "Cn", "Co"}
LONGEST = 1024  # characters of a line as it is typed: to normalise takes a time that can grow with the square of them


def clean(text: str) -> str:
    """Return ``text`` trimmed and in Unicode's composed form (NFC).

    Raises PydanticCustomError (``too_long``, ``text_control``, ``text_invisible``) for text that a one-line field
    cannot hold.
    """
    if len(text) > LONGEST:
        told = {"max_length": LONGEST, "actual_length": len(text)}
        raise PydanticCustomError("too_long", "this is too long to be looked at", told)
    text = unicodedata.normalize("NFC", text.strip())
    kinds = {unicodedata.category(character) for character in text}
    if kinds & REFUSED:
        raise PydanticCustomError("text_control", "control characters and line breaks cannot be kept")
    if text and kinds <= INVISIBLE:
        raise PydanticCustomError("text_invisible", "nothing in this text can be seen")
    return text


def fold(text: str) -> str:
    """Return the key under which ``text`` is compared, sorted and searched: without regard to case and width.

    Unicode's caseless matching for identifiers: NFKC, case folding, NFKC again (the Unicode Standard, 3.13, D146).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
