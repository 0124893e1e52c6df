"""The stream in a terminal: ``curl -N`` and the ``sqlite3`` program, as the README shows them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread

from tests.postgres import Databases
from tests.running import Server
from tests.server.stream import PATIENCE, Event

CURL = shutil.which("curl") or "curl"


class Curl:
    """One ``curl -N`` and the events that it prints."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.events: Queue[Event] = Queue()
        self._process = process
        self._thread = Thread(target=self._read)
        self._thread.start()

    def event(self) -> Event:
        """Return the next event that it prints."""
        return self.events.get(timeout=PATIENCE)

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._thread.join(PATIENCE)

    def _read(self) -> None:
        assert self._process.stdout is not None
        raw = b""
        with self._process.stdout as lines:
            for line in lines:
                raw += line
                if line == b"\n":
                    self.events.put(Event(raw))
                    raw = b""


@contextmanager
def curl(server: Server, query: str, *options: str) -> Iterator[Curl]:
    """Run ``curl -N`` on the stream until it is killed."""
    command = [CURL, "-sN", *options, f"{server.address}/users/stream?{query}"]
    started = Curl(subprocess.Popen(command, stdout=subprocess.PIPE))
    try:
        yield started
    finally:
        started.kill()


def test_curl_prints_the_greeting_and_a_frame_for_each_change(server: Server, word: str) -> None:
    server.add_users(5, word)
    with curl(server, f"q={word}") as terminal:
        assert terminal.event().is_greeting
        for number in range(1, 4):
            server.execute("UPDATE users SET role = 'administrator' WHERE username = ?", f"{word} 00{4 - number}")
            server.execute("UPDATE users SET email = ? WHERE username = ?", f"new{number}@{word}.org", f"{word} 005")
            while f"new{number}@{word}.org" not in (event := terminal.event()).data:
                pass
            assert event.id


def test_curl_killed_and_resumed_gets_exactly_what_it_missed(server: Server, word: str) -> None:
    server.add_users(5, word)
    with curl(server, f"q={word}") as terminal:
        seen = terminal.event().id
    server.execute("UPDATE users SET status = 'closed' WHERE username = ?", f"{word} 001")
    with curl(server, f"q={word}", "-H", f"Last-Event-ID: {seen}") as terminal:
        # The feed may hear of the change just before or just after it greets: what was missed is there once.
        missed = terminal.event()
        if not missed.parts:
            missed = terminal.event()
        assert [swap for target, swap in missed.parts if not target.startswith("#notice")] == ["outerMorph"]
        assert missed.data.count("<tr") == 1
        now = missed.id
    with curl(server, f"q={word}", "-H", f"Last-Event-ID: {now}") as terminal:
        greeting = terminal.event()
        assert greeting.id == now
        assert greeting.parts == []


def test_an_edit_in_the_databases_own_program_is_printed_by_curl(
    server: Server, word: str, dialect: str, cluster: Databases
) -> None:
    sqlite3 = shutil.which("sqlite3")
    assert sqlite3, "install sqlite3, which the README names"
    command = [sqlite3, "-cmd", ".timeout 5000", str(server.file)]
    if dialect == "postgresql":
        command = [str(cluster.psql), "-q", server.url.replace("+asyncpg", ""), "-c"]
    server.add_users(5, word)
    with curl(server, f"q={word}") as terminal:
        assert terminal.event().is_greeting
        edit = f"UPDATE users SET role = 'administrator' WHERE username = '{word} 002'"
        subprocess.run([*command, edit], check=True, timeout=PATIENCE)
        change = terminal.event()
        assert "Administrator" in change.data
        assert change.data.count("<tr") == 1
