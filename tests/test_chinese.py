"""Nothing is left in English on a Chinese page: every page and part is read for Latin words that nobody sent."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from quart.typing import TestClientProtocol as Client

from tests.rendered_pages import write_all
from tests.routes.answers.test_error_handlers import ERRORS
from tests.routes.asking import ADA, JSON, PART, ask
from tests.routes.following import following
from tests.routes.table.test_writes import BAD

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

CHINESE = {"Accept-Language": "zh-CN"}
SHOWN = ("aria-label", "aria-description", "alt", "label", "placeholder", "title")  # attributes that people are told
# Names, and what Chinese readers know by its Latin letters.
ALLOWED = {
    "Rowcast",
    "UTC",
    "CSV",
    "Excel",
    "JSON",
    "HTML",
    "PATCH",
    "DELETE",
    "ETag",
    "Prometheus",
    "Jinja",
    "htmx",
    "ROWCAST_HOSTS",
    "ROWCAST_EMBED_ORIGINS",
}
# Addresses as an example in a message; rows that the tests add.
DATA = re.compile(r"[\w.]+@[\w.]+|\bexample\.org\b|\bUser \d+")
SENT = {
    "king",
    "nonsense",
    "Ada",
    "Lovelace",
    "Bob",
    "sort",
    "page",
    "size",
    "part",
    "actions",
    "theme",
    "light",
    "dark",
}
PARTS = [
    "/users",
    "/users?sort=nonsense",
    "/users?page=nonsense",
    "/users?size=nonsense",
    "/users?role=nonsense",
    "/users?nonsense=nonsense",
    "/users/new",
    "/users/1",
    "/users/1/edit",
    "/users/1/delete",
    "/users/1/notice?version=0",
    "/users/99/notice?version=0",
    "/users/panel",
    "/users?paused=1",
    "/users/table",
    "/users/table?paused=1",
    "/users/table?actions=nonsense",
    "/users/table?theme=nonsense",
    "/users/embed",
    "/connection/live",
    "/connection/lost",
    "/connection/unsaved",
]


def latin(html: str) -> set[str]:
    """Return the Latin words that a reader of ``html`` sees or is told, without data and without code to copy."""
    found: set[str] = set()

    document = lxml.html.document_fromstring(html)
    spoken = (None, document.get("lang"))

    def read(element: Any) -> None:
        for text in (element.text, *(element.get(name) for name in SHOWN)):
            found.update(words(text or ""))
        for child in element:
            # What says that it is in another language is; bdi holds what somebody typed, code what one types.
            if (
                isinstance(child.tag, str)
                and child.tag not in ("bdi", "code", "script", "style")
                and child.get("lang") in spoken
            ):
                read(child)
            found.update(words(child.tail or ""))

    read(document)
    return found


def words(text: str) -> set[str]:
    return {word for word in re.findall(r"[A-Za-z_]{2,}", DATA.sub("", text)) if word not in ALLOWED | SENT}


def test_no_page_has_a_word_of_english(tmp_path: Path) -> None:
    asyncio.run(write_all(tmp_path))
    pages = sorted(tmp_path.glob("*.zh-Hans.html"))
    assert len(pages) > 10
    assert {page.name: found for page in pages if (found := latin(page.read_text()))} == {}
    for page in tmp_path.glob("*.en.html"):
        assert len(latin(page.read_text())) > 5, "this proves nothing unless English is found in English"


async def test_no_part_has_a_word_of_english(client: Client) -> None:
    for name in ("Ada", "Bob"):
        await ask(client, "POST", "/users", JSON, json=ADA | {"username": name, "email": f"{name}@example.org"})
    for path in PARTS:
        got = await ask(client, "GET", path, PART, headers=CHINESE)
        assert latin(f"<p>{got.text}</p>") == set(), path
    answers = [("/users/1", {"role": role}) for role in ("administrator", "king")]
    answers += [("/users/1", ADA | {"version": version}) for version in ("1", "nonsense")]
    answers += [(f"/users/1/delete?version={version}", {}) for version in ("1", "nonsense", "")]
    answers += [("/users/1", ADA), ("/users", ADA | {"username": "Eve"}), ("/users/1", {"role": "member"})]
    for path, sent in answers:
        got = await ask(client, "POST", path, PART, form=sent, headers=CHINESE)
        assert latin(f"<p>{got.text.replace('Eve', '')}</p>") == set(), (path, sent)


@pytest.mark.parametrize("query", ["", "?sort=-email&size=25"])
async def test_no_message_of_a_stream_has_a_word_of_english(client: Client, query: str) -> None:
    async with following(client, query, **CHINESE) as stream:
        greeting = (await stream.next()).data
        (token,) = re.findall('hx-post="([^"]+)"', greeting)
        await ask(client, "POST", token, PART, headers=CHINESE)
        connected = (await stream.next()).data
        await ask(client, "POST", "/users", JSON, json=ADA)
        frame = (await stream.next()).data
    assert "连接" in connected
    assert "ada@example.org" in frame
    for data in (greeting, connected, frame):
        assert latin(f"<table>{data}</table>") == set()


async def test_no_refusal_of_a_stream_has_a_word_of_english(client: Client) -> None:
    got = await ask(client, "GET", "/users/stream?sort=nonsense", {}, headers=CHINESE)
    assert (got.status, words(got.text)) == (400, set())


@pytest.mark.parametrize(("method", "path", "status", "sent"), ERRORS, ids=range(len(ERRORS)))
async def test_no_error_has_a_word_of_english(
    client: Client, method: str, path: str, status: int, sent: dict[str, Any]
) -> None:
    sent = {**sent, "headers": CHINESE | sent.get("headers", {})}
    program = await ask(client, method, path, JSON, **sent)
    assert program.status == status
    assert told(program.json) == set()
    part = await ask(client, method, path, PART, **sent)
    assert latin(f"<p>{part.text}</p>") == set()


@pytest.mark.parametrize("sent", [case.values[0] for case in BAD], ids=[case.id for case in BAD])
async def test_no_message_beside_a_field_has_a_word_of_english(client: Client, sent: dict[str, str]) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA | {"username": "Bob", "email": "bob@example.org"})
    got = await ask(client, "POST", "/users", PART, form=ADA | sent, headers=CHINESE)
    assert got.status == 422
    assert set().union(*map(words, got.told.values())) == set()


@pytest.mark.parametrize(
    "sent", [{"email": 7}, {"email": None}, {"role": []}, {"nonsense": 1}, {"version": True}], ids=str
)
async def test_what_only_programs_can_get_wrong_is_told_without_a_word_of_english(client: Client, sent: Any) -> None:
    got = await ask(client, "POST", "/users/1", JSON, json=sent, headers=CHINESE)
    assert told(got.json) <= {"administrator", "member"}


def told(problem: dict[str, Any]) -> set[str]:
    """Return the Latin words in the values of a problem."""
    problem = {name: value for name, value in problem.items() if name not in ("type", "instance")}
    errors = problem.pop("errors", {})
    return words(json.dumps([*problem.values(), *errors.values()], ensure_ascii=False))
