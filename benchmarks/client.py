"""The load client, which is a program in C (load.c): what it is told, and what it answers."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.processor import CLIENT, pinned

LOAD = Path("build/benchmarks/load")
HOST = "127.0.0.1"
MARK = "zq"  # what six digits stand behind in every edit
OPEN = 120.0  # seconds that all readers may take to open


class Failed(Exception):
    """The load client could not do what it was told."""


def why(error: Exception) -> str:
    """Return what went wrong; what others raise says little without its type."""
    return str(error) if isinstance(error, Failed) else repr(error)


@dataclass(frozen=True)
class Told:
    """When the readers were told of one edit, in seconds since it was due."""

    readers: int
    first: float
    p50: float
    p99: float
    last: float
    answered: float
    status: int


@dataclass(frozen=True)
class Answered:
    """What requests one after another were answered; times in seconds."""

    count: int
    seconds: float
    p50: float
    p99: float
    bytes: int
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.count / self.seconds


def request(method: str, path: str, form: dict[str, str] | bytes | None = None, **headers: str) -> bytes:
    """Return a request in HTTP/1.1; ``form`` is sent as a browser sends one, bytes as they are."""
    body = form if isinstance(form, bytes) else urlencode(form or {}).encode()
    said = {"Host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if method != "GET":
        said = {"Content-Type": "application/x-www-form-urlencoded"} | said | {"Content-Length": str(len(body))}
    head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items()), "", ""]
    return "\r\n".join(head).encode() + body


def marked(number: int) -> str:
    """Return what an edit holds by which readers show that they were told of it."""
    return f"{MARK}{number:06}"


class Readers:
    """Open streams, of which the load client hears; made by ``reading``."""

    def __init__(self, process: subprocess.Popen[bytes], wanted: int) -> None:
        self.wanted = wanted
        self.busy = 0.0  # seconds from the first of the last edits until all were told of all
        self._process = process
        (opened, nanoseconds), *_ = self._lines("open")
        if opened != wanted:
            raise Failed(f"only {opened:.0f} of {wanted} readers were open after {nanoseconds / 1e9:.0f} s")
        self.took = nanoseconds / 1e9  # seconds until all were open

    def edit(
        self,
        first: int,
        requests: Sequence[bytes],
        *,
        connections: int = 1,
        every: float = 0,
        wanted: int | None = None,
        seconds: float = 20,
    ) -> list[Told]:
        """Send edits that carry the marks from ``first`` on, and wait until ``wanted`` readers (None: all) know all.

        One goes out ``every`` so many seconds; 0: each when one before it is answered, on so many connections, and the
        last one after all others.
        """
        sent = b"".join(requests)
        wanted = self.wanted if wanted is None else wanted
        numbers = first, len(requests), connections, int(every * 1e9), wanted, seconds, len(sent)
        self._tell(f"edits {' '.join(map(str, numbers))}\n".encode() + sent)
        return self._told()

    def expect(self, first: int, count: int = 1, *, wanted: int | None = None, seconds: float = 20) -> list[Told]:
        """Wait until ``wanted`` readers know of the edits from ``first`` on, which others make.

        The times are those of ``time.monotonic()``.
        """
        self._tell(f"expect {first} {count} {self.wanted if wanted is None else wanted} {seconds}\n".encode())
        return self._told()

    def count(self) -> int:
        """Return the bytes that all readers together have received; raises Failed when one was lost."""
        self._tell(b"count\n")
        ((total, lost),) = self._lines("count")
        if lost:
            raise Failed(f"{lost:.0f} readers were dropped")
        return int(total)

    def _tell(self, command: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command)
        self._process.stdin.flush()

    def _told(self) -> list[Told]:
        *lines, (took,) = self._lines("told", until="done")
        self.busy = took / 1e9
        return [_edit(*line) for line in lines]

    def _lines(self, word: str, until: str = "") -> list[list[float]]:
        assert self._process.stdout is not None
        found: list[list[float]] = []
        for line in self._process.stdout:
            name, *numbers = line.decode().split()
            if name in (word, until):
                found.append([float(number) for number in numbers])
            if name == (until or word):
                return found
        raise Failed(f"the load client ended with status {self._process.wait()}")


@contextmanager
def reading(
    port: int,
    count: int,
    requests: Sequence[bytes],
    ready: str = "\r\n\r\n",
    rules: Sequence[tuple[bytes, bytes]] = (),
) -> Iterator[Readers]:
    """Open ``count`` streams: the reader i sends the i-th of ``requests``, which begin again at their end.

    One is open when it has received ``ready`` (empty: when it has asked). ``rules``: what to send whenever something
    has been received. Raises Failed when they cannot all be opened.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(requests))
        file.flush()
        words: list[str | bytes] = [str(LOAD), "listen", HOST, str(port), str(count), ready, MARK, file.name]
        words += [text for rule in rules for text in rule]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=pinned(CLIENT))
        with process:
            try:
                yield Readers(process, count)
            finally:
                process.kill()


def get(port: int, connections: int, seconds: float, requests: Iterable[bytes]) -> Answered:
    """Send ``requests`` in turn, on each connection one after another, for so many seconds."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(requests))
        file.flush()
        words = [str(LOAD), "get", HOST, str(port), str(connections), str(seconds), file.name]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=seconds + 30, preexec_fn=pinned(CLIENT), check=False
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"the load client did not end within {seconds + 30:.0f} s") from None
    if done.returncode:
        raise Failed(done.stderr.strip() or f"the load client ended with status {done.returncode}")
    (_, count, took, p50, p99, total), *statuses = (line.split() for line in done.stdout.splitlines())
    return Answered(
        int(count),
        float(took),
        int(p50) / 1e9,
        int(p99) / 1e9,
        int(total),
        {int(status): int(number) for _, status, number in statuses},
    )


def _edit(count: float, first: float, p50: float, p99: float, last: float, answered: float, status: float) -> Told:
    return Told(int(count), first / 1e9, p50 / 1e9, p99 / 1e9, last / 1e9, answered / 1e9, int(status))
