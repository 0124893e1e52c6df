"""What a server holds, seen from outside: memory, open files, and its own metrics."""

from __future__ import annotations

import asyncio
import os
import re
import resource
from contextlib import suppress
from pathlib import Path

import httpx

from tests.faults.readers import PATIENCE
from tests.running import Server


def memory(server: Server) -> int:
    """Return the resident memory of the server, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found, status
    return int(found[1]) * 1024


def workers(server: Server) -> list[int]:
    """Return the ids of the worker processes."""
    parent = server.process.pid
    return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


async def all_run(server: Server, count: int) -> None:
    """Wait until so many workers serve."""
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(metric, server, "rowcast_workers") != count:  # noqa: ASYNC110  another process
            await asyncio.sleep(0.05)


def sockets(process: int) -> int:
    """Return how many sockets a process has open."""
    found = 0
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found += str(file.readlink()).startswith("socket:")
    return found


def kernel_memory() -> int:
    """Return what all TCP sockets of this machine hold in the kernel, in bytes."""
    found = re.search(r"TCP: .* mem (\d+)", Path("/proc/net/sockstat").read_text())
    assert found
    return int(found[1]) * resource.getpagesize()


def files(server: Server) -> int:
    """Return how many files and sockets the server has open."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


async def warmed(server: Server) -> int:
    """Make the server open all that it keeps open anyway, such as its connections to the database; return the files."""
    async with httpx.AsyncClient(base_url=server.address, timeout=PATIENCE) as client:

        async def ask(number: int) -> None:
            # Each another listing: those of one would be read once. A busy machine can be too slow for the server.
            while (answer := await client.get(f"/users?q={number}")).status_code == httpx.codes.REQUEST_TIMEOUT:
                pass
            answer.raise_for_status()

        await asyncio.gather(*map(ask, range(60)))
    await asyncio.sleep(0.5)  # what it opened for the moment is closed
    return files(server)


def metric(server: Server, name: str) -> float:
    """Return one metric of the server."""
    text = httpx.get(f"{server.address}/metrics", timeout=PATIENCE).raise_for_status().text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"no metric {name}"
    return float(found[1])


async def fall(server: Server, name: str, to: float, patience: float) -> float:
    """Wait until the metric is ``to`` or less; return how long that took, in seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while (value := await asyncio.to_thread(metric, server, name)) > to:
        assert loop.time() < began + patience, f"{name} is still {value} after {patience} s, not {to}"
        await asyncio.sleep(0.1)
    return loop.time() - began


async def rise(server: Server, name: str, to: float) -> None:
    """Wait until the metric is ``to`` or more."""
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(metric, server, name) < to:  # noqa: ASYNC110  it is in another process
            await asyncio.sleep(0.05)


async def files_fall(server: Server, to: int, patience: float) -> float:
    """Wait until the server has at most ``to`` files open; return how long that took, in seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while (count := files(server)) > to:
        assert loop.time() < began + patience, f"{count} files are still open after {patience} s, not {to}"
        await asyncio.sleep(0.1)
    return loop.time() - began


def processor(process: int) -> float:
    """Return the seconds of one core that a process has used."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def busy() -> float:
    """Return the seconds that the cores of this machine have been busy, one added to the other."""
    user, nice, system, _idle, _waiting, *rest = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    return (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")
