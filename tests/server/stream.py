"""A reader of a stream that sees every byte: the head, the chunks, the events, and how it ended."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

PATIENCE = 10.0  # seconds that anything may take


@dataclass(frozen=True)
class Event:
    """One event as it came: its bytes, those of the chunk that held it included, and its fields."""

    raw: bytes
    chunk: bytes = b""

    @property
    def fields(self) -> dict[str, list[str]]:
        """The values of each field, by name."""
        found: dict[str, list[str]] = {}
        for line in re.split("\r\n|\r|\n", self.raw.decode().strip("\n")):
            name, _, value = line.partition(": ")
            found.setdefault(name, []).append(value)
        return found

    @property
    def id(self) -> str:
        """Its id."""
        return self.fields["id"][0]

    @property
    def data(self) -> str:
        """Its data, joined as a browser joins it."""
        return "\n".join(self.fields["data"])

    @property
    def is_greeting(self) -> bool:
        """Whether it is the first message of a stream."""
        return 'hx-target="#log"' in self.data and "hx-post" in self.data

    @property
    def is_beat(self) -> bool:
        """Whether it is a heartbeat."""
        return 'hx-target="#beat"' in self.data and not self.is_greeting

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Target and swap of each part that changes the table."""
        tags = re.findall(r"<hx-partial ([^>]*)>", self.data)
        pairs = [(_attribute("hx-target", tag), _attribute("hx-swap", tag) or "innerHTML") for tag in tags]
        return [(target, swap) for target, swap in pairs if target not in ("#log", "#beat", "#summary")]


class Reader:
    """One connection that follows a stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_clean = False  # whether the body ended as its framing promises
        self._reader, self._writer = reader, writer
        self._rest = b""
        self._chunk = b""  # the last that came, framing included

    async def read_head(self) -> None:
        """Read status and headers."""
        head = (await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    async def event(self, patience: float = PATIENCE) -> Event:
        """Return the next event; raises EOFError when the stream ended, TimeoutError when nothing came."""
        async with asyncio.timeout(patience):
            while b"\n\n" not in self._rest:
                self._rest += await self._more()
        raw, _, self._rest = self._rest.partition(b"\n\n")
        return Event(raw + b"\n\n", self._chunk)

    async def change(self, patience: float = PATIENCE) -> Event:
        """Return the next event that changes the table."""
        async with asyncio.timeout(patience):
            while not (event := await self.event(patience)).parts:
                pass
        return event

    async def text(self) -> str:
        """Return the whole body of a response that has a length."""
        length = int(self.headers["content-length"])
        return (await asyncio.wait_for(self._reader.readexactly(length), PATIENCE)).decode()

    async def end(self, patience: float = PATIENCE) -> list[Event]:
        """Wait until the stream ends; return the events until then."""
        found = []
        async with asyncio.timeout(patience):
            try:
                while True:
                    found.append(await self.event(patience))
            except (EOFError, ConnectionError):
                return found

    async def is_quiet(self, seconds: float) -> bool:
        """Whether no change comes for so long."""
        try:
            await self.change(seconds)
        except TimeoutError:
            return True
        return False

    def abort(self) -> None:
        """Cut the connection."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Cut the connection, and wait until it is gone."""
        self.abort()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _more(self) -> bytes:
        if "transfer-encoding" not in self.headers:
            if not (data := await self._reader.read(65536)):
                self.is_clean = not self._rest
                raise EOFError
            return data
        line = await self._reader.readuntil(b"\r\n")
        content = await self._reader.readexactly(int(line, 16) + 2)
        self._chunk = line + content
        if content == b"\r\n":
            self.is_clean = True
            raise EOFError
        return content[:-2]


@asynccontextmanager
async def following(
    port: int, query: str = "", *, have: str = "", http: str = "1.1", buffer: int = 0, **headers: str
) -> AsyncIterator[Reader]:
    """Follow the stream of a listing; ``have`` goes as Last-Event-ID, ``buffer`` makes the socket's small."""
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    options: dict[str, Any] = {"limit": 2**12 if buffer else 2**20}
    reader = Reader(*await asyncio.open_connection(sock=connection, **options))
    names = {"Host": f"127.0.0.1:{port}", "Accept": "text/event-stream"}
    names |= {"Last-Event-ID": have} if have else {}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET /users/stream{query and '?' + query} HTTP/{http}", *(f"{n}: {v}" for n, v in names.items())]
    reader._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    try:
        await reader.read_head()
        yield reader
    finally:
        await reader.close()


def _attribute(name: str, tag: str) -> str:
    found = re.search(f'{name}="([^"]*)"', tag)
    return found[1] if found else ""
