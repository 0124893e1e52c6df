"""Merging: what one changed is set, what the other changed stays, what both changed is asked about."""

from __future__ import annotations

from hypothesis import given, strategies

from rowcast.tables.three_way_merge import contested, untouched

VALUES = strategies.fixed_dictionaries({name: strategies.sampled_from("xyz") for name in "abc"})


@given(VALUES, VALUES, VALUES)
def test_each_field_is_mine_theirs_or_asked_about(
    before: dict[str, str], mine: dict[str, str], now: dict[str, str]
) -> None:
    kept, asked = untouched(before, mine), contested(before, mine, now)
    for name in before:
        is_mine, is_theirs = mine[name] != before[name], now[name] != before[name]
        assert (name in kept) is not is_mine
        assert (name in asked) is (is_theirs and mine[name] != now[name])
        assert name not in asked - kept or (is_mine and is_theirs)


@given(VALUES, VALUES)
def test_without_what_was_given_all_that_differs_is_asked_about(mine: dict[str, str], now: dict[str, str]) -> None:
    assert untouched({}, mine) == frozenset()
    assert contested({}, mine, now) == {name for name in mine if mine[name] != now[name]}


def test_what_a_browser_makes_of_a_value_is_no_change() -> None:
    for held, back in (("a\nb", "ab"), ("a\r\nb", "ab"), (" a ", "a"), ("a\tb", "a\tb")):
        assert untouched({"name": held}, {"name": back}) == {"name"}
        assert contested({"name": held.replace("\n", "\r\n")}, {"name": "mine"}, {"name": held}) == frozenset()


def test_a_field_that_is_not_sent_is_not_spoken_of() -> None:
    assert untouched({"a": "x"}, {}) == contested({"a": "x"}, {}, {"a": "y"}) == frozenset()
