"""WorkerProcess: one forked process, and how it tells its parent that it accepts."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# What a worker does; it is given its place among them (0, 1, ...), which its replacement takes over, what to call
# once it accepts, and a file that ends when its parent does.
Work = Callable[[int, Callable[[], None], int], None]

_fork = multiprocessing.get_context("fork")


class WorkerProcess:
    """One worker process."""

    def __init__(self, work: Work, place: int, lifeline: tuple[int, int]) -> None:
        self.told, tells = _fork.Pipe(duplex=False)
        self.process = _fork.Process(target=_begin, args=(work, place, lambda: tells.send(True), lifeline))
        # Until the worker has handlers of its own, a signal would run ours in it, and wake us instead of it.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        tells.close()  # from now on the worker alone holds it: `told` ends when it does

    @property
    def accepts(self) -> bool:
        """Whether it has said so; False when it ended instead. Waits for one or the other."""
        try:
            return bool(self.told.recv())
        except EOFError:
            return False


def _begin(work: Work, place: int, accepts: Callable[[], None], lifeline: tuple[int, int]) -> None:
    # The signals stay blocked until the worker has handlers for them.
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it is for the parent
    reads, writes = lifeline
    os.close(writes)
    work(place, accepts, reads)
