"""Assets: joined of files that stay apart, at addresses that change with the content."""

from __future__ import annotations

import re

import pytest

from rowcast.showing.package_folders import folder
from rowcast.showing.static_files import JOINED, SCOPED, SHEETS, content, names, scoped_sheet, static


def test_the_address_of_a_static_file_changes_with_its_content() -> None:
    assert re.fullmatch(r"/static/favicon\.svg\?v=[0-9a-f]{12}", static("favicon.svg"))
    assert len({static(name).partition("=")[2] for name in names()}) == len(names()), "no two have the same digest"
    with pytest.raises(FileNotFoundError):
        static("no-such-file.css")


def test_what_is_joined_holds_each_of_its_files_whole_and_in_order() -> None:
    for name, paths in JOINED.items():
        places = [content(name).index((folder("static") / path).read_bytes()) for path in paths]
        assert places == sorted(places)


def test_every_style_sheet_reaches_somebody() -> None:
    sheets = {path.stem for path in (folder("static") / "css").glob("*.css")}
    assert sheets == {*SHEETS, *SCOPED, "noscript"}


def test_in_pages_of_others_nothing_outside_is_touched() -> None:
    assert scoped_sheet().startswith("@scope (#embed) {")
    assert ":root" not in scoped_sheet()
