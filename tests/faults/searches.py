"""Searches without end, of which each finds all users."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from string import ascii_lowercase, digits
from urllib.parse import urlencode

from tests.running import ADD_USER, Server

ROWS = 100
TEXT = f"{ascii_lowercase} {digits} and some words"  # in each name
SORTS = ("username", "-username", "email", "-email", "role", "-role", "status", "-status", "changed", "-changed")


def fill(server: Server) -> None:
    """Add users that all searches find."""
    server.execute_many(ADD_USER, [(f"{n} {TEXT}", f"u{n}@example.org", "member", "active") for n in range(ROWS)])


def searches() -> Iterator[str]:
    """Yield queries, no two of which are the same listing; each shows as many rows as a page has."""
    parts = [TEXT[begin:end].strip() for begin, end in combinations(range(len(TEXT) + 1), 2) if end - begin > 3]
    for q, sort, size in product(dict.fromkeys(parts), SORTS, (100, 50, 25)):
        yield urlencode({"q": q, "size": size, "sort": sort})
