"""Writes every kind of page as a file, for the HTML validator: ``python -m tests.rendered_pages FOLDER``."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable
from pathlib import Path

from quart import Response

from webapp import schema
from webapp.app import create_app
from webapp.config import Settings

ADA = {"username": "Ada <Lovelace>", "email": "ada@example.org", "role": "member", "status": "active"}
PAGES = {
    "empty": "/users",
    "listing": "/users?size=25&page=2&sort=-email&role=member",
    "nothing": "/users?q=nobody",
    "notice": "/users?sort=nonsense",
    "frame": "/users/table",
    "new": "/users/new",
    "row": "/users/1",
    "edit": "/users/1/edit",
    "delete": "/users/1/delete",
    "missing": "/users/999",
    "docs": "/docs",
}


async def write_pages(folder: Path) -> None:
    """Write the pages of a directory that is empty first and then has 60 users."""
    with tempfile.TemporaryDirectory() as temporary:
        url = f"sqlite+aiosqlite:///{temporary}/pages.db"
        schema.prepare(url)
        app = create_app(Settings(database=url))
        async with app.test_app() as running:
            client = running.test_client()

            async def write(name: str, answer: Awaitable[Response]) -> None:
                (folder / f"{name}.html").write_text(await (await answer).get_data(as_text=True))

            await write("empty", client.get(PAGES["empty"]))
            for number in range(60):
                user = ADA if number == 0 else {**ADA, "username": f"User {number}", "email": f"u{number}@example.org"}
                await client.post("/users", form=user)
            await client.post("/users/1", form={"role": "administrator"})
            for name in PAGES.keys() - {"empty"}:
                await write(name, client.get(PAGES[name]))
            await write("invalid", client.post("/users", form={**ADA, "username": "", "role": "king"}))
            await write("conflict", client.post("/users/1", form={**ADA, "version": "1"}))
            await write("refused", client.put("/users"))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    asyncio.run(write_pages(target))
