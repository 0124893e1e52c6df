"""Messages: texts as data, filled in where they are shown."""

from __future__ import annotations

from webapp.messages import Message, _, languages


def test_values_are_filled_in() -> None:
    assert _("Added %(name)s.", name="100% Ada %(x)s").translate("en") == "Added 100% Ada %(x)s."


def test_a_text_without_values_may_hold_percent_signs() -> None:
    assert _("100%").translate("en") == "100%"


def test_a_value_that_is_a_message_is_translated_too() -> None:
    assert _("Make it %(choice)s", choice=_("Closed")).translate("en") == "Make it Closed"


def test_equal_messages_are_equal_values() -> None:
    assert _("a", x=1) == _("a", x=1) != _("a", x=2)
    assert hash(_("a", x=1)) == hash(_("a", x=2))


def test_a_language_that_nobody_made_shows_the_source() -> None:
    assert languages()[0] == "en"
    assert Message("Closed").translate("xx") == "Closed"
