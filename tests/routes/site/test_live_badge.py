"""The connection log and the badge."""

from __future__ import annotations

import re

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import Settings
from tests.routes.asking import PAGE, PART, ask
from tests.routes.following import following, targets


@pytest.mark.parametrize(("state", "word"), [("live", "Live"), ("lost", "Reconnecting")])
async def test_the_badge_is_there_when_the_server_is_not(client: Client, state: str, word: str) -> None:
    page = await ask(client, "GET", "/users", PAGE)
    [path] = {found for found in page.html.xpath("//@hx-get") if found.startswith(f"/connection/{state}")}
    got = await ask(client, "GET", path, PART)
    assert (got.status, got.is_document) == (200, False)
    assert word in got.text
    assert "max-age=86400" in got.headers["Cache-Control"]
    assert "Vary" not in got.headers, "or it would not be found in the cache"


async def test_a_badge_that_is_asked_for_in_no_language_is_the_readers(client: Client) -> None:
    for path in ("/connection/live", "/connection/live?language=junk"):
        got = await ask(client, "GET", path, PART, headers={"Accept-Language": "zh-CN"})
        assert (got.headers["Content-Language"], got.headers["Vary"]) == ("zh-Hans", "Accept-Language, Cookie")


@pytest.mark.parametrize("token", ["junk", "x" * 1000, "%00", "live"])
async def test_an_answer_that_nobody_waits_for_is_404(client: Client, token: str) -> None:
    assert (await ask(client, "POST", f"/connection/{token}", PART)).status in (404, 405)


@pytest.mark.only("postgresql")
async def test_an_answer_that_reaches_another_process_travels_to_the_stream_all_the_same(
    client: Client, settings: Settings
) -> None:
    other = create_app(settings)
    async with other.test_app(), following(client) as stream:
        greeting = (await stream.next()).data
        (path,) = re.findall(r'hx-post="(/connection/[^"]+)"', greeting)
        got = await ask(other.test_client(), "POST", path, PART)
        assert got.status == 202
        assert targets(await stream.next()) == ["log"]
        assert (await ask(client, "POST", path, PART)).status == 202, "it is answered, which nobody knows for sure"


@pytest.mark.parametrize("query", ["", "?q=a%27%3B+rm+-rf+~&role=member", "?q=%22%3E%3Cb%3E"])
async def test_the_line_to_copy_is_this_listings_stream(client: Client, query: str) -> None:
    for reader in (PAGE, PART):
        got = await ask(client, "GET", f"/users{query}", reader)
        line = got.html.get_element_by_id("address").text_content()
        assert line == f"curl -N 'http://localhost/users/stream{query}'"
        assert line.count("'") == 2, "nothing in it ends the quotation"
