"""The translations are whole, and what is wrong with one would be seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import Catalog

from rowcast.i18n import TRANSLATIONS
from tests.catalogs import all_problems, problems, read

ROOT = Path(__file__).parent.parent
PYBABEL = Path(sys.executable).with_name("pybabel")
EXTRACT = ("-q", "extract", "-F", "pyproject.toml", "--omit-header", "webapp", "templates")


def catalog(*texts: tuple[str | tuple[str, str], str], flags: tuple[str, ...] = ()) -> Catalog:
    made = Catalog(locale="zh_Hans")
    for id, said in texts:
        made.add(id, said, flags=flags)
    return made


def test_every_text_is_translated_into_every_language() -> None:
    assert any(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
    assert all_problems() == []


def test_the_texts_are_those_of_the_sources(tmp_path: Path) -> None:
    found = tmp_path / "messages.pot"
    subprocess.run([PYBABEL, *EXTRACT, "-o", found], cwd=ROOT, check=True, timeout=60)
    texts, collected = (sorted(str(text.id) for text in read(path)) for path in (found, TRANSLATIONS / "messages.pot"))
    assert texts == collected, "run `make format`"
    assert len(texts) > 90


def test_a_text_that_counts_is_collected_from_templates(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('{{ ngettext("%(num)s page", "%(num)s pages", 7) }}')
    options = ("-F", ROOT / "pyproject.toml", "-o", tmp_path / "messages.pot")
    subprocess.run([PYBABEL, "-q", "extract", *options, tmp_path], check=True, timeout=60)
    found = {text.id for text in read(tmp_path / "messages.pot") if text.pluralizable}
    assert found == {("%(num)s page", "%(num)s pages")}


def test_every_language_is_compiled_from_what_it_is_now() -> None:
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"):
        assert source.with_suffix(".mo").stat().st_mtime >= source.stat().st_mtime, "run `make`"


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (catalog(("Hello %(name)s", "%(name)s，您好")), ""),
        (catalog(), "is missing"),
        (catalog(("Hello %(name)s", "")), "is not translated"),
        (catalog(("Hello %(name)s", "%(nam)s，您好")), "has other values"),
        (catalog(("Hello %(name)s", "您好")), "has other values"),
        (catalog(("Hello %(name)s", "%(name)s，您好"), flags=("fuzzy",)), "is a guess"),
        (catalog(("Hello %(name)s", "%(name)s，您好"), ("Bye", "再见")), "is in no source"),
    ],
    ids=["whole", "missing", "empty", "another value", "a value less", "fuzzy", "one too many"],
)
def test_what_is_wrong_with_a_translation_is_seen(made: Catalog, problem: str) -> None:
    found = problems(catalog(("Hello %(name)s", "")), made)
    assert len(found) == bool(problem)
    assert all(problem in one for one in found)


def test_a_plural_has_as_many_forms_as_the_language_and_the_values_of_the_source() -> None:
    texts = catalog((("One row", "%(num)s rows"), ""))
    for said, is_whole in ((("%(num)s 行",), True), (("一行",), False), (("%(num)s 行", "%(num)s 行"), False)):
        made = Catalog(locale="zh_Hans")
        made.add(("One row", "%(num)s rows"), said)
        assert (problems(texts, made) == []) is is_whole


def test_what_is_obsolete_is_seen() -> None:
    made = catalog(("Hello %(name)s", "%(name)s，您好"))
    made.obsolete["Bye"] = made.get("Hello %(name)s")  # type: ignore[assignment]
    assert len(problems(catalog(("Hello %(name)s", "")), made)) == 1
