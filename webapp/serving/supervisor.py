"""Supervisor: keeps so many worker processes running, and knows nothing of what they do.

uvicorn.supervisors.Multiprocess does much of this, but not what is needed here: it starts each worker as a new
interpreter, whose imports take longer than a reader should wait for a replacement; its workers run uvicorn's own
server, live on when their parent is killed, and end with another status than 0 on SIGTERM; it cannot tell when the
first one accepts; and it ends with status 0 when none can start.

Workers are forked, so this process must have no threads and no event loop. SIGHUP therefore gives fresh processes,
but new code takes a new start.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait

from rowcast.serving.worker_process import SIGNALS, Work, WorkerProcess

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds after which a worker that was told to end is killed


class CannotStart(Exception):
    """A worker ended before it accepted; it has said why."""


class Supervisor:
    """Keeps ``count`` processes at ``work``: replaces those that die, and all, one after another, on SIGHUP.

    ``ready`` is called once, when the first accepts.
    """

    def __init__(self, work: Work, count: int, ready: Callable[[], None]) -> None:
        self._work = work
        self._count = count
        self._ready = ready
        self._workers: dict[int, WorkerProcess] = {}  # by place
        self._lifeline = os.pipe()
        self._wakes, self._wake = socket.socketpair()
        self._is_ready = self._is_ending = self._is_renewing = False

    def run(self) -> None:
        """Run until SIGINT or SIGTERM, then end all workers; raises CannotStart when one cannot."""
        with self._hearing_signals():
            try:
                while not self._is_ending:
                    self._bury()
                    self._fill()
                    if self._is_renewing:
                        self._renew()
                    elif not self._is_ending:
                        self._wait([worker.process.sentinel for worker in self._workers.values()])
            finally:
                self._end(self._workers.values())

    def _bury(self) -> None:
        for place, worker in tuple(self._workers.items()):
            if not worker.process.is_alive():
                log.error("A worker died", extra={"worker": worker.process.pid, "status": worker.process.exitcode})
                self._end([self._workers.pop(place)])

    def _fill(self) -> None:
        for place in range(self._count):
            if place not in self._workers:
                if (worker := self._start(place)) is None:
                    if self._is_ending:
                        return
                    raise CannotStart
                self._workers[place] = worker

    def _renew(self) -> None:
        self._is_renewing = False
        for place, old in tuple(self._workers.items()):
            if (new := self._start(place)) is None:
                if not self._is_ending:
                    log.error("A new worker could not start; the old ones remain")
                return
            self._workers[place] = new
            self._end([old])

    def _start(self, place: int) -> WorkerProcess | None:
        """Return a new worker that accepts; None when it does not come so far, or when all are to end."""
        worker = WorkerProcess(self._work, place, self._lifeline)
        while not self._is_ending and worker.told not in self._wait([worker.told]):
            pass
        if self._is_ending:
            worker.process.kill()  # it has no readers yet
        elif worker.accepts:
            if not self._is_ready:
                self._is_ready = True
                self._ready()
            return worker
        self._end([worker])
        return None

    def _end(self, workers: Collection[WorkerProcess]) -> None:
        for worker in workers:
            worker.process.terminate()
        deadline = time.monotonic() + PATIENCE
        for worker in workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                log.error("A worker did not end", extra={"worker": worker.process.pid})
                worker.process.kill()
                worker.process.join()
            worker.told.close()
            worker.process.close()

    def _wait(self, things: list[object]) -> list[object]:
        """Return which of ``things`` have something to tell, when one has or when a signal came."""
        found = wait([*things, self._wakes])  # type: ignore[list-item]
        if self._wakes in found:
            self._wakes.recv(4096)
        return list(found)

    @contextmanager
    def _hearing_signals(self) -> Iterator[None]:
        def end(*_: object) -> None:
            self._is_ending = True

        def renew(*_: object) -> None:
            self._is_renewing = True

        self._wake.setblocking(False)
        waked_before = signal.set_wakeup_fd(self._wake.fileno())
        before = [signal.signal(number, heard) for number, heard in zip(SIGNALS, (end, end, renew), strict=True)]
        try:
            yield
        finally:
            signal.set_wakeup_fd(waked_before)
            for number, handler in zip(SIGNALS, before, strict=True):
                signal.signal(number, handler)
