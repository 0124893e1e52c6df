"""Shown: what a page keeps for the server comes back as it was, and nothing else is taken for it."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowcast.live.page_snapshot import FINGERPRINT, HEAD, pack, unpack
from rowcast.users import USERS
from tests.live.pages import EDITIONS, outline

EMPTY = pack(outline({}))
ROW = 8 + FINGERPRINT


@given(EDITIONS, st.integers(0, 10**9), st.booleans(), st.integers(0, 999_999))
def test_an_outline_comes_back(rows: dict[int, int], total: int, is_more: bool, fraction: int) -> None:
    made = outline(rows, total)
    made = replace(made, is_more=is_more, read_at=made.read_at + timedelta(microseconds=fraction))
    text = pack(made)
    assert re.fullmatch(r"[\w-]*", text), "it stands in an address as it is"
    assert unpack(text, USERS.key_type) == replace(made, read_at=made.read_at.replace(microsecond=0))


def test_a_page_of_a_hundred_rows_fits_into_any_proxys_longest_address() -> None:
    assert len(pack(outline(dict.fromkeys(range(2**63 - 101, 2**63 - 1), 0)))) < 2200


@pytest.mark.parametrize(
    "text",
    ["", "A", "é", "\0", EMPTY[:-1], EMPTY + "AA", EMPTY + " ", "!" * 40, "A" * 40, "A" * 9999, EMPTY * 3],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- whatever the reason is
        unpack(text, USERS.key_type)


@given(st.binary(min_size=HEAD.size + ROW, max_size=HEAD.size + ROW), st.text())
def test_junk_is_an_outline_or_refused_and_never_an_error(data: bytes, text: str) -> None:
    assert len(unpack(base64.urlsafe_b64encode(data).rstrip(b"=").decode(), USERS.key_type).keys) == 1
    with suppress(ValueError):
        unpack(text, USERS.key_type)
