"""Key: what makes a row that row, as a value, and its spelling in addresses, element ids and the history. Knows no SQL.

A spelling is made of a to z, 0 to 9, ``-`` and ``_``, so that it is the same in a path, a query, an id and a selector,
and no two keys of a table share one, even where somebody takes no notice of case:

- an integer is written in decimal;
- of text, a small letter, a digit and ``-`` stand for themselves, a capital is ``_`` and its small letter, and anything
  else is its code point between two ``_``;
- values are joined by ``__``; and when the first is text, all begins with ``_``, as no word of a route does.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import overload

INTEGERS = range(-(2**63), 2**63)  # as far as both databases count
SPELT = {int: "(-?[0-9]{1,19})", str: "((?:[a-z0-9-]|_[a-z]|_[0-9]{1,7}_)*)"}
SPECIAL = re.compile("[^a-z0-9-]")
SPELT_SPECIAL = re.compile("_(?:([a-z])|([0-9]+)_)")
INTEGER = struct.Struct(">q")
END = b"."  # no spelling holds it


class Key(tuple[int | str, ...]):
    """The values of a primary key, in the order of its columns; compared as databases do, text by code point."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return how the key is spelt."""
        if len(self) == 1 and isinstance(self[0], int):
            return str(self[0])
        spelt = "__".join(map(_spell, self))
        return f"_{spelt}" if isinstance(self[0], str) else spelt

    @property
    def plain(self) -> int | str | list[int | str]:
        """The key as JSON has it: its value, or a list of its values."""
        return self[0] if len(self) == 1 else list(self)

    @property
    def packed(self) -> bytes:
        """The key as bytes, of which ``KeyType.unpack`` finds the end: 8 for an integer."""
        if len(self) == 1 and isinstance(self[0], int):
            return INTEGER.pack(self[0])
        return str(self).encode() + END


@dataclass(frozen=True)
class KeyType:
    """Of what kinds the values are, in the keys of one table; reads what was made of such keys."""

    kinds: tuple[type[int | str], ...]

    def parse(self, text: str) -> Key:
        """Return the key that is spelt ``text``; raises ValueError when there is none."""
        found = self._pattern.fullmatch(text)
        if found is None:
            raise ValueError("no key is spelt so")
        key = Key(
            int(part) if kind is int else _read(part) for kind, part in zip(self.kinds, found.groups(), strict=True)
        )
        if str(key) != text or any(isinstance(value, int) and value not in INTEGERS for value in key):
            raise ValueError("no key is spelt so")
        return key

    def unpack(self, data: bytes, start: int) -> tuple[Key, int]:
        """Return the key whose packed form begins at ``start``, and where that ends; raises ValueError."""
        if self.kinds == (int,):
            end = start + INTEGER.size
            if end > len(data):
                raise ValueError("the end of a key is missing")
            return Key(INTEGER.unpack_from(data, start)), end
        end = data.index(END, start)
        return self.parse(data[start:end].decode("ascii")), end + len(END)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("_" * (self.kinds[0] is str) + "__".join(SPELT[kind] for kind in self.kinds))


class KeyList(Sequence[Key]):
    """Keys in as little room as they can be kept: 8 bytes each when all are integers."""

    __slots__ = ("_kept",)

    def __init__(self, keys: Iterable[Key]) -> None:
        kept = tuple(keys)
        self._kept: array[int] | tuple[Key, ...] = kept
        with suppress(TypeError):
            numbers: array[int] = array("q", chain.from_iterable(kept))  # type: ignore[arg-type]
            self._kept = numbers if len(numbers) == len(kept) else kept

    def __iter__(self) -> Iterator[Key]:
        """Yield the keys."""
        return iter(self._kept) if isinstance(self._kept, tuple) else map(Key, zip(self._kept, strict=True))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._kept)

    @overload
    def __getitem__(self, place: int) -> Key: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Key]: ...
    def __getitem__(self, place: int | slice) -> Key | Sequence[Key]:
        """Return the key at ``place``, or several."""
        return tuple(self)[place]

    def __reversed__(self) -> Iterator[Key]:
        """Yield the keys, the last first."""
        return iter(tuple(self)[::-1])

    def __eq__(self, other: object) -> bool:
        """Whether ``other`` holds the same keys."""
        return isinstance(other, KeyList) and self._kept == other._kept

    __hash__ = None  # type: ignore[assignment]


def content(rows: Sequence[tuple[Key, bytes]]) -> bytes:
    """Return the bytes that tell ``rows``, each a key and a fingerprint of one length, from all others."""
    with suppress(TypeError):  # three times as fast, and it is done for each page that is read
        return b"".join([b"%d:%b" % (*key, fingerprint) for key, fingerprint in rows])
    return b"".join([b"%b:%b" % (str(key).encode(), fingerprint) for key, fingerprint in rows])


def _spell(value: int | str) -> str:
    return str(value) if isinstance(value, int) else SPECIAL.sub(_spell_special, value)


def _spell_special(found: re.Match[str]) -> str:
    character = found[0]
    return f"_{character.lower()}" if "A" <= character <= "Z" else f"_{ord(character)}_"


def _read(spelt: str) -> str:
    text = SPELT_SPECIAL.sub(lambda found: found[1].upper() if found[1] else chr(int(found[2])), spelt)
    text.encode()  # raises UnicodeEncodeError, a ValueError: a half of a character is in no database
    return text
