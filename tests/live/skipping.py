"""An event loop that does not wait: while no thread works for it, its clock skips to the next timer.

What takes time takes it here as well: as long as a read or a write is under way in a thread, the clock goes as any
other. So who comes between whom is left to the threads, as in a server; only that nothing happens is not waited for.
Of sockets it knows nothing: what another process does would take no time at all, so histories on PostgreSQL wait as
servers do.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(url: str, main: Coroutine[Any, Any, T]) -> T:
    """Run ``main``, which works on the database at ``url``, without waiting where that can be had."""
    with asyncio.Runner(loop_factory=SkippingLoop if url.startswith("sqlite") else None) as runner:
        return runner.run(main)


def patient_time() -> float:
    """Return the seconds that count for who waits in vain: those that were skipped, and a tenth of all others.

    So no patience ends because the machine is busy. On a loop that cannot tell, all seconds count.
    """
    loop = asyncio.get_running_loop()
    return loop.skipped + time.monotonic() / 10 if isinstance(loop, SkippingLoop) else loop.time()


class SkippingLoop(asyncio.SelectorEventLoop):
    """The event loop; ``run_in_executor`` is the one way to its threads."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    @property
    def skipped(self) -> float:
        """The seconds that were not waited for."""
        return self._skipping.skipped

    def time(self) -> float:
        """Return the time, with all that was skipped."""
        return super().time() + self.skipped

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Run ``func`` in a thread; meanwhile nothing is skipped."""
        future = super().run_in_executor(executor, func, *args)
        self._skipping.working += 1
        future.add_done_callback(self._skipping.worked)
        return future


class _Skipping(selectors.DefaultSelector):
    """Looks what has come, and waits for it only while somebody works."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0  # seconds
        self.working = 0  # threads

    def worked(self, _: object) -> None:
        """Hear that a thread has ended its work."""
        self.working -= 1

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what has come; skip ``timeout`` rather than wait for so long."""
        if not timeout or self.working:
            return super().select(timeout)
        if not (ready := super().select(0)):
            self.skipped += timeout
        return ready
