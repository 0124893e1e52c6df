"""Behind nginx, as docs/nginx.conf sets it up: streams, resuming on another node, forms, and a node that dies."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.deploy.conftest import Site
from tests.deploy.nginx import GUIDED, nginx
from tests.deploy.tab import Tab, browser, following, streams, until_both_serve, until_streams
from tests.model import Event, parts
from tests.running import ADD_USER

pytestmark = pytest.mark.only("sqlite")  # nginx is the same before both kinds

EDIT = "UPDATE users SET email = ? WHERE username = ?"
GRACE = 30.0  # seconds that readers have to come back


async def test_greeting_and_frames_come_through_one_by_one(site: Site) -> None:
    async with following(site) as stream:
        assert stream.response.http_version == "HTTP/2"
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert "hx-post" in (await stream.event()).data
        for number in range(5):  # each is made only when the one before it is there
            site.execute(EDIT, f"new{number}@example.org", "User 003")
            while f"new{number}@example.org" not in (await stream.event()).data:
                pass  # words that sum earlier changes up


async def test_nginx_would_hold_a_page_back_if_it_were_not_told(site: Site, tmp_path: Path) -> None:
    guided = GUIDED.read_text()
    untold = guided.replace("proxy_buffering off;", "proxy_ignore_headers X-Accel-Buffering;")
    assert untold != guided
    site.nodes[0].add_users(95, "Another")  # a page that is more than nginx takes at once
    async with following(site, "size=100") as stream:
        assert "Another 001" in (await stream.event()).data
    with nginx(tmp_path, [node.port for node in site.nodes], untold) as address:
        async with following(Site(address, tmp_path / "certificate.pem", site.nodes), "size=100") as stream:
            with pytest.raises(TimeoutError):
                await stream.event(2)
    await until_streams(site, 0, 0)


async def test_a_reader_resumes_on_the_other_node_with_exactly_what_it_missed(site: Site) -> None:
    await until_streams(site, 0, 0)
    async with following(site, "size=25") as first:
        known = await first.event()
        here = 0 if await streams(site.nodes[0]) else 1
        # Nginx counts the streams of each node, so the second goes to the other: both know the listing now.
        async with following(site, "size=25") as second:
            assert (await second.event()).id == known.id, "a revision is the same on every node"
            await until_streams(site, 1, 1)
        await until_streams(site, *_only(here))
        site.execute(EDIT, "missed@example.org", "User 002")
        changed = await first.event()
        # The first stays, so that this one, which goes on from what the first node said, is the other node's.
        async with following(site, "size=25", known.id) as resumed:
            await until_streams(site, 1, 1)
            missed = [await resumed.event()]
            while missed[-1].id != changed.id:
                missed.append(await resumed.event())
            assert _rows(missed) == [("outerMorph", 1)]
            assert "missed@example.org" in missed[-1].data


async def test_a_form_is_taken_from_this_site_and_from_no_other(site: Site) -> None:
    form = {"username": "Ada Lovelace", "email": "ada@example.org"}
    other = {"Origin": "https://elsewhere.example"}
    lying = {"Origin": site.address, "X-Forwarded-For": "203.0.113.9"}
    async with browser(site, "127.0.0.3") as client:
        assert (await client.post("/users", data=form, headers=other)).status_code == 403
        added = await client.post("/users", data=form, headers=lying)
        assert added.status_code == 303
        assert "; Secure" in added.headers["set-cookie"]
        # Whichever node is asked can read what the other has signed.
        for _ in site.nodes:
            page = await client.get(added.headers["location"], headers={"Cookie": _cookie(added.headers["set-cookie"])})
            assert page.url.scheme == "https"
            assert "Added Ada Lovelace" in page.text
    log = "".join(node.told for node in site.nodes)
    assert re.search(r"method=POST.* client=127\.0\.0\.3|client=127\.0\.0\.3.* method=POST", log)
    assert "203.0.113.9" not in log


async def test_what_is_for_those_that_watch_is_not_shown_to_the_world(site: Site) -> None:
    async with browser(site) as client:
        for path in ("/metrics", "/health/live", "/health/ready"):
            assert (await client.get(path)).status_code == 404


async def test_readers_of_a_killed_node_come_back_to_the_other_and_agree(site: Site) -> None:
    await until_streams(site, 0, 0)
    dying, living = site.nodes
    tabs = [Tab(site, query) for query in ("", "sort=-username", "role=administrator", "size=25") * 3]
    for tab in tabs:
        await tab.open()
    tasks = [asyncio.create_task(tab.follow()) for tab in tabs]
    try:
        await until_streams(site, 6, 6)
        site.execute(EDIT, "before@example.org", "User 003")
        dying.kill()
        site.execute(EDIT, "between@example.org", "User 003")
        site.execute(ADD_USER, "Grace Hopper", "grace@example.org", "administrator", "active")
        async with asyncio.timeout(GRACE):
            while await streams(living) < len(tabs):  # noqa: ASYNC110  it is in another process
                await asyncio.sleep(0.05)
        site.execute("DELETE FROM users WHERE username = 'User 001'")
        async with asyncio.timeout(GRACE):
            for tab in tabs:
                while not await tab.is_fresh():  # noqa: ASYNC110  it is told by another process
                    await asyncio.sleep(0.1)
        # This proves nothing unless half of them were cut off, and only those.
        assert sorted(tab.connections for tab in tabs) == [1] * 6 + [2] * 6
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not dying.is_running:
            dying.start()
            await until_both_serve(site)


def _only(here: int) -> tuple[int, int]:
    return (0, 1) if here else (1, 0)


def _rows(events: list[Event]) -> list[tuple[str, int]]:
    """The swaps of all parts that change rows, each with the number of rows that it brings."""
    found = [part for event in events for part in parts(event.data) if re.match("users?(-|$)", part.target)]
    return [(part.swap, part.content.count("<tr")) for part in found]


def _cookie(header: str) -> str:
    return header.partition(";")[0]
