"""Text: trimmed, composed, refused when it cannot be shown; folded so that equal to people is equal to us."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from rowcast.tables.text_normalization import LONGEST, clean, fold


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("  Ada ", "Ada", id="spaces around"),
        pytest.param("\u00a0Ada\u3000", "Ada", id="other spaces around"),
        pytest.param("A\u030a", "Å", id="decomposed"),
        pytest.param("\u202eAda", "\u202eAda", id="a direction mark beside letters"),
        pytest.param("👩\u200d🚀", "👩\u200d🚀", id="an emoji with a joiner"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="a Persian word with a non-joiner"),
        pytest.param("ශ්\u200dරී", "ශ්\u200dරී", id="a Sinhala word with a joiner"),
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


@pytest.mark.parametrize(
    "typed",
    [
        *("\u200b", "\u200e\u200f", "\u0301", "\ue000", "\ufeff"),
        *("\u3164", "\u115f\u1160", "\uffa0", "\u2800", "\u2800 \u3164"),
    ],
    ids=ascii,
)
def test_what_nobody_can_see_is_refused(typed: str) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        clean(typed)
    assert refusal.value.type == "text_invisible"


def test_a_line_that_is_too_long_is_refused_before_anything_is_done_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(unicodedata, "normalize", None)
        with pytest.raises(PydanticCustomError) as refusal:
            clean("x" * (LONGEST + 1))
    assert (refusal.value.type, refusal.value.context) == (
        "too_long",
        {"max_length": LONGEST, "actual_length": LONGEST + 1},
    )


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *((f"Ada{unseen}", "ada") for unseen in "\u200b\u00ad\u2060\ufeff\u3164\u034f\u2800"),
        *((f"{unseen}Ad{unseen}a", "ada") for unseen in "\u202a\u2066\u180e\U000e0061"),
        *((f"Ada{space}L", "ada l") for space in ("  ", "\u00a0", " \u3000", "\u2800", "\u2028", " \u200b ")),
        ("می\u200cخواهم", "میخواهم"),
        ("❤\ufe0f", "❤"),
    ],
    ids=ascii,
)
def test_what_looks_alike_is_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(("one", "other"), [("ada", "adá"), ("i", "ı"), ("a b", "ab")])
def test_what_differs_in_more_is_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)
