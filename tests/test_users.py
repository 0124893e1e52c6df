"""The user directory: what it adds to the engine, and that the engine knows nothing of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rowcast.users import ROLES, STATUSES, USERS, User, UserDraft

ENGINE = Path(__file__).parent.parent


def test_the_draft_offers_what_the_columns_do() -> None:
    assert list(ROLES) == ["administrator", "member"]
    assert list(STATUSES) == ["active", "closed"]
    draft = UserDraft(username="Ada", email="ada@example.org")
    assert (draft.role, draft.status) == ("member", "active")


def test_every_column_is_one_of_the_model() -> None:
    for column in USERS.columns:
        assert column.value.class_ is User
        assert column.value.key == column.name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@EXAMPLE.org", "Ada@example.org"),
        (" ada@example.org ", "ada@example.org"),
        ("ada@bücher.example", "ada@bücher.example"),
        ("ada+test@example.org", "ada+test@example.org"),
    ],
)
def test_an_address_is_kept_in_its_normal_form(typed: str, kept: str) -> None:
    assert UserDraft(username="Ada", email=typed).email == kept


def test_the_engine_knows_no_users() -> None:
    files = [
        *(ENGINE / "webapp/tables").rglob("*.py"),
        *(ENGINE / "webapp/live").rglob("*.py"),
        *(ENGINE / "templates/table").rglob("*.html"),
    ]
    assert len(files) > 20
    for file in files:
        text = file.read_text()
        assert not re.search(r"(webapp|rowcast)\.users|\bUSERS\b|\busername\b|administrator", text), file.name
