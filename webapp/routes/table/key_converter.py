"""KeyConverter: the part of an address that is a row's key. What is none leads nowhere (404)."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import BaseConverter, Map, ValidationError

from rowcast.tables.key import Key, KeyType
from rowcast.tables.table import Table

KINDS = {"integer": int, "text": str}


class KeyConverter(BaseConverter):
    """Reads keys whose values are of ``kinds``, by name, in this order; ``is_numbered``: what a database numbers."""

    regex = "[a-z0-9_-]+"  # whatever the kinds; a dot begins the name of a format

    def __init__(self, map: Map, *kinds: str, is_numbered: bool = False) -> None:
        super().__init__(map)
        self.is_numbered = is_numbered
        self.key_type = KeyType(tuple(KINDS[kind] for kind in kinds))

    def to_python(self, value: str) -> Key:
        """Return the key that is spelt so."""
        try:
            if self.is_numbered:  # from 0 up, and whatever zeros stand before it
                value = value.lstrip("0") or "0" if value.isdecimal() else ""
            return self.key_type.parse(value)
        except ValueError as error:
            raise ValidationError from error

    def to_url(self, value: Any) -> str:
        """Return how the key is spelt."""
        return str(value)


def row_path(table: Table) -> str:
    """Return the rule for the address of a row of ``table``, below that of the table."""
    names = {kind: name for name, kind in KINDS.items()}
    kinds = ", ".join(names[kind] for kind in table.key_type.kinds)
    return f"/<key({kinds}, is_numbered={table.is_numbered}):id>"
