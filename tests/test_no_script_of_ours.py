"""No JavaScript is written by hand: not in a file, not in a template, not in an attribute that htmx would run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from rowcast.showing.static_files import JOINED

HOUSE = Path(__file__).parent.parent
TEMPLATES = sorted((HOUSE / "templates").rglob("*.html"))
FORBIDDEN = [
    pytest.param(r"<script(?![^>]*\bsrc=)", id="an inline script"),
    pytest.param(r"<script[^>]*>\s*[^<\s]", id="a script with both a source and a body"),
    pytest.param(r"\bhx-on\b", id="hx-on"),
    pytest.param(r"\bjs:", id="a value that htmx evaluates"),
    pytest.param(r"javascript:", id="an address that is a script"),
    pytest.param(r"\son[a-z]+\s*=", id="a handler"),
    pytest.param(r"hx-trigger=\"[^\"]*\[[^\"]*\]", id="a filter of a trigger, which htmx evaluates"),
    pytest.param(r"hx-(?:vals|headers)=[\"']\s*(?:js|javascript):", id="values that htmx evaluates"),
    pytest.param(r"\sstyle\s*=|<style", id="a style that the policy forbids"),
    pytest.param(r"(?:src|href)=\"(?:https?:)?//", id="anything from elsewhere"),
]


@pytest.fixture(scope="module")
def in_git() -> list[str]:
    """What git knows, and what it would take in."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return listed.stdout.splitlines()


def test_there_is_no_script_in_git(in_git: list[str]) -> None:
    assert "webapp/app.py" in in_git, "this proves nothing unless git was asked"
    assert not [path for path in in_git if re.search(r"\.(js|mjs|cjs|jsx|ts|tsx|coffee|vue|svelte)$", path)]


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_there_is_no_script_in_a_template(pattern: str) -> None:
    assert len(TEMPLATES) > 20
    found = [
        f"{path.name}: {match[0]}"
        for path in TEMPLATES
        for match in re.finditer(pattern, path.read_text(), re.IGNORECASE)
    ]
    assert not found


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>", '<script src="a">x</script>', '<a hx-on:click="x">', '<a hx-vals="js:x">',
        '<a href="javascript:x">', '<a onclick = "x">', '<a hx-trigger="click[x]">', '<a style="x">',
        '<script src="https://cdn.example/x.js">',
    ],
)  # fmt: skip
def test_the_search_would_find_one(html: str) -> None:
    assert any(re.search(str(case.values[0]), html, re.IGNORECASE) for case in FORBIDDEN)


def test_the_only_scripts_of_a_page_are_htmx_and_its_stream() -> None:
    sources = {src for path in TEMPLATES for src in re.findall(r"<script[^>]*src=\"([^\"]*)\"", path.read_text())}
    # What others paste names where it is, and all begin with the path that we are mounted below.
    sources = {src.removeprefix("{{ origin }}").removeprefix("{{ root }}") for src in sources}
    files = {"{{ static('vendor/htmx.min.js') }}", "{{ static('vendor/hx-sse.min.js') }}"}
    assert sources == files | {"{{ static('htmx.js') }}"}
    assert {f"{{{{ static('{path}') }}}}" for path in JOINED["htmx.js"]} == files, "and nothing else is in that"


def test_htmx_is_what_its_authors_publish_less_one_statement() -> None:
    published, served = (
        (HOUSE / path).read_text() for path in ("node_modules/htmx.org/dist/htmx.min.js", "static/vendor/htmx.min.js")
    )
    begin = next(n for n, (one, other) in enumerate(zip(published, served, strict=False)) if one != other)
    length = len(published) - len(served)
    assert published[:begin] + published[begin + length :] == served
    assert re.fullmatch(r"this\.#\w+\(\w\)&&\w\.preventDefault\(\),", published[begin : begin + length])


def test_nothing_needs_the_statement_that_is_taken_out_of_htmx() -> None:
    triggers = [
        trigger
        for path in TEMPLATES
        for found in re.findall(r'hx-trigger(?::inherited)?="([^"]*)"', path.read_text())
        for trigger in found.split(", ")
    ]
    assert "input changed delay:200ms from:#q" in triggers, "this proves nothing unless they are found"
    assert not [trigger for trigger in triggers if re.match(r"(click|submit) ", trigger)]


def test_htmx_is_neither_deferred_nor_before_its_settings() -> None:
    page = (HOUSE / "templates/table/_htmx.html").read_text()
    assert "defer" not in re.sub(r"\{#.*?#\}", "", page, flags=re.DOTALL)
    assert page.index("htmx-config") < page.index("htmx.js")
    assert JOINED["htmx.js"] == ("vendor/htmx.min.js", "vendor/hx-sse.min.js")


def test_markup_is_trusted_only_where_we_made_it() -> None:
    safe = {match[0] for path in TEMPLATES for match in re.finditer(r"\{\{[^}]*\|\s*safe[^}]*\}\}", path.read_text())}
    assert safe == {
        "{{ renderer.rows(page.rows)|safe }}",
        "{{ renderer.pager(page, paused)|safe }}",
        "{{ renderer.beat()|safe }}",
    }
