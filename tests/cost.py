"""What one process costs: ``python -m tests.cost [--readers N] [--rate N] [--seconds N]``.

Memory of a reader that listens, and processor time of a connection, of an idle reader and of one delivery.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import tempfile
from pathlib import Path

import httpx

from tests.faults.crowd import agree, following
from tests.faults.readers import Reader
from tests.faults.watching import kernel_memory, memory, metric
from tests.running import Server, running

ROWS = 50
EDIT = "UPDATE users SET email = ? WHERE username = ?"
FRAMES = 'rowcast_frames_total{kind="incremental"}'
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=10, help="edits a second")
    parser.add_argument("--seconds", type=float, default=20, help="how long to measure, idle and busy")
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        bounds = {"streams_per_client": given.readers, "streams": given.readers}
        with running(Path(folder), **bounds) as server:
            server.add_users(ROWS)
            httpx.get(f"{server.address}/users").raise_for_status()  # it now has all that it has with one reader
            asyncio.run(_measure(server, given.readers, given.rate, given.seconds))


async def _measure(server: Server, count: int, rate: float, seconds: float) -> None:
    readers = [Reader(server.port) for _ in range(count)]
    held, kernel, used = memory(server), kernel_memory(), processor(server)
    async with following(readers):
        _tell("a connection", f"{(processor(server) - used) / count * 1e6:.0f} µs of the processor")
        await asyncio.sleep(2)
        grown, below = (memory(server) - held) / count, (kernel_memory() - kernel) / count
        _tell("an idle reader", f"{grown / 1024:.1f} KiB, and {below / 1024:.1f} KiB in the kernel")
        used = processor(server)
        await asyncio.sleep(seconds)
        idle = (processor(server) - used) / seconds
        _tell("an idle reader", f"{idle / count * 1e6:.1f} µs of the processor a second, heartbeats included")
        used, frames = processor(server), metric(server, FRAMES)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(int(seconds * rate)):
            await asyncio.to_thread(server.execute, EDIT, f"new{number}@example.org", f"User {number % ROWS + 1:03}")
            await asyncio.sleep(max(0.0, began + (number + 1) / rate - loop.time()))
        await agree(server, readers, loop.time())
        passed, frames = loop.time() - began, metric(server, FRAMES) - frames
        spent = processor(server) - used - idle * passed
        _tell("frames", f"{frames:.0f} in {passed:.1f} s, {frames * count / passed:.0f} deliveries a second")
        _tell("a delivery", f"{spent / frames / count * 1e6:.1f} µs of the processor")
        latency = metric(server, "rowcast_change_to_write_seconds_sum") / frames
        _tell("a change", f"{latency * 1000:.0f} ms on average until the last reader's frame was written")
        behind = metric(server, "rowcast_behind_total")
        _tell("fell behind", f"{behind:.0f} times")


def processor(server: Server) -> float:
    """Return the seconds that the server has used of a processor."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _tell(what: str, figure: str) -> None:
    sys.stdout.write(f"{what:16}{figure}\n")


if __name__ == "__main__":
    main()
