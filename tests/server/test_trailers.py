"""Trailers: headers that come after a body in chunks are never taken for those before it."""

from __future__ import annotations

import socket

import pytest

from tests.running import Server

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

HEAD = (
    b"POST /users HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)
BODY = b"username=Ada&email=ada@example.org"
CHUNKS = b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)


def answered(server: Server, before: bytes, after: bytes) -> str:
    """Send a request in one piece, as whoever wants to be taken for somebody else would; return the status line."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(HEAD + before + b"\r\n" + CHUNKS + after + b"\r\n")
        with connection.makefile("rb") as lines:
            return lines.readline().decode()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"Accept: application/json\r\n", " 201 "),
        (b"Origin: https://evil.example\r\n", " 403 "),
    ],
)
def test_a_trailer_changes_nothing(server: Server, line: bytes, status: str) -> None:
    assert " 303 " in answered(server, b"", line)
    server.execute("DELETE FROM users")
    assert status in answered(server, line, b""), "this proves nothing unless the header would"
