"""Writes every kind of page, in every language, as a file for the HTML validator.

``python -m tests.rendered_pages FOLDER``
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable
from pathlib import Path

from quart import Response

from rowcast import schema
from rowcast.app import create_app
from rowcast.config import Settings
from rowcast.i18n import languages

ADA = {"username": "Ada <Lovelace>", "email": "ada@example.org", "role": "member", "status": "active"}
PAGES = {
    "empty": "/users",
    "listing": "/users?size=25&page=2&sort=-email&role=member",
    "nothing": "/users?q=nobody",
    "notice": "/users?sort=nonsense",
    "frame": "/users/table",
    "paused": "/users?size=25&paused=1",
    "frame-read": "/users/table?actions=0&theme=dark",
    "embed": "/users/embed?q=ada&size=25",
    "new": "/users/new",
    "row": "/users/1",
    "row-frame": "/users/1/notice",
    "edit": "/users/1/edit",
    "delete": "/users/1/delete",
    "missing": "/users/999",
    "docs": "/docs",
}


async def write_pages(folder: Path, language: str) -> None:
    """Write the pages of a directory that is empty first and then has 60 users."""
    with tempfile.TemporaryDirectory() as temporary:
        url = f"sqlite+aiosqlite:///{temporary}/pages.db"
        schema.prepare(url)
        app = create_app(Settings(database=url))
        async with app.test_app() as running:
            client = running.test_client()
            headers = {"Accept": "text/html", "Accept-Language": language}

            async def write(name: str, answer: Awaitable[Response]) -> None:
                (folder / f"{name}.{language}.html").write_text(await (await answer).get_data(as_text=True))

            await write("empty", client.get(PAGES["empty"], headers=headers))
            for number in range(60):
                user = ADA if number == 0 else {**ADA, "username": f"User {number}", "email": f"u{number}@example.org"}
                await client.post("/users", form=user, headers=headers)
            await client.post("/users/1", form={"role": "administrator"}, headers=headers)
            for name in sorted(PAGES.keys() - {"empty"}):
                await write(name, client.get(PAGES[name], headers=headers))
            bad = {**ADA, "username": "", "email": "ada", "role": "king", "version": "x"}
            await write("invalid", client.post("/users", form=bad, headers=headers))
            await write("conflict", client.post("/users/1", form={**ADA, "version": "1"}, headers=headers))
            await write("refused", client.put("/users", headers=headers))


async def write_all(folder: Path) -> None:
    """Write the pages in every language."""
    for language in languages():
        await write_pages(folder, language)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    asyncio.run(write_all(target))
