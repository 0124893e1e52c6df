"""Table: what follows from a model, a draft and columns."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rowcast.i18n import Message
from rowcast.users import USERS


def test_what_a_table_offers_follows_from_its_columns() -> None:
    assert [column.name for column in USERS.filters] == ["role", "status"]
    assert [column.name for column in USERS.fields] == ["username", "email", "role", "status"]
    assert [attribute.key for attribute in USERS.attributes][:4] == ["id", "version", "created", "changed"]
    assert USERS.sort in USERS.by_name


def test_one_click_takes_the_next_choice_and_after_the_last_the_first() -> None:
    status = USERS.by_name["status"]
    assert status.next_choice("active") == "closed"
    assert status.next_choice("closed") == "active"


def test_a_value_is_shown_by_its_label() -> None:
    assert USERS.by_name["role"].show("member") == Message("Member")
    assert USERS.by_name["username"].show("member") == "member"


def test_a_row_is_called_by_its_first_column() -> None:
    assert USERS.name_of({"username": "Ada", "email": "x"}) == "Ada"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [({}, {}), ({"role": "administrator"}, {"role": "administrator"}), ({"username": " Ada "}, {"username": "Ada"})],
    ids=str,
)
def test_a_patch_holds_only_what_was_sent(sent: dict[str, str], kept: dict[str, str]) -> None:
    assert USERS.patch(**sent).model_dump(exclude_unset=True) == kept


BAD = [
    pytest.param("username", "", "too_short", id="no name"),
    pytest.param("username", " \u00a0 ", "too_short", id="a name of spaces"),
    pytest.param("username", "x" * 65, "too_long", id="a name of 65 characters"),
    pytest.param("username", None, "type", id="a name that is null"),
    pytest.param("username", 7, "type", id="a name that is a number"),
    pytest.param("username", "a\tb", "text_control", id="a name with a tab"),
    pytest.param("username", "\u200b", "text_invisible", id="a name nobody sees"),
    pytest.param("email", "", "too_short", id="no address"),
    pytest.param("email", "ada", "email", id="an address without a domain"),
    pytest.param("email", "ada@@example.org", "email", id="two at signs"),
    pytest.param("email", "ada@localhost", "email", id="a domain that is a host"),
    pytest.param("email", "a" * 250 + "@example.org", "too_long", id="an address that is too long"),
    pytest.param("role", "emperor", "literal_error", id="a role that is none"),
    pytest.param("role", None, "literal_error", id="a role that is null"),
    pytest.param("status", "", "literal_error", id="no status"),
]


@pytest.mark.parametrize(("field", "value", "kind"), BAD)
def test_a_draft_and_a_patch_refuse_the_same(field: str, value: object, kind: str) -> None:
    good = {"username": "Ada", "email": "ada@example.org"}
    for model, sent in ((USERS.draft, {**good, field: value}), (USERS.patch, {field: value})):
        with pytest.raises(ValidationError) as refusal:
            model(**sent)
        (error,) = refusal.value.errors()
        assert (error["loc"], error["type"].removeprefix("string_")) == ((field,), kind)


def test_a_name_of_64_characters_after_trimming_is_kept() -> None:
    assert USERS.patch(username=f" {'é' * 64} ").model_dump(exclude_unset=True) == {"username": "é" * 64}
