"""Ports that nobody has, and that nobody gets by chance before they are used, or between an end and a new start.

They are below those that the kernel gives to connections and to whoever asks for any port, and each process that
shares the tests has some of its own.
"""

from __future__ import annotations

import os
import random
import socket
from functools import cache
from itertools import cycle, islice

FIRST, EACH = 10_000, 2_000  # the first of all, and how many each process has
PROCESSES = 10
HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port that nobody has."""
    while True:
        port = next(_ports())
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((HOST, port))
            except OSError:
                continue
            return port


@cache
def _ports() -> cycle[int]:
    number = int(os.environ.get("PYTEST_XDIST_WORKER", f"gw{PROCESSES}").removeprefix("gw")) % (PROCESSES + 1)
    own = range(FIRST + number * EACH, FIRST + (number + 1) * EACH)
    # Tests that run twice on one machine hardly meet.
    return cycle(islice(cycle(own), skipped := random.SystemRandom().randrange(EACH), skipped + EACH))
