"""BodyCache that are kept: rendered once while they look the same, and never for too many."""

from __future__ import annotations

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from rowcast.routes.answers.body_cache import BodyCache
from rowcast.showing.table_renderer import TableRenderer
from tests.conftest import Outside, make_user
from tests.routes.asking import FORMATS, PAGE, PART, ask


def test_what_is_kept_is_not_made_again_and_only_the_last_are_kept() -> None:
    bodies, made = BodyCache(kept=2), []

    def get(tag: str) -> bytes:
        def make() -> str:
            made.append(tag)
            return tag

        return bodies.get(tag, make)

    assert [get(tag) for tag in "ababcab"] == [tag.encode() for tag in "ababcab"]
    assert "".join(made) == "abcab"


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that were rendered."""
    found: list[str] = []
    render = TableRenderer.render

    def counted(self: TableRenderer, name: str, **context: object) -> str:
        found.append(name)
        return render(self, name, **context)  # type: ignore[arg-type]

    monkeypatch.setattr(TableRenderer, "render", counted)
    return found


@pytest.mark.parametrize("path", ["/users", "/users?q=a", "/users/table", "/users/1"])
@pytest.mark.parametrize("form", ["page", "part"])
async def test_a_page_is_rendered_again_only_when_something_in_it_changed(
    client: Client, database: Database, outside: Outside, rendered: list[str], path: str, form: str
) -> None:
    await make_user(database, "Ada")
    first = await ask(client, "GET", path, FORMATS[form])
    once = len(rendered)
    assert once
    assert (await ask(client, "GET", path, FORMATS[form])).text == first.text
    assert len(rendered) == once
    outside.execute("UPDATE users SET username = 'Zoe', version = version + 1 WHERE id = 1")
    assert "Zoe" in (await ask(client, "GET", path, FORMATS[form])).text
    assert len(rendered) > once


async def test_a_page_that_stands_still_says_when_it_began_to(client: Client, rendered: list[str]) -> None:
    for _ in range(2):
        await ask(client, "GET", "/users?paused=1", PART)
    assert rendered.count("_listing_part.html") == 2


async def test_a_page_that_tells_something_is_for_its_reader_alone(client: Client, rendered: list[str]) -> None:
    for _ in range(2):
        assert (await ask(client, "GET", "/users?sort=nonsense", PAGE)).flash
    assert rendered.count("index.html") == 2
