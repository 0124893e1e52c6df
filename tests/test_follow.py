"""The example that follows a listing: its copy is what the server says now, and people see it in a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.follow import follow, table
from tests.faults.crowd import until
from tests.faults.proxy import proxying
from tests.ports import free_port
from tests.running import Server, running

EXAMPLE = Path(__file__).parent.parent / "examples" / "follow.py"
QUERY = "q=user&size=100&sort=-username"
CUTS, CONNECTED, CUT_OFF, WRITERS = 20, 40, 10, 5
PATIENCE = 20.0  # seconds


class Follower(threading.Thread):
    """The example's own loop, in a thread; ``steps`` are those that it was told, by name."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.listing: dict[str, Any] = {}
        self.steps: Counter[str] = Counter()
        self.stopping = threading.Event()
        self._address = address

    def run(self) -> None:
        """Follow until told to stop."""
        for heard in follow(self._address):
            self.steps.update(step["step"] for step in heard.pop("steps"))
            self.listing = heard
            if self.stopping.is_set():
                return


async def edit(client: httpx.AsyncClient, dice: random.Random, number: int) -> None:
    """Add, change or delete a user; half of the changes move a row to another place."""
    id, name = dice.randint(1, 90), f"{dice.choice('AbZé[')} user {number}"
    match dice.randrange(6):
        case 0 | 1:
            await client.post("/users", json={"username": name, "email": f"user{number}@example.org"})
        case 2:
            await client.delete(f"/users/{id}")
        case 3:
            await client.patch(f"/users/{id}", json={"role": dice.choice(["administrator", "member"])})
        case 4 | 5:
            await client.patch(f"/users/{id}", json={"username": name})


async def edits(client: httpx.AsyncClient, dice: random.Random, numbers: range) -> None:
    """Let several writers make an edit for each number."""
    for first in numbers[::WRITERS]:
        await asyncio.gather(*(edit(client, dice, number) for number in range(first, first + WRITERS)))


@pytest.mark.timeout(300)
async def test_its_copy_is_true_after_a_thousand_edits_and_twenty_lost_connections(tmp_path: Path) -> None:
    dice = random.Random(5)
    with running(tmp_path, heartbeat=1) as server:
        server.add_users(60, "user")
        async with proxying(server.port) as proxy, httpx.AsyncClient(base_url=server.address) as client:
            follower = Follower(f"http://127.0.0.1:{proxy.port}/users?{QUERY}")
            follower.start()
            number = 0
            for _ in range(CUTS):
                await until(lambda: bool(proxy.halves), "it is connected")
                await edits(client, dice, range(number, number + CONNECTED))
                for half in tuple(proxy.halves):
                    assert half.transport
                    half.transport.abort()
                await until(lambda: not proxy.halves, "the connection is lost")
                await edits(client, dice, range(number + CONNECTED, number + CONNECTED + CUT_OFF))
                number += CONNECTED + CUT_OFF
            fresh = (await client.get(f"/users.json?{QUERY}")).json()
            await until(lambda: follower.listing.get("revision") == fresh["revision"], "it has heard all", PATIENCE)
            assert follower.listing == fresh
            follower.stopping.set()
            await asyncio.to_thread(follower.join, PATIENCE)
    # This proves nothing unless there was much to do, and unless steps did it.
    assert (number, len(fresh["rows"]) > 20) == (1000, True)
    assert follower.steps["reset"] == 1, follower.steps
    assert all(follower.steps[step] > 20 for step in ("insert", "update", "move", "delete")), follower.steps


@pytest.fixture
def server(tmp_path: Path) -> Any:
    """A server with one user."""
    with running(tmp_path) as started:
        started.execute("INSERT INTO users (username, email) VALUES ('Ada [bold]x', 'ada@example.org')")
        yield started


def test_as_a_program_it_shows_the_rows_in_a_terminal(server: Server) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    command = [sys.executable, str(EXAMPLE), f"{server.address}/users"]
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        # A shell lets what runs in its background ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    os.close(theirs)
    seen: list[str] = []

    def read() -> None:
        try:
            while data := os.read(ours, 65536):
                seen.append(data.decode(errors="replace"))
        except OSError:
            return  # a terminal ends so when its program has ended

    reader = threading.Thread(target=read)
    reader.start()

    def wait_for(text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", "".join(seen)):
            assert time.monotonic() < deadline, "".join(seen)
            time.sleep(0.02)

    try:
        wait_for("Ada [bold]x")
        server.execute("INSERT INTO users (username, email) VALUES ('Grace' || char(27) || '[31m', 'g@example.org')")
        wait_for("2 of 2")
        wait_for("Grace?[31m")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait(PATIENCE)
        reader.join(PATIENCE)
        os.close(ours)
    assert "Traceback" not in "".join(seen)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the example until it ends by itself."""
    return subprocess.run([sys.executable, str(EXAMPLE), *words], capture_output=True, text=True, timeout=PATIENCE)


def test_without_an_address_it_says_what_it_wants() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")


def test_a_mistyped_address_is_one_line(server: Server) -> None:
    for address in (f"{server.address}/usres", f"http://127.0.0.1:{free_port()}/users", "users", "http://["):
        done = run(address)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
        assert done.stderr.startswith(f"Cannot follow {address}: ")


def test_an_address_may_end_with_a_slash_and_a_pipe_gets_lines(server: Server) -> None:
    command = [sys.executable, str(EXAMPLE), f"{server.address}/users/"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert "ada@example.org" in process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_it_is_short_enough_to_be_read() -> None:
    code = [line for line in EXAMPLE.read_text().splitlines() if line.strip()]
    assert len(code) < 75
    assert table({"rows": [], "total": 0, "revision": ""}).row_count == 0
