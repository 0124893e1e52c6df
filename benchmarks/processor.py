"""Processor and memory: what the processes of a system have used, and where they may run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER, CLIENT = CORES[0], CORES[-1]  # the same one where there is only one


def pinned(core: int) -> Callable[[], None]:
    """Return what a process that begins is to do so that it stays on ``core``."""
    return lambda: os.sched_setaffinity(0, {core})


def processes(group: int) -> list[int]:
    """Return the processes of a process group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def used(group: int) -> float:
    """Return the seconds of the processor that the processes of ``group`` have used, to the nanosecond.

    A process's own clock counts the threads that have ended as well, which the files of its threads do not.
    """
    total = 0
    for pid in processes(group):
        with suppress(OSError):  # it ended meanwhile
            total += time.clock_gettime_ns(_clock(pid))
    return total / 1e9


def memory(group: int) -> int:
    """Return the bytes that the processes of ``group`` have for themselves."""
    total = 0
    for pid in processes(group):
        with suppress(OSError):  # it ended meanwhile
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Private_"):
                    total += int(line.split()[1]) * 1024
    return total


def _clock(pid: int) -> int:
    return ~pid << 3 | 2  # what clock_getcpuclockid(3) returns on Linux
