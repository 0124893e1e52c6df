"""On both databases the same is answered, to the byte: what a browser makes of it need not be tried on both."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import Settings
from tests.live.pages import NAMES
from tests.routes.asking import ADA, FORMATS, JSON, PAGE, PART, Got, ask
from tests.routes.following import following

PATHS = [
    "/users?size=25",
    "/users?size=25&page=2",
    "/users?q=user&role=member&sort=-email",
    "/users?sort=changed&paused=1",
    "/users?q=nobody",
    "/users?sort=nonsense",
    "/users/table?size=25",
    "/users/waiting?have=nothing",
    "/users/embed",
    "/users.csv",
    "/users/1",
    "/users/2",
    "/users/1/edit",
    "/users/1/delete",
    "/users/99",
    "/users/new",
    "/nothing",
]
# Moments, what is drawn anew for each form, and what is made of either.
VARIES = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:\d\d)?|\d\d:\d\d:\d\d|\d{10}\.\d+"
    r"|[0-9a-f]{16,}|shown=[\w-]+|(?<=key. value=.)[\w-]+|connection/[\w-]+"
)


async def told(client: Client) -> list[tuple[str, int, str]]:
    """Write in every way, and look at all that there is; return what was answered."""
    answers: list[tuple[str, int, str]] = []

    async def note(method: str, path: str, reader: dict[str, str], **sent: object) -> Got:
        got = await ask(client, method, path, reader, **sent)
        answers.append((f"{method} {path}", got.status, VARIES.sub("~", got.text)))
        return got

    for number in range(30):
        await note("POST", "/users", JSON, json=ADA | {"username": f"User {number}", "email": f"u{number}@example.org"})
    for number, name in enumerate(NAMES):
        for reader in (PAGE, PART):
            await note("POST", "/users", reader, form=ADA | {"username": name, "email": f"n{number}@example.org"})
    for reader in FORMATS.values():
        await note("POST", "/users", reader, form={"username": "", "email": "nowhere", "role": "emperor"})
        await note("PATCH", "/users/1", JSON, json={"role": "administrator"})
        await note("POST", "/users/1", reader, form={"status": "closed"})
        await note("POST", "/users/1/undo", reader)
        form = await note("GET", "/users/2/edit", PAGE)
        await note("PATCH", "/users/2", JSON, json={"email": "theirs@example.org"})
        await note("POST", "/users/2", reader, form=form.hidden | {"username": "User 1", "email": "mine@example.org"})
        await note("DELETE", "/users/3", reader)
        for language in ("en", "zh-Hans"):
            for path in PATHS:
                await note("GET", path, reader | {"Accept-Language": language})
    for ending in ("", ".json"):
        async with following(client, "?size=25", ending) as stream:
            answers.append(("stream", 200, VARIES.sub("~", (await stream.next()).data)))
    return answers


@pytest.mark.only("postgresql")
async def test_on_both_databases_the_same_is_answered(settings: Settings, migrated: Path, tmp_path: Path) -> None:
    found = []
    for url in (settings.database, f"sqlite+aiosqlite:///{shutil.copy(migrated, tmp_path / 'other.db')}"):
        app = create_app(Settings(database=url))
        async with app.test_app():
            found.append(await told(app.test_client()))
    for one, other in zip(*found, strict=True):
        assert one == other
    assert {200, 201, 303, 404, 409, 422} <= {status for _, status, _ in found[0]}
