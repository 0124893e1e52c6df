"""Key: no two have one spelling, each comes back from its own, and nothing else is taken for one."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import Integer, MetaData, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.i18n import Message
from rowcast.tables.key import Key, KeyList, KeyType, content
from rowcast.tables.model import VersionedModel
from rowcast.tables.table import Column, Table
from rowcast.users import USERS
from tests.other_tables import PARTS, SLOTS, TEXTS

KINDS = (*((int,), (str,), (int, int), (int, str), (str, int), (str, str)), *((str, str, str), (str, int, str)))
NUMBER = st.integers(-(2**63), 2**63 - 1)
# What the spelling itself is made of comes more often than by chance.
TEXT = st.one_of(st.text(alphabet="_-aA0z95é", max_size=8), st.text(max_size=20), st.sampled_from(TEXTS))
VALUES: dict[type, st.SearchStrategy[int | str]] = {int: NUMBER, str: TEXT}
TYPES = st.sampled_from(KINDS).map(KeyType)


def keys(key_type: KeyType) -> st.SearchStrategy[Key]:
    """Return keys of this type."""
    return st.tuples(*(VALUES[kind] for kind in key_type.kinds)).map(Key)


TYPED = TYPES.flatmap(lambda key_type: st.tuples(st.just(key_type), keys(key_type), keys(key_type)))


@given(TYPED)
def test_a_key_comes_back_from_its_spelling_and_no_other_key_has_it(made: tuple[KeyType, Key, Key]) -> None:
    key_type, key, other = made
    found = key_type.parse(str(key))
    assert found == key
    assert [type(value) for value in found] == list(key_type.kinds)
    assert (str(key) == str(other)) == (key == other)


def test_keys_that_people_mix_up_have_spellings_of_their_own() -> None:
    assert len({str(Key((text,))) for text in TEXTS}) == len(TEXTS)
    pairs = [Key((one, other)) for one in TEXTS for other in TEXTS]
    assert len(set(map(str, pairs))) == len(pairs)


@given(TYPED)
def test_a_spelling_stands_as_it_is_in_a_path_a_query_an_id_and_a_selector(made: tuple[KeyType, Key, Key]) -> None:
    assert re.fullmatch("-?[0-9]+|_[a-z0-9_-]*|-?[0-9]+__[a-z0-9_-]*", str(made[1]))


@given(TYPES, st.one_of(st.text(alphabet="_-aAz0912", max_size=12), st.text(max_size=20)))
def test_whatever_else_is_asked_for_is_refused(key_type: KeyType, text: str) -> None:
    try:
        found = key_type.parse(text)
    except ValueError:
        return
    assert str(found) == text


@pytest.mark.parametrize(
    ("key_type", "text"),
    [
        *(
            (USERS.key_type, text)
            for text in ("", "03", "+3", "-0", " 3", "3\n", "²", "３", "1e3", "3.0", "_3", "3__4")
        ),
        *((USERS.key_type, text) for text in (str(2**63), str(-(2**63) - 1), "9" * 5000)),
        *(
            (PARTS.key_type, text)
            for text in ("", "a", "new", "3", "_A", "_a_", "_é", "_a.json", "_a\n", "_%61", "_a b")
        ),
        *((PARTS.key_type, text) for text in ("_97_", "__97_", "__065_", "__55296_", "__1114112_", "__9999999999_")),
        *(
            (SLOTS.key_type, text)
            for text in ("_a", "_a__", "_a__b", "a__3", "_a__3__4", "_a_3", "_a__03", "3", "3__3")
        ),
    ],
    ids=ascii,
)
def test_a_spelling_that_is_no_keys_is_refused(key_type: KeyType, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- whatever the reason is
        key_type.parse(text)


def test_integers_are_written_in_decimal_and_text_as_far_as_it_can_be_read() -> None:
    spelt = {
        Key((3,)): "3",
        Key((-3,)): "-3",
        Key(("abc-12",)): "_abc-12",
        Key(("ABC 12",)): "__a_b_c_32_12",
        Key(("",)): "_",
        Key(("中文.pdf",)): "__20013__25991__46_pdf",
        Key(("hall", 3)): "_hall__3",
        Key((3, "hall")): "3__hall",
        Key(("", "")): "___",
    }
    assert {key: str(key) for key in spelt} == spelt
    assert all(content([(key, b"8 bytes.")]) == f"{text}:8 bytes.".encode() for key, text in spelt.items())


def test_json_has_the_value_itself_or_a_list_of_the_values() -> None:
    assert [key.plain for key in (Key((3,)), Key(("a",)), Key(("a", 3)))] == [3, "a", ["a", 3]]


@given(TYPES.flatmap(lambda key_type: st.tuples(st.just(key_type), st.lists(keys(key_type), max_size=5))))
def test_keys_come_back_from_their_bytes_whatever_follows(made: tuple[KeyType, list[Key]]) -> None:
    key_type, several = made
    data = b"".join(key.packed + b"8 bytes." for key in several)
    found, at = [], 0
    while at < len(data):
        key, end = key_type.unpack(data, at)
        found.append(key)
        at = end + 8
    assert found == several
    assert at == len(data)


@given(TYPES, st.binary(max_size=30))
def test_bytes_that_are_no_keys_are_refused(key_type: KeyType, data: bytes) -> None:
    try:
        key, end = key_type.unpack(data, 0)
    except ValueError:
        return
    assert key.packed == data[:end]


@given(TYPES.flatmap(lambda key_type: st.lists(keys(key_type), max_size=9)))
def test_a_list_holds_the_keys_as_they_were(several: list[Key]) -> None:
    made = KeyList(several)
    assert list(made) == several
    assert list(reversed(made)) == several[::-1]
    assert all(type(key) is Key for key in made)
    assert [made[place] for place in range(len(made))] == several
    assert (made == KeyList(several[1:])) == (not several)
    assert made == KeyList(made)


def test_an_integer_takes_eight_bytes_in_a_list_and_when_it_is_packed() -> None:
    numbers = [Key((number,)) for number in range(2**63 - 100, 2**63)]
    assert sys.getsizeof(KeyList(numbers)._kept) < 8 * 100 + 100
    assert {len(key.packed) for key in numbers} == {8}


class Small(VersionedModel):
    """A row whose key is of numbers of less than 64 bits."""

    __tablename__ = "smalls"
    metadata = MetaData()

    one: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    other: Mapped[int] = mapped_column(Integer, primary_key=True)


class Odd(VersionedModel):
    """A row whose key is of neither numbers nor text."""

    __tablename__ = "odds"
    metadata = MetaData()

    one: Mapped[bytes] = mapped_column(primary_key=True)


def test_what_makes_the_key_is_what_the_model_says() -> None:
    def table(model: type[Small | Odd]) -> Table:
        return Table("t", "r", Message("T"), model, BaseModel, (Column("one", Message("T"), model.one),), "one", {})

    assert [found.key_names for found in (USERS, PARTS, SLOTS, table(Small))] == [
        ("id",),
        ("sku",),
        ("hall", "number"),
        ("one", "other"),
    ]
    assert [found.key_type.kinds for found in (USERS, PARTS, SLOTS, table(Small))] == [
        (int,),
        (str,),
        (str, int),
        (int, int),
    ]
    with pytest.raises(TypeError, match="integers and text"):
        _ = table(Odd).key_type
