"""Normalises text as people type it: trimmed, composed, folded to compare; refused when it cannot be shown."""

from __future__ import annotations

import unicodedata

import regex
from pydantic_core import PydanticCustomError

# Cc: control characters, line breaks among them; Cs: halves of characters, which no database can store.
REFUSED = {"Cc", "Cs"}
# Zs, Zl, Zp: spaces; Cf: joiners and direction marks; Mn: marks that need a letter; Cn, Co: no agreed shape.
INVISIBLE = {"Zs", "Zl", "Zp", "Cf", "Mn", "Cn", "Co"}
LONGEST = 1024  # characters of a line as it is typed: to normalise takes a time that can grow with the square of them
# What is not shown where it is not understood, by Unicode's own property: fillers of Hangul and soft hyphens among it.
IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")
# Persian, Indic scripts and emoji are spelt with joiners.
NOISE = regex.compile(r"[\p{Default_Ignorable_Code_Point}--\p{Join_Control}]", regex.VERSION1)


def clean(text: str) -> str:
    """Return ``text`` trimmed and in Unicode's composed form (NFC).

    Raises PydanticCustomError (``too_long``, ``text_control``, ``text_invisible``) for text that a one-line field
    cannot hold.
    """
    if len(text) > LONGEST:
        told = {"max_length": LONGEST, "actual_length": len(text)}
        raise PydanticCustomError("too_long", "this is too long to be looked at", told)
    text = unicodedata.normalize("NFC", text.strip())
    if any(unicodedata.category(character) in REFUSED for character in text):
        raise PydanticCustomError("text_control", "control characters and line breaks cannot be kept")
    if text and all(map(_is_invisible, text)):
        raise PydanticCustomError("text_invisible", "nothing in this text can be seen")
    return text


def without_noise(text: str) -> str:
    """Return ``text`` without what nobody sees and an address has no use for: marks of direction around it, say."""
    return text if text.isascii() else NOISE.sub("", text).strip()


def fold(text: str) -> str:
    """Return the key under which ``text`` is compared, sorted and searched: what looks the same has the same key.

    Unicode's caseless matching for identifiers (NFKC_Casefold; the Unicode Standard, 3.13, D147), which leaves out what
    is ignorable; and white space, of whatever kind and length, is one space. What is kept has its joiners still.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    seen = IGNORABLE.sub("", unicodedata.normalize("NFKC", text).casefold())
    spaced = "".join(" " if _is_blank(character) else character for character in seen)
    return " ".join(unicodedata.normalize("NFKC", spaced).split())


def _is_invisible(character: str) -> bool:
    is_invisible = unicodedata.category(character) in INVISIBLE or IGNORABLE.match(character)
    return bool(is_invisible) or _is_blank(character)


def _is_blank(character: str) -> bool:
    # No property says so of U+2800, a Braille pattern without dots, and its like; their names do.
    return unicodedata.name(character, "").endswith(" BLANK")
