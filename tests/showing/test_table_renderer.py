"""Rendering: rows that pages and streams share, escaped, without white space, in addresses that change with content."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property

import lxml.html
import pytest
from jinja2 import Template

from rowcast.live.audience import Audience, EmbedOptions
from rowcast.showing.link_builder import ORIGIN
from rowcast.showing.table_renderer import PREFIXES, RendererCache, TableRenderer
from rowcast.showing.template_environment import environment, version
from rowcast.tables.listing import Listing
from rowcast.tables.page import Row
from rowcast.tables.table import Table
from rowcast.users import USERS
from tests.live.pages import NAMES, NOON, RENDERER, page, row
from tests.other_tables import KEYS, PARTS, SLOTS, fields


def test_a_row_is_rendered_once_for_each_state() -> None:
    assert RENDERER.row(row(1)) is RENDERER.row(row(1))
    assert RENDERER.row(row(1, 1)) != RENDERER.row(row(1))


@pytest.mark.parametrize("kept", [3, 100])
def test_rows_look_the_same_alone_and_together(kept: int) -> None:
    rows = [row(number) for number in range(len(NAMES))]
    renderer = TableRenderer(USERS, Audience("en"), kept)
    for some in (rows[2:5], rows, rows[::-1], []):
        assert renderer.rows(some) == "".join(TableRenderer(USERS, Audience("en")).row(one) for one in some)


HOSTILE = """'"><i title='"&amp;>"""


@pytest.mark.parametrize("place", ["username", "email", "role", "status", "changed", "created"])
def test_whatever_a_row_holds_is_shown_as_text(place: str) -> None:
    one = row(1)
    html = TableRenderer(USERS, Audience("en")).row(replace(one, values={**one.values, place: HOSTILE}))
    shown = lxml.html.fragment_fromstring(f"<table>{html}</table>")
    assert shown.findall(".//i") == []
    assert (HOSTILE in shown.text_content()) == (place in {column.name for column in USERS.columns})


def test_a_path_that_the_host_took_from_a_client_is_only_a_path() -> None:
    html = TableRenderer(USERS, Audience("en", prefix=f"/{HOSTILE}")).row(row(1))
    shown = lxml.html.fragment_fromstring(f"<table>{html}</table>")
    assert shown.findall(".//i") == []
    assert {link.get("href").startswith(f"/{HOSTILE}/users/1") for link in shown.findall(".//a")} == {True}


class OwnRows(TableRenderer):
    """A table whose rows look otherwise."""

    source = ""

    @cached_property
    def _template_of_rows(self) -> Template:
        return environment("en").from_string(self.source)


def test_rows_may_hold_tables_of_their_own_and_what_follows_them() -> None:
    class Nested(OwnRows):
        source = """{% for key, row in rows %}
<tr id="user-{{ key }}"><td><table><tr><td>{{ row["username"] }}</td></tr></table></td></tr>
<!-- after -->
{% endfor %}"""

    together, alone = Nested(USERS, Audience("en")), Nested(USERS, Audience("en"))
    rows = [row(number) for number in range(len(NAMES))]
    assert together.rows(rows) == "".join(alone.row(one) for one in rows)
    assert together.rows(rows).count("<!-- after -->") == len(rows)


@pytest.mark.parametrize("source", ["", "<!-- before --><tr id=user-1>", '<!-- before --><tr id="user-1">'])
def test_rows_that_do_not_begin_as_the_contract_says_are_told_from_the_others(source: str) -> None:
    class Wrong(OwnRows):
        pass

    Wrong.source = source
    with pytest.raises(ValueError, match="must begin each row"):
        Wrong(USERS, Audience("en")).rows([row(1)])


def test_the_rows_that_are_kept_are_not_without_end() -> None:
    renderer = TableRenderer(USERS, Audience("en"), 10)
    rendered = [renderer.row(row(id)) for id in range(1000)]
    assert rendered[-1] == renderer.row(row(999))
    assert len(renderer._rows) <= 10


def test_there_is_one_renderer_for_each_table_and_audience() -> None:
    renderers = RendererCache(10)
    assert renderers.get(USERS, Audience("en")) is renderers.get(USERS, Audience("en"))
    assert renderers.get(USERS, Audience("en")) is not renderers.get(USERS, Audience("de"))


def test_nobody_fills_the_memory_with_origins_that_are_thought_up() -> None:
    renderers = RendererCache(10)
    for number in range(1000):
        origin = f"http://localhost:{number}"
        renderer = renderers.get(USERS, Audience("en", EmbedOptions(origin)))
        html = renderer.row(row(number % 3))
        assert f'href="{origin}/users/{number % 3}"' in html
        assert ORIGIN not in html
    assert len(renderers._made) == 0
    assert [len(rows) for rows in renderers._rows.values()] == [3], "a row is kept once for all origins"


def test_nobody_fills_the_memory_with_paths_that_a_host_takes_from_its_clients() -> None:
    renderers = RendererCache(10)
    for number in range(1000):
        renderer = renderers.get(USERS, Audience("en", prefix=f"/{number}"))
        assert f'href="/{number}/users/1"' in renderer.row(row(1))
    assert len(renderers._prefixes) == len(renderers._made) == len(renderers._rows) <= PREFIXES


def test_rows_for_another_origin_are_kept_once_for_all_paths() -> None:
    renderers = RendererCache(10)
    for prefix in ("", "/a", "/b"):
        html = renderers.get(USERS, Audience("en", EmbedOptions("http://localhost"), prefix)).row(row(1))
        assert f'hx-get="http://localhost{prefix}/users/1/edit"' in html
    assert len(renderers._rows) == 1


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_no_text_of_a_row_is_taken_for_the_place_of_the_origin(number: int) -> None:
    hostile = replace(row(number), values={**row(number).values, "username": f"{ORIGIN} {NAMES[number]}"})
    html = TableRenderer(USERS, Audience("en", EmbedOptions("http://localhost"))).row(hostile)
    assert html.count("http://localhost") == html.count('="http://localhost/users/')
    assert "&lt;origin&gt;" in html


def test_the_ordinary_row_and_that_of_a_frame_are_one() -> None:
    renderers = RendererCache(10)
    framed = renderers.get(USERS, Audience("en", EmbedOptions(theme="dark")))
    assert framed.row(row(1)) is renderers.get(USERS, Audience("en")).row(row(1))
    assert "hx-" not in framed.row(row(1))


def test_the_seed_differs_wherever_a_row_looks_different() -> None:
    embeds = (
        None,
        EmbedOptions(),
        EmbedOptions("http://a"),
        EmbedOptions("http://b"),
        EmbedOptions(actions=False),
        EmbedOptions(theme="dark"),
    )
    seeds = {
        TableRenderer(USERS, Audience(language, embed, prefix)).seed
        for language in ("en", "de")
        for embed in embeds
        for prefix in ("", "/a", "/b")
    }
    assert len(seeds) == 2 * len(embeds) * 3
    assert f"{version()}/users/en" == RENDERER.seed


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_row_is_one_element_with_nothing_around_it(number: int) -> None:
    html = RENDERER.row(row(number))
    assert html.startswith(f'<tr id="user-{number}"')
    assert html.endswith("</tr>")
    assert html.count("<tr") == html.count("</tr>") == 1
    assert not re.search(r">\s+<", html)


def test_a_row_holds_nothing_personal_and_nothing_that_only_time_changes() -> None:
    html = RENDERER.row(row(1))
    assert not re.search("token|nonce|ago", html)
    assert html == TableRenderer(USERS, Audience("en")).row(row(1))


def test_ids_never_begin_with_a_digit_for_htmx_would_throw() -> None:
    html = RENDERER.render("_listing.html", page=page({1: 0}), listing=Listing(), revision="r")
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) > 4
    assert all(re.fullmatch(r"[A-Za-z][\w-]*", id) for id in ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("embed", [None, EmbedOptions("http://localhost")], ids=["page", "part of another's"])
@pytest.mark.parametrize("table", [USERS, PARTS, SLOTS], ids=lambda table: table.name)
def test_what_can_hold_the_focus_or_asks_by_itself_has_an_id_of_its_own(
    table: Table, embed: EmbedOptions | None
) -> None:
    more = {"created": NOON, "changed": NOON, "version": 1}
    rows = [Row(key, str(key).encode(), {**fields(table, key), **more}) for key in KEYS.get(table, ())]
    html = TableRenderer(table, Audience("en", embed)).rows(rows or [row(number) for number in range(120)])
    document = lxml.html.document_fromstring(f"<table><tbody>{html}</tbody></table>")
    asking = "@*[starts-with(name(), 'hx-')]"
    found = document.xpath(f"//tr | //a | //button | //form | //input | //select | //*[@tabindex or {asking}]")
    assert len(found) >= 6 * len(document.xpath("//tr")), "this proves nothing unless they are there"
    assert len({element.get("id", "").casefold() for element in found} - {""}) == len(found)


def test_a_template_that_lacks_a_value_fails_instead_of_showing_nothing() -> None:
    assert environment("en").undefined.__name__ == "StrictUndefined"
    assert environment("en").autoescape is True


@pytest.mark.parametrize(
    ("language", "moment", "shown"),
    [
        ("en", datetime(2026, 3, 4, 15, 6, 59, 999999, UTC), "Mar 4, 2026, 15:06"),
        ("zh-Hans", datetime(2026, 3, 4, 15, 6, 59, 999999, UTC), "2026年3月4日 15:06"),
        ("en", datetime(1, 1, 1, tzinfo=UTC), "Jan 1, 1, 00:00"),
        ("zh-Hans", datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "9999年12月31日 23:59"),
    ],
)
def test_a_moment_is_for_people_in_their_language_and_for_programs_in_utc(
    language: str, moment: datetime, shown: str
) -> None:
    exact = moment.isoformat(timespec="minutes").removesuffix("+00:00")
    assert environment(language).filters["minute"](moment) == f'<time datetime="{exact}Z">{shown}</time>'
    assert f">{moment:%H:%M:%S}</time>" in environment(language).filters["second"](moment)
