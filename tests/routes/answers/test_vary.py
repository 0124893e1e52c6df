"""``Vary`` names every header that an answer depends on, so that no cache gives it to a reader whom it is not for."""

from __future__ import annotations

import re

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from tests.conftest import make_user
from tests.routes.asking import PAGE, PART

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

LISTING = "http://localhost/users?q=a&paused=1"
OTHERS = {
    "HX-Request-Type": ("partial", "full"),
    "HX-Target": ("section#listing",),
    "Accept": ("application/json", "text/csv", "*/*"),
    "Accept-Encoding": ("gzip",),
    "Accept-Language": ("zh-CN",),
    "Cookie": ("rowcast_language=zh-Hans",),
    "Sec-Fetch-Site": ("cross-site", "same-origin"),
    "Origin": ("https://others.example",),
    "Referer": (LISTING,),
    "HX-Current-URL": (LISTING,),
    "User-Agent": ("another",),
}
PATHS = (
    *("/users", "/users?sort=nonsense", "/users?q=a", "/users/1", "/users/9", "/users/new", "/users/1/edit"),
    *("/users/1/delete", "/users/1/notice", "/users/panel", "/users/table", "/users/table.css", "/users/embed"),
    *("/users/waiting", "/users/stream?sort=nonsense", "/docs", "/openapi.json", "/static/pages.css", "/nothing", "/"),
    *("/connection/live", "/connection/live?language=en", "/health/live"),
)
OF_THE_MOMENT = ("date", "vary")


async def test_every_header_that_makes_a_difference_is_named(client: Client, database: Database) -> None:
    await make_user(database, "Ada")
    decisive: set[str] = set()

    async def answer(path: str, headers: dict[str, str]) -> tuple[object, set[str]]:
        client.cookie_jar.clear()  # type: ignore[union-attr]
        got = await client.get(path, headers=headers)
        told = {name.lower(): value for name, value in got.headers.items() if name.lower() not in OF_THE_MOMENT}
        body = await got.get_data(as_text=False)
        if not got.content_encoding:
            body = re.sub(rb'"idempotency-key" value="[^"]*"', b"", body)  # of the moment as well
        return (got.status_code, told, body), {name.lower() for name in got.vary}

    for path in PATHS:
        for reader in (PAGE, PART):
            usual, named = await answer(path, reader)
            for name, values in OTHERS.items():
                for value in values:
                    other, also_named = await answer(path, reader | {name: value})
                    if other != usual:
                        decisive.add(name)
                        assert name.lower() in named & also_named, (path, name, value)
    assert decisive == OTHERS.keys() - {"User-Agent"}, "this proves nothing unless each makes a difference somewhere"
