"""The half of the benchmark that is about pages: its data, what it counts, and the picture."""

from __future__ import annotations

import inspect
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import data
from benchmarks.admins import ADMINS, QUARTS, Admin
from benchmarks.fans import fans
from benchmarks.markdown import tables
from benchmarks.measures import fanout, growth, pages, traffic
from benchmarks.measures.start import resources
from benchmarks.picture import PANELS, SHORT, Panel, draw
from benchmarks.plan import Plan
from benchmarks.systems import Program, running
from rowcast.app import create_app
from rowcast.config import Settings

SVG = "{http://www.w3.org/2000/svg}"
SYSTEMS = {
    "fan-out": [fan.name for fan in fans()],
    "pages": ["Rowcast", *ADMINS, *QUARTS],
    "traffic": [*(traffic.system(rate) for rate in traffic.RATES), traffic.TUTORIAL],
}


def a_result() -> dict[str, Any]:
    """A result in which every system took part, and one was missing."""
    figures = [
        {
            "measure": panel.measure,
            "case": panel.cases[0],
            "name": panel.name,
            "system": system,
            "unit": panel.unit,
            "rounds": [3.0 * place, 4.0 * place, 5.0 * place],
            "value": 4.0 * place,
        }
        for panel in PANELS
        for place, system in enumerate(SYSTEMS[panel.measure], start=1)
        if system != panel.without
    ]
    return {
        "figures": figures,
        "ratios": [],
        "missing": [{"system": "Mercure", "reason": "it is <not> packaged & so on"}],
        "notes": [],
        "machine": {"processor": "A <processor>"},
        "versions": {},
        "when": "2026-11-22T12:00:00+00:00",
    }


def test_the_picture_names_every_system_and_what_is_missing() -> None:
    picture = draw(a_result())
    root = ElementTree.fromstring(picture)
    told = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    for system in (system for systems in SYSTEMS.values() for system in systems):
        assert SHORT.get(system, system) in told
    assert "Mercure: it is <not> packaged & so on" in told
    assert "1 edits" not in picture
    assert root.attrib["role"] == "img"
    described = root.findtext(f"{SVG}desc") or ""
    assert all(panel.title in described for panel in PANELS)
    assert "<script" not in picture


def test_the_picture_draws_a_bar_for_each_figure_and_leaves_out_what_was_not_measured() -> None:
    result = a_result()
    bars = [path for path in ElementTree.fromstring(draw(result)).iter(f"{SVG}path") if "bar" in path.attrib["class"]]
    assert len(bars) == len(result["figures"])
    result["figures"] = [figure for figure in result["figures"] if figure["measure"] == "pages"]
    root = ElementTree.fromstring(draw(result))
    assert [text.text for text in root.iter(f"{SVG}text") if text.attrib["class"] == "title"] == ["Pages a second"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_what_is_drawn_is_what_is_measured(panel: Panel) -> None:
    module = next(module for module in (fanout, pages, traffic) if panel.measure == module.NAME)
    assert f'"{panel.name}"' in inspect.getsource(module)


def test_of_a_system_that_shows_something_else_is_told_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1"]
    changed = Admin(Program("changed", lambda _, port: [*words, str(port)], lambda: "1"), "/", "/", "/", "/")
    monkeypatch.setattr(pages, "admins", lambda: [changed])
    with running([changed.program], tmp_path, lambda *why: pytest.fail(str(why))) as up:
        results = pages.measure(up, Plan(quick=True))
    assert results.missing == [("changed", "changed shows 0 rows at /, not 50")]


def test_the_tables_in_markdown_hold_every_figure_and_what_is_missing() -> None:
    result = a_result()
    text = "\n".join(tables(result))
    for figure in result["figures"]:
        assert f"| {figure['case']} | {figure['system']} |" in text
    assert "Missing: Mercure" in text


def test_all_that_a_page_makes_a_browser_load_is_counted_once() -> None:
    page = """
        <!DOCTYPE html><html><head>
        <link rel="stylesheet" href="/one.css"><link href="two.css?v=1" rel="stylesheet"><link rel="icon" href="/a.svg">
        <link rel="canonical" href="/here"><link rel="preload" as="font" href="/a.woff2">
        <script src="/one.js"></script><script>let inline = 1</script>
        <noscript><link rel="stylesheet" href="/noscript.css"></noscript>
        </head><body><img src="/a.svg"><img src="data:image/gif;base64,AA"><a href="/elsewhere">No</a></body></html>
    """
    assert resources(page, "/users/") == ["/one.css", "/users/two.css?v=1", "/a.svg", "/a.woff2", "/one.js"]


@pytest.mark.parametrize("rows", [*growth.SMALL, 10_000])
def test_a_search_finds_as_many_rows_at_each_size(rows: int) -> None:
    people = list(data.users(rows))
    assert len(people) == rows
    hits = [person for person in people if data.SEARCH in f"{person['name']} {person['email']}".lower()]
    assert len(hits) == data.HITS
    assert all(person["changed"] < datetime.now(UTC).replace(tzinfo=None) for person in people)


async def test_the_product_finds_them_in_a_filled_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    app = create_app(Settings(database=f"sqlite+aiosqlite:///{data.table(1_000)}"))
    async with app.test_app():
        client = app.test_client()
        headers = {"Host": "localhost", "Accept": "application/json"}
        every = await (await client.get("/users", headers=headers)).get_json()
        found = await (await client.get(f"/users?q={data.SEARCH}", headers=headers)).get_json()
    assert every["total"] == 1_000
    assert found["total"] == data.HITS
    assert {row["id"] for row in found["rows"]} >= {1}, "the measures edit a row that is among the hits"
