"""Where the time of one edit goes: ``python -m benchmarks.profile [--readers N ...] [--edits N]``.

A real server is sent real edits through ``POST /users/3``, and each is awaited by all readers. Every millisecond of
processor time that the process uses (threads and kernel included) a signal asks which part is being worked on. What is
a part is said by wrappers around a few functions; they cost about a microsecond each. The signal comes to the main
thread, which only waits while the database's threads work; so their own clocks tell their time.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import json
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from rowcast.cli import main as program
from tests.running import ADDRESS, Server, environment

FILE = "rowcast.db"
TICK = 0.001  # seconds of processor time between two samples
HTTP, LOOP = "HTTP: parse, route, check, head", "the event loop"
WRITE, READ = "write it, and the history: one transaction", "read the page again"
PARTS = {  # what is wrapped -> the part that it is
    "rowcast.routes.answers.stream_response:StreamingHttpConnection.__call__": HTTP,
    "rowcast.routes.answers.request_parsing:_sent": "read the form",
    "rowcast.routes.table.writes:validate": "validate it",
    "rowcast.database:Database.write": WRITE,
    "rowcast.live.hub:Hub.invalidate": "tell the feeds",
    "rowcast.routes.answers.negotiated_response:make_response": "answer",
    "logging:Logger.info": "log it",
    "rowcast.live.feed:Feed._follow": LOOP,
    "rowcast.live.feed_registry:FeedRegistry._gated": READ,
    "rowcast.live.feed:Feed._move": "compare, render the row, make the frame",
    "rowcast.live.feed:Feed._push": "hand the frame to every reader",
}
THREADS = {"rowcast.database.sqlite:Sqlite._write": WRITE, "rowcast.database.sqlite:Sqlite._query": READ}
part: ContextVar[str] = ContextVar("part", default=LOOP)
HEAD = {"HX-Request-Type": "partial", "HX-Request": "true", "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


def main() -> None:
    """Measure, and print a table for Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--readers", type=int, nargs="+", default=[1, 1000])
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(Path(given.serve))
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found = [measured(readers, given.edits) for readers in given.readers]
    rows = [*dict.fromkeys(PARTS.values()), "in all"]
    told = [f"| microseconds of a core | {' | '.join(f'{readers:,} readers' for readers in given.readers)} |"]
    told += ["|---|" + "---:|" * len(found)]
    told += [f"| {row} | {' | '.join(f'{spent.get(row, 0):,.0f}' for spent in found)} |" for row in rows]
    sys.stdout.write("\n".join(told) + "\n")


def measured(readers: int, edits: int) -> dict[str, float]:
    """Return the microseconds of one edit by part, with so many ``readers``."""
    with tempfile.TemporaryDirectory() as name, served(Path(name), readers + 1) as (process, port):
        folder = Path(name)
        Server(folder).add_users(50)
        address = f"http://127.0.0.1:{port}"
        with Crowd(port, readers) as crowd, httpx.Client(base_url=address, headers=HEAD) as client:
            for number in range(edits + 20):
                if number == 20:  # all is warm
                    process.send_signal(signal.SIGUSR1)
                form = {"username": "User 003", "email": f"new{number}@example.org", "role": "member"}
                client.post("/users/3", data=form | {"status": "active"}).raise_for_status()
                crowd.wait(f"new{number}@example.org".encode())
                time.sleep(0.03)  # light load: no edit waits for the one before
            process.send_signal(signal.SIGUSR2)
            while not (folder / "samples").exists():
                time.sleep(0.1)
        spent, samples, threads = json.loads((folder / "samples").read_text())
    each = spent / sum(samples.values()) / edits * 1e6
    found = Counter({name: count * each for name, count in samples.items()})
    for name, seconds in threads.items():
        found[name] += seconds / edits * 1e6
        found[LOOP] -= seconds / edits * 1e6
    return found | {"in all": spent / edits * 1e6}


@contextmanager
def served(folder: Path, streams: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a server in ``folder`` that samples itself; it is on the first core, and we are on the last."""
    cores = sorted(os.sched_getaffinity(0))
    settings = environment(port=0, streams=streams, streams_per_client=streams, database=f"sqlite:///{folder / FILE}")
    command = [sys.executable, "-m", "benchmarks.profile", "--serve", str(folder)]
    os.sched_setaffinity(0, {cores[0]})
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=log, text=True)
    os.sched_setaffinity(0, {cores[-1]})
    try:
        assert process.stdout is not None
        found = ADDRESS.search(process.stdout.readline())
        assert found, (folder / "log").read_text()
        yield process, int(found[2])
    finally:
        process.terminate()
        process.wait(10)
        os.sched_setaffinity(0, cores)


class Crowd:
    """Readers that only count: each edit comes to each of them."""

    def __init__(self, port: int, count: int) -> None:
        self._port, self._count = port, count
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Crowd:
        for _ in range(self._count):
            peer = socket.create_connection(("127.0.0.1", self._port))
            peer.sendall(b"GET /users/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            self._selector.register(peer, selectors.EVENT_READ)
        self.wait(b'id="beat"')
        return self

    def __exit__(self, *_: object) -> None:
        for key in tuple(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def wait(self, marker: bytes) -> None:
        """Wait until all have received ``marker``."""
        missing = {key.fd for key in self._selector.get_map().values()}
        while missing:
            for key, _ in self._selector.select(10):
                if marker in key.fileobj.recv(1 << 20):  # type: ignore[union-attr]
                    missing.discard(key.fd)


def serve(folder: Path) -> None:
    """Serve from ``folder``, with wrappers and a sampler."""
    samples: Counter[str] = Counter()
    threads: dict[str, float] = defaultdict(float)  # seconds
    began = 0.0

    def sample(_number: int, _frame: FrameType | None) -> None:
        samples[part.get()] += 1

    def begin(_number: int, _frame: FrameType | None) -> None:
        nonlocal began
        samples.clear()
        threads.clear()
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, TICK, TICK)

    def tell(_number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        (folder / "half").write_text(json.dumps([time.process_time() - began, samples, threads]))
        (folder / "half").rename(folder / "samples")

    for number, handler in ((signal.SIGPROF, sample), (signal.SIGUSR1, begin), (signal.SIGUSR2, tell)):
        signal.signal(number, handler)
    for name, said in PARTS.items():
        replace(name, lambda function, said=said: wrapped(function, said))  # type: ignore[misc]
    for name, said in THREADS.items():
        replace(name, lambda function, said=said: timed(function, said, threads))  # type: ignore[misc]
    program(["serve"])


def replace(name: str, wrap: Callable[[Any], Any]) -> None:
    """Replace the function ``module:path`` by what ``wrap`` makes of it."""
    module, _, path = name.partition(":")
    *owners, function = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    setattr(owner, function, wrap(getattr(owner, function)))


def timed(function: Any, said: str, threads: dict[str, float]) -> Any:
    """Return ``function`` such that the time of the thread that it runs in counts as the part ``said``."""

    @functools.wraps(function)
    def inner(*args: Any, **options: Any) -> Any:
        began = time.thread_time()
        try:
            return function(*args, **options)
        finally:
            threads[said] += time.thread_time() - began

    return inner


def wrapped(function: Any, said: str) -> Any:
    """Return ``function`` such that samples taken in it count as the part ``said``."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def inner(*args: Any, **options: Any) -> Any:
            before = part.set(said)
            try:
                return await function(*args, **options)
            finally:
                part.reset(before)

        return inner

    @functools.wraps(function)
    def plain(*args: Any, **options: Any) -> Any:
        before = part.set(said)
        try:
            return function(*args, **options)
        finally:
            part.reset(before)

    return plain


if __name__ == "__main__":
    main()
