"""E-mail addresses: one normal form, and a refusal that says which half to mend."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from rowcast.tables.email_validation import BAD_DOMAIN, BAD_NAME, INCOMPLETE, TOO_LONG, check_email

REFUSED = [
    ("ada", INCOMPLETE),
    ("@", INCOMPLETE),
    ("@example.org", INCOMPLETE),
    ("ada@", INCOMPLETE),
    ("ada@example", BAD_DOMAIN),
    ("ada@localhost", BAD_DOMAIN),
    ("ada@exa mple.org", BAD_DOMAIN),
    ("ada@-example.org", BAD_DOMAIN),
    ("a@da@example.org", BAD_NAME),
    ("a da@example.org", BAD_NAME),
    (".ada@example.org", BAD_NAME),
    ("x" * 250 + "@example.org", TOO_LONG),
    ("x" * 60_000, TOO_LONG),
    ("ä" * 64 + "@" + ".".join(["y" * 60] * 3) + ".org", TOO_LONG),
]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@Example.ORG", "ada@example.org"),
        ("艾达@例子.中国", "艾达@例子.中国"),
        ("\u202aada@example.org\u202c", "ada@example.org"),
        ("\ufeffada@\u200bexam\u00adple.org\u2060", "ada@example.org"),
    ],
    ids=ascii,
)
def test_an_address_has_one_form(typed: str, kept: str) -> None:
    assert check_email(typed) == kept


@pytest.mark.parametrize(("typed", "told"), REFUSED)
def test_what_is_wrong_with_an_address_is_told(typed: str, told: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        check_email(typed)
    assert caught.value.context == {"message": told}
