"""Exports of a real server: they begin at once, take little memory, and nobody can hold the database by one."""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from rowcast.routes.table.csv_export import EACH
from tests.programs import program
from tests.running import Server
from tests.server.conftest import Serve

ROWS = 60_000
PATIENCE = 10.0  # seconds
FILL = """
    INSERT INTO users (username, email, username_key, email_key)
    SELECT 'User ' || i, 'u' || i || '@example.org', 'user ' || i, 'u' || i || '@example.org'
    FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n) AS numbers
"""


def filled(serve: Serve, **settings: object) -> Server:
    """Start a server of many users."""
    server = serve(**settings)
    server.execute(FILL.format(count=ROWS))
    return server


def peak(server: Server) -> int:
    """Return the most memory that the server has had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def export(server: Server, client: str = "127.0.0.1") -> int:
    """Return the status of an export for ``client`` as soon as it is known."""
    transport = httpx.HTTPTransport(local_address=client)
    with httpx.Client(transport=transport, timeout=PATIENCE) as http:  # noqa: SIM117
        with http.stream("GET", f"{server.address}/users.csv") as answer:
            return answer.status_code


def until_there_is_room(server: Server) -> None:
    """Wait until an export is not refused."""
    deadline = time.monotonic() + PATIENCE
    while (status := export(server)) != 200:
        assert status == 503
        assert time.monotonic() < deadline, "the places stay taken"
        time.sleep(0.05)


def until_it_is_let_go(server: Server) -> None:
    """Wait until nobody reads an old state of the database."""
    deadline = time.monotonic() + PATIENCE
    while not is_let_go(server):
        assert time.monotonic() < deadline, "somebody still reads"
        time.sleep(0.05)


def is_let_go(server: Server) -> bool:
    """Whether nobody reads an old state of the database, so that SQLite can empty its log."""
    with program(server.url) as other:
        other.execute("PRAGMA busy_timeout = 0")  # or it would wait for them
        return bool(other.execute("PRAGMA wal_checkpoint(TRUNCATE)")[0][0] == 0)


@pytest.mark.parametrize(("ending", "least"), [("csv", 100 * ROWS), ("xlsx", 30 * ROWS)])
def test_a_large_listing_begins_at_once_and_takes_little_memory(serve: Serve, ending: str, least: int) -> None:
    server = filled(serve)
    assert export(server) == 200
    before = peak(server)

    def begins_at_once() -> bool:
        began, first, size = time.monotonic(), 0.0, 0
        with httpx.stream("GET", f"{server.address}/users.{ending}?sort=-email", timeout=PATIENCE) as answer:
            for chunk in answer.iter_raw():
                first = first or time.monotonic() - began
                size += len(chunk)
        assert size > least
        return first < (time.monotonic() - began) / 2

    assert any(begins_at_once() for _ in range(5)), "one may be late, where other programs take the processor"
    assert peak(server) - before < 100 * ROWS / 2


def test_an_answer_to_http_1_0_is_not_in_chunks(serve: Serve) -> None:
    server = serve()
    server.execute("INSERT INTO users (username, email) VALUES ('Ada', 'ada@example.org')")
    for path in ("/users.csv", "/users.xlsx", "/users.json", "/health/live", "/nothing"):
        for method in (b"GET", b"HEAD"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
                connection.sendall(b"%b %b HTTP/1.0\r\nHost: localhost\r\n\r\n" % (method, path.encode()))
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            head, body = answer.split(b"\r\n\r\n", 1)
            assert b"transfer-encoding" not in head.lower()
            assert (body == b"") == (method == b"HEAD")
            if method == b"GET" and path.startswith("/users"):
                if path == "/users.xlsx":
                    assert ZipFile(io.BytesIO(body)).testzip() is None
                else:
                    assert body == httpx.get(f"{server.address}{path}").content


def stalled(server: Server) -> Iterator[socket.socket]:
    """Begin as many exports as one client may, and read nothing of them."""
    for _ in range(EACH):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(b"GET /users.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
        yield connection


@pytest.mark.only("sqlite")
def test_readers_that_take_nothing_keep_neither_the_database_nor_the_exports_of_others(serve: Serve) -> None:
    server = filled(serve)
    connections = list(stalled(server))
    assert export(server) == 503
    assert export(server, "127.0.0.2") == 200
    server.execute("UPDATE users SET role = 'administrator' WHERE id = 1")
    until_it_is_let_go(server)
    assert export(server) == 503, "this proves nothing unless they are still there"
    for connection in connections:
        connection.close()


def test_readers_that_take_nothing_are_cut(serve: Serve) -> None:
    server = filled(serve, stall=1)
    connections = list(stalled(server))
    until_there_is_room(server)
    for connection in connections:
        connection.close()


@pytest.mark.only("sqlite")
def test_readers_that_leave_let_the_database_go(serve: Serve) -> None:
    server = filled(serve)
    for _ in range(20):
        until_there_is_room(server)  # which leaves in the middle
    server.execute("UPDATE users SET role = 'administrator' WHERE id = 1")
    until_there_is_room(server)
    until_it_is_let_go(server)


def test_all_rows_are_of_one_moment(serve: Serve) -> None:
    server = filled(serve)
    told = []
    with httpx.stream("GET", f"{server.address}/users.csv", timeout=PATIENCE) as answer:
        for number, line in enumerate(answer.iter_lines()):
            if number == 1:
                server.execute("UPDATE users SET role = 'administrator'")
            told.append(line)
    assert len(told) == ROWS + 1
    assert not [line for line in told if "administrator" in line]
