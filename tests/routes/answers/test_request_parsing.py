"""Reading: a form and JSON alike; anything else, too much, and what cannot be parsed is refused with the reason."""

from __future__ import annotations

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.routes.answers.error_handlers import TITLES
from tests.routes.asking import ADA, FORMATS, JSON, ask

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

JSON_BODY = {"Content-Type": "application/json"}
FORM_BODY = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("path", ["/users", "/users/1"])
@pytest.mark.parametrize(
    ("type", "body", "status"),
    [
        pytest.param("application/json", b"{", 400, id="half of JSON"),
        pytest.param("application/json", b"[1]", 400, id="a list"),
        pytest.param("application/json", b'"Ada"', 400, id="a text"),
        pytest.param("application/json", b"null", 400, id="null"),
        pytest.param("application/json", b"\xff\xfe{}", 400, id="bytes that are no text"),
        pytest.param("application/json", b'{"a":' + b"[" * 30_000, 400, id="a deep pit"),
        pytest.param("application/json", b'{"version":' + b"9" * 5000 + b"}", 400, id="a number without end"),
        pytest.param("text/plain", b"username=Ada", 415, id="plain text"),
        pytest.param("application/xml", b"<a/>", 415, id="XML"),
        pytest.param("", b"username=Ada", 415, id="no type"),
        pytest.param("application/x-www-form-urlencoded", b"x" * 1_000_000, 413, id="a form of 1 MB"),
        pytest.param("application/json", b"x" * 1_000_000, 413, id="JSON of 1 MB"),
        pytest.param("text/plain", b"x" * 1_000_000, 413, id="1 MB of anything"),
        pytest.param("multipart/form-data; boundary=b", b"x" * 1_000_000, 413, id="a form with files of 1 MB"),
    ],
)
async def test_a_body_that_cannot_be_used_is_refused_in_the_readers_format(
    client: Client, path: str, type: str, body: bytes, status: int
) -> None:
    for name, reader in FORMATS.items():
        got = await ask(client, "POST", path, reader, data=body, headers={"Content-Type": type})
        title = TITLES[status].translate("en")
        assert got.status == status
        if name == "json":
            assert (got.json["status"], got.json["title"]) == (status, title)
        else:
            assert got.is_document == (name == "page")
            assert title in got.html.text_content()


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("application/x-www-form-urlencoded", b"username=%C3%84da&email=ada%40example.org"),
        ("application/x-www-form-urlencoded; charset=utf-8", b"username=%C3%84da&email=ada%40example.org&back=q%3Da"),
        ("application/json", '{"username": "Äda", "email": "ada@example.org"}'.encode()),
        ("application/problem+json", b'{"username": "\\u00c4da", "email": "ada@example.org"}'),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nÄda\r\n'
            '--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nada@example.org\r\n--b--\r\n'.encode(),
        ),
    ],
)
async def test_a_form_and_json_mean_the_same(client: Client, type: str, body: bytes) -> None:
    got = await ask(client, "POST", "/users", JSON, data=body, headers={"Content-Type": type})
    assert got.status == 201
    assert (got.json["username"], got.json["email"], got.json["role"]) == ("Äda", "ada@example.org", "member")


async def test_bytes_that_are_no_text_in_a_form_do_no_harm(client: Client) -> None:
    got = await ask(client, "POST", "/users", JSON, data=b"username=%FF%FE&email=%00", headers=FORM_BODY)
    assert got.status == 422


async def test_a_body_of_nearly_64_kib_is_read(client: Client) -> None:
    got = await ask(client, "POST", "/users", JSON, json=ADA | {"username": "x" * 60_000})
    assert got.status == 422
    assert "these are 60,000" in got.json["errors"]["username"]
