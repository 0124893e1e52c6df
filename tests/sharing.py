"""What all processes of one run of the tests share: made by the first that needs it, gone when the last has ended.

``python -m tests.sharing FOLDER`` keeps a PostgreSQL server for those that hold the lock in ``FOLDER``.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import Databases, running_cluster

ROOT = Path(__file__).parent.parent
START = 120.0  # seconds that a server may take to be made and to start, while all processes begin at once


@contextmanager
def locked(file: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold the lock of ``file``; whoever is killed gives it back."""
    with file.open("a") as held:
        fcntl.flock(held, how)
        yield


class Shared:
    """One run's folder, as one of its processes sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the file ``name``, which ``make`` has made, here or in another process."""
        file = self.folder / name
        with locked(self.folder / f"{name}.lock"):
            if not file.exists():
                partial = self.folder / f"{name}.partial"
                make(partial)
                partial.rename(file)
        return file

    @contextmanager
    def databases(self, prefix: str) -> Iterator[Databases]:
        """Use the PostgreSQL server, which is there as long as somebody does."""
        with locked(self.folder / "users", fcntl.LOCK_SH):
            told = json.loads(self.once("postgresql", self._start).read_text())
            made = Databases(Path(told["programs"]), Path(told["data"]), prefix)
            try:
                yield made
            finally:
                made.close()

    def _start(self, file: Path) -> None:
        # In a session of its own: it does not hear when the tests are interrupted, but is told by the lock.
        words = [sys.executable, "-m", "tests.sharing", str(self.folder), str(file)]
        keeper = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + START
        while not file.exists():
            assert keeper.poll() is None, "PostgreSQL does not start"
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.02)
        keeper.returncode = 0  # it outlives us, and nobody waits for it


def keep(folder: Path, file: Path) -> None:
    """Run a server, tell in ``file`` where it is, and end when nobody holds the lock."""
    with running_cluster() as cluster:
        partial = file.with_suffix(".told")
        partial.write_text(json.dumps({"programs": str(cluster.programs), "data": str(cluster.data)}))
        partial.rename(file)
        with locked(folder / "users"):
            pass


if __name__ == "__main__":
    keep(*map(Path, sys.argv[1:]))
