"""Commands forked from a process that has imported everything: as real as if they were started anew, in a tenth of it.

``python -m tests.forking`` is that process. It has no threads, and ends with whoever started it, as all that it has
forked then do.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
MESSAGE = 2**17  # bytes that a request may have: it carries the environment


class Forked:
    """One process; to be used as a ``subprocess.Popen``, as far as the tests do."""

    def __init__(self, words: list[str], cwd: Path, env: dict[str, str]) -> None:
        reads, writes = os.pipe()
        self._ended, ends = os.pipe()
        self.args = words
        self.stdout = os.fdopen(reads, encoding="utf-8")  # whoever reads it closes it
        self.returncode: int | None = None
        try:
            self.pid = _forker().fork(words, cwd, env, [writes, ends])
        finally:
            os.close(writes)
            os.close(ends)

    def poll(self) -> int | None:
        """Return the exit status; None while it runs."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status."""
        if (status := self._wait(timeout)) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is not None:
            return self.returncode
        poll = select.poll()  # unlike select, it knows files of any number
        poll.register(self._ended, select.POLLIN)
        if poll.poll(None if timeout is None else timeout * 1000):
            told = os.read(self._ended, 4)
            os.close(self._ended)
            self.returncode = os.waitstatus_to_exitcode(struct.unpack("i", told)[0])
        return self.returncode


class Forker:
    """The process that forks the others."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # In a session of its own: whoever interrupts the tests interrupts us, and we end the processes.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forking", str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._turn = threading.Lock()
        atexit.register(self.end)

    def fork(self, words: list[str], cwd: Path, env: dict[str, str], files: list[int]) -> int:
        """Fork ``rowcast`` with ``words``, and return its id; ``files`` are its output and where its end is told."""
        is_nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # which a process has of the one that starts it
        request = json.dumps([words, str(cwd), env, is_nohup]).encode()
        assert len(request) < MESSAGE
        with self._turn:
            socket.send_fds(self._ours, [request], files)
            return int(self._ours.recv(MESSAGE))

    def end(self) -> None:
        """End it, and with it all that it has forked."""
        self._ours.close()
        self._process.wait()


@cache
def _forker() -> Forker:
    return Forker()


def serve(requests: socket.socket) -> None:
    """Fork for each of ``requests``; returns in those that were forked, and exits when there can be no more."""
    heard, hears = os.pipe()
    os.set_blocking(hears, False)
    signal.set_wakeup_fd(hears)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    sources: list[socket.socket | int] = [requests, heard]
    running: dict[int, int] = {}  # by the id of each process, where its end is told
    while True:
        ready = select.select(sources, [], [])[0]
        if heard in ready:
            os.read(heard, 4096)
            _bury(running)
        if requests in ready:
            request, files, *_ = socket.recv_fds(requests, MESSAGE, 2)
            if not request:
                for process in running:
                    os.kill(process, signal.SIGKILL)
                sys.exit()
            if not (process := os.fork()):
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                requests.close()
                for file in (heard, hears, files[1], *running.values()):
                    os.close(file)
                _become(files[0], *json.loads(request))
                return
            os.close(files[0])
            running[process] = files[1]
            requests.send(str(process).encode())


def _bury(running: dict[int, int]) -> None:
    while running:
        process, status = os.waitpid(-1, os.WNOHANG)
        if not process:
            return
        file = running.pop(process)
        with suppress(BrokenPipeError):  # nobody waits for it
            os.write(file, struct.pack("i", status))
        os.close(file)


def _become(output: int, words: list[str], cwd: str, env: dict[str, str], is_nohup: bool) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN if is_nohup else signal.SIG_DFL)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for file in (1, 2):
        os.dup2(output, file)
    os.close(output)
    sys.argv[:] = ["rowcast", *words]


if __name__ == "__main__":
    from rowcast.cli import main
    from rowcast.i18n import languages
    from rowcast.showing.template_environment import environment

    for language in languages():
        for template in environment(language).list_templates():
            environment(language).get_template(template)
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    main()
