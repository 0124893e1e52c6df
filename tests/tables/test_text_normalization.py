"""Text: trimmed, composed, refused when it cannot be shown; folded so that equal to people is equal to us."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from rowcast.tables.text_normalization import clean, fold


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("  Ada ", "Ada", id="spaces around"),
        pytest.param("\u00a0Ada\u3000", "Ada", id="other spaces around"),
        pytest.param("A\u030a", "Å", id="decomposed"),
        pytest.param("\u202eAda", "\u202eAda", id="a direction mark beside letters"),
        pytest.param("👩\u200d🚀", "👩\u200d🚀", id="an emoji with a joiner"),
        pytest.param("<b>", "<b>", id="markup is text"),
        pytest.param(" \t\n", "", id="nothing"),
    ],
)
def test_text_is_kept_as_people_read_it(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize("typed", ["a\nb", "a\rid: 1\r\rdata: x", "a\tb", "a\0b", "a\x85b", "a\ud800b"], ids=ascii)
def test_control_characters_and_half_characters_are_refused(typed: str) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        clean(typed)
    assert refusal.value.type == "text_control"


@pytest.mark.parametrize("typed", ["\u200b", "\u200e\u200f", "\u0301", "\ue000", "\ufeff"], ids=ascii)
def test_what_nobody_can_see_is_refused(typed: str) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        clean(typed)
    assert refusal.value.type == "text_invisible"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_cleaning_again_changes_nothing(typed: str) -> None:
    try:
        once = clean(typed)
    except PydanticCustomError:
        return
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ÄDA", "äda"), ("Straße", "STRASSE"), ("ＡＤＡ", "ada"), ("ﬁn", "FIN"), ("Σίσυφος", "ΣΊΣΥΦΟΣ"), ("A\u030a", "å")],
)
def test_what_differs_in_case_or_width_alone_is_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("ada", "adá"), ("i", "ı"), ("a b", "ab")])
def test_what_differs_in_more_is_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)
