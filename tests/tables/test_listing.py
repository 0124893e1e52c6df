"""Listing: one value for all ways to ask for the same, and back to the address it came from."""

from __future__ import annotations

import random
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowcast.database import Database
from rowcast.tables.listing import LONGEST_SEARCH, Listing, parse
from rowcast.users import USERS
from tests.conftest import make_user
from tests.tables.reading import read_page

DEFAULTS = {"sort": "username", "page": "1", "size": "50", "q": "", "role": "", "status": ""}
SORTS = [f"{sign}{column.name}" for column in USERS.columns for sign in ("", "-")]
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "q": st.text(st.characters(exclude_categories=["Cs"]), max_size=120),
        "sort": st.sampled_from(SORTS),
        "page": st.integers(1, 10**9 - 1).map(str),
        "size": st.sampled_from(["25", "50", "100"]),
        "role": st.sampled_from(["administrator", "member"]),
        "status": st.sampled_from(["active", "closed"]),
    },
)


def listing(query: str) -> Listing:
    found, problems = parse(USERS, parse_qsl(query, keep_blank_values=True))
    assert not problems
    return found


@given(ASKED)
def test_a_listing_comes_back_from_its_query_string(asked: dict[str, str]) -> None:
    found = listing(urlencode(asked))
    assert listing(found.query) == found
    assert listing(found.query).query == found.query


@given(ASKED, st.randoms())
def test_the_order_of_keys_and_defaults_that_are_spelt_out_make_no_difference(
    asked: dict[str, str], dice: random.Random
) -> None:
    pairs = list((DEFAULTS | asked).items())
    dice.shuffle(pairs)
    assert parse(USERS, pairs) == parse(USERS, asked.items())
    assert hash(parse(USERS, pairs)[0]) == hash(parse(USERS, asked.items())[0])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", Listing(), id="nothing"),
        pytest.param("q=%20ada%20", Listing(q="ada"), id="spaces around the search"),
        pytest.param("q=a%00%0Ab", Listing(q="a  b"), id="control characters in the search"),
        pytest.param("q=" + "x" * 500, Listing(q="x" * LONGEST_SEARCH), id="a search that is too long"),
        pytest.param("q=A%CC%8A", Listing(q="Å"), id="a decomposed search"),
        pytest.param("q=%E2%80%8B+%E3%85%A4", Listing(), id="a search for what nobody sees"),
        pytest.param("sort=username", Listing(), id="the order that is the default"),
        pytest.param("sort=-username", Listing(sort="-username"), id="the other way round"),
        pytest.param("page=007&size=50", Listing(page=7), id="leading zeros"),
        pytest.param(
            "status=closed&role=member", Listing(filters=(("role", "member"), ("status", "closed"))), id="both"
        ),
        pytest.param(
            "role=member&role=administrator", Listing(filters=(("role", "administrator"),)), id="the last wins"
        ),
    ],
)
def test_a_query_string_is_understood(query: str, expected: Listing) -> None:
    assert listing(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "sort=nonsense", "sort=--username", "sort=-", "sort=email_key", "sort=username,id", "page=0", "page=-1",
        "page=1e3", "page=x", "page=%D9%A3", "page=9999999999", "size=7", "size=0", "size=050", "role=emperor",
        "username=Ada", "nonsense=1",
    ],
    ids=lambda query: query[:30],
)  # fmt: skip
def test_what_makes_no_sense_is_told_and_left_out(query: str) -> None:
    name, _, value = query.partition("=")
    found, problems = parse(USERS, [*parse_qsl(query), ("q", "ada")])
    assert list(problems) == [name]
    assert found == Listing(q="ada")
    text = problems[name].translate("en")
    assert value in text or name in text


def test_a_page_number_of_any_length_does_no_harm() -> None:
    for number in ("0" * 5000 + "1", "1" * 5000):
        assert parse(USERS, [("page", number)])[0] == Listing()


@pytest.mark.parametrize(
    ("sort", "click", "expected"),
    [("", "username", "-username"), ("-username", "username", ""), ("", "role", "role"), ("role", "role", "-role")],
)
def test_a_click_on_a_heading_sorts_by_it_and_the_next_one_turns_it_round(sort: str, click: str, expected: str) -> None:
    assert Listing(sort=sort, page=3, q="a").sorted_by(USERS, click) == Listing(sort=expected, page=1, q="a")


def test_another_page_size_begins_at_page_1_and_another_page_keeps_the_rest() -> None:
    asked = Listing(q="a", page=3)
    assert asked.but(size=25) == Listing(q="a", size=25)
    assert asked.but(page=4) == Listing(q="a", page=4)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ÄDA", ["Äda"]),
        ("strasse", ["Straße"]),
        ("100%", ["100% Bob"]),
        ("%", ["100% Bob"]),
        ("_", ["under_score"]),
        ("/", []),
        ("example.org", ["100% Bob", "Straße", "under_score", "Äda"]),
        ("' OR 1=1 --", []),
        ("stra\u200bsse\u00ad", ["Straße"]),
        ("100%\u00a0\u00a0Bob", ["100% Bob"]),
    ],
)
async def test_a_search_finds_what_people_would(database: Database, search: str, found: list[str]) -> None:
    for number, name in enumerate(["Äda", "Straße", "100% Bob", "under_score"]):
        await make_user(database, name, email=f"x{number}@example.org")
    async with database.read() as connection:
        page = await read_page(connection, USERS, Listing(q=search))
    assert sorted(row.values["username"] for row in page.rows) == found


@pytest.mark.parametrize("sort", SORTS)
async def test_rows_that_are_equal_in_the_sorted_column_have_one_order(database: Database, sort: str) -> None:
    for number in range(8):
        role = "member" if number % 2 else "administrator"
        await make_user(database, f"user {7 - number}", role=role)
    async with database.read() as connection:
        page = await read_page(connection, USERS, Listing(sort=sort))
    column = USERS.by_name[sort.removeprefix("-")].name
    places = [(row.values[column], row.key) for row in page.rows]
    assert places == sorted(places, reverse=sort.startswith("-"))
