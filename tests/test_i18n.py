"""Messages: texts as data, filled in where they are shown; and the language that a reader gets."""

from __future__ import annotations

import pytest

from rowcast.i18n import Message, _, best_language, languages
from rowcast.showing.template_environment import environment

CHINESE = "zh-Hans"
WANTED = [
    # Accept-Language, the most wanted first; what is shown; why
    (["zh-CN"], CHINESE, "what Chromium sends in China"),
    (["zh"], CHINESE, "Chinese of any kind"),
    (["zh-Hans"], CHINESE, "as we call it"),
    (["zh-SG"], CHINESE, "Singapore writes as Beijing does"),
    (["ZH-hans-cn"], CHINESE, "case does not matter"),
    (["zh-CN", "zh", "en"], CHINESE, "an exact name further down is no better"),
    (["zh-TW"], CHINESE, "the other script, and nothing else is wanted"),
    (["zh-Hant"], CHINESE, "the other script, and nothing else is wanted"),
    (["zh-TW", "fr"], CHINESE, "nor anything that there is"),
    (["zh-TW", "en"], "en", "English is wanted and the other script is not"),
    (["zh-TW", "zh", "en-US", "en"], CHINESE, "what Chromium sends in Taiwan: any Chinese before English"),
    (["en-GB", "zh-CN"], "en", "the first that there is"),
    (["fr", "zh-CN", "en"], CHINESE, "the first that there is"),
    (["fr", "de"], "en", "none that there is: the source"),
    ([], "en", "nothing is said"),
    (["*"], "en", "anything"),
    (["x" * 5000, "../../etc", "i-klingon", "\u4e2d\u6587", "", "-", "zh-CN"], CHINESE, "junk is left out"),
]


def test_values_are_filled_in() -> None:
    assert _("Added %(name)s.", name="100% Ada %(x)s").translate("en") == "Added 100% Ada %(x)s."


def test_a_text_without_values_may_hold_percent_signs() -> None:
    assert _("100%").translate("en") == "100%"


def test_a_value_that_is_a_message_is_translated_too() -> None:
    assert _("Make it %(choice)s", choice=_("Closed")).translate("en") == "Make it Closed"
    assert _("%(label)s: all", label=_("Role")).translate(CHINESE) == "角色：全部"


def test_values_are_written_as_the_language_writes_them() -> None:
    choose = _("Choose %(expected)s.", expected=(_("Active"), _("Closed")))
    assert choose.translate("en") == "Choose Active or Closed."
    assert choose.translate(CHINESE) == "可选值：启用或停用。"
    assert _("%(rows)s rows", rows=12345).translate("en") == "12,345 rows"


def test_one_thing_is_not_spoken_of_as_many() -> None:
    template = environment("en").from_string("{{ ngettext('%(num)s row', '%(num)s rows', count, num=count|number) }}")
    assert [template.render(count=count) for count in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]


def test_equal_messages_are_equal_values() -> None:
    assert _("a", x=1) == _("a", x=1) != _("a", x=2)
    assert hash(_("a", x=1)) == hash(_("a", x=2))


def test_a_message_in_a_log_or_a_traceback_is_in_the_source_language() -> None:
    assert str(_("Added %(name)s.", name="Ada")) == "Added Ada."


def test_each_language_is_named_in_itself_and_the_source_comes_first() -> None:
    assert next(iter(languages().items())) == ("en", "English")
    assert languages()[CHINESE] == "简体中文"


def test_a_language_that_nobody_made_shows_the_source() -> None:
    assert Message("Closed").translate("xx") == "Closed"


@pytest.mark.parametrize(("wanted", "shown", "why"), WANTED, ids=range(len(WANTED)))
def test_the_best_of_our_languages_is_shown(wanted: list[str], shown: str, why: str) -> None:
    assert best_language(tuple(wanted)) == shown, why
