"""What fans out: for each system how a reader listens, and what an edit is."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import HOST, Readers, marked, reading, request
from benchmarks.rowcast_server import rowcast
from benchmarks.systems import Missing, Program, System

PEERS = Path("benchmarks/peers").resolve()
PYTHON = Path("build/peers/venv/bin/python").absolute()
NGINX = Path("build/peers/nchan/usr/sbin/nginx").resolve()
MODULES = NGINX.parents[1] / "lib/nginx/modules"
FLOOR = Path("build/benchmarks/floor").resolve()
# As the peers render it, filled up to the length of what Rowcast sends.
FRAME = "".join(re.findall(r"""^    ["'](.*)["']$""", (PEERS / "rows.py").read_text(), re.MULTILINE)).ljust(704)
STREAM = request("GET", "/stream", Accept="text/event-stream")
SOCKET = request(
    "GET",
    "/socket.io/?EIO=4&transport=websocket",
    Upgrade="websocket",
    Connection="Upgrade",
    Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
    Sec_WebSocket_Version="13",
)


def websocket(text: bytes) -> bytes:
    """Return a short text as a client sends it by WebSocket."""
    mask = b"abcd"
    return bytes([0x81, 0x80 | len(text)]) + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))


# Socket.IO: when the connection is open, enter the namespace; answer a ping.
SOCKET_RULES = ((b'"pingTimeout"', websocket(b"40")), (b"\x81\x012", websocket(b"3")))


@dataclass(frozen=True)
class Fan:
    """A program that fans out, and how it is spoken to.

    ``edit(number, user)`` is the request that edits so that ``marked(number)`` reaches the readers; ``most``: how many
    readers it is given at most, since with more a round would take minutes.
    """

    program: Program
    edit: Callable[[int, int], bytes]
    listen: Callable[[System], bytes] = lambda _: STREAM
    ready: str = "\r\n\r\n"
    rules: tuple[tuple[bytes, bytes], ...] = ()
    most: int = 20_000

    @property
    def name(self) -> str:
        """The name of the program."""
        return self.program.name

    def open(self, system: System, count: int) -> AbstractContextManager[Readers]:
        """Open ``count`` readers of ``system``."""
        return reading(system.port, count, [self.listen(system)], self.ready, self.rules)


def follow(system: System, query: str = "") -> bytes:
    """Return the request for a stream of Rowcast by a reader whose page is up to date."""
    asked = urllib.request.Request(f"http://{HOST}:{system.port}/users?{query}", headers={"Accept": "application/json"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        revision = json.load(answer)["revision"]
    have = "&".join(filter(None, [query, f"have={revision}"]))
    return request("GET", f"/users/stream?{have}", Accept="text/event-stream")


def form(number: int, user: int = 3) -> bytes:
    """Return an edit by form."""
    return request("POST", f"/users/{user}", {"email": f"ada{marked(number)}@example.org"}, Accept="application/json")


def frame(number: int, user: int = 3) -> bytes:
    """Return a frame that is as long as Rowcast's, for those who only pass on what they are given."""
    return FRAME.replace("{0}", str(user)).replace("{1}", f"ada{marked(number)}@example.org").encode()


def fans() -> list[Fan]:
    """Return all, the floor first and Rowcast next."""
    return [
        Fan(
            Program("floor", lambda _, port: [FLOOR, str(port)], lambda: "C, epoll and write(2)"),
            lambda number, user: request("POST", "/", b"data: " + frame(number, user) + b"\n\n"),
        ),
        Fan(rowcast(), form, follow, "retry:"),
        Fan(
            Program("Nchan", lambda folder, _: [NGINX, "-p", folder, "-c", folder / "nchan.conf"], _nchan, _configure),
            lambda number, user: request("POST", "/publish", frame(number, user)),
        ),
        Fan(_peer("sse-starlette", ["sse-starlette", "uvicorn"], ["sse_starlette_peer.py", "{port}"]), form, most=5000),
        # hypercorn sends the head with the first event.
        Fan(
            _peer("Quart SSE", ["quart", "hypercorn"], ["-m", "hypercorn", "-b", "127.0.0.1:{port}", "quart_peer:app"]),
            form,
            ready="",
            most=1000,
        ),
        Fan(
            _peer(
                "django-eventstream",
                ["django-eventstream", "django", "daphne"],
                ["-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "django_eventstream_peer:application"],
            ),
            form,
            ready="event: stream-open",
            most=1000,
        ),
        Fan(flask_socketio("gevent"), form, lambda _: SOCKET, '40{"sid"', SOCKET_RULES, most=5000),
        Fan(flask_socketio("threading"), form, lambda _: SOCKET, '40{"sid"', SOCKET_RULES, most=1000),
    ]


def flask_socketio(mode: str, work: str = "change") -> Program:
    """Return Flask-SocketIO; ``work`` as in its peer."""
    packages = ["flask-socketio", "gevent" if mode == "gevent" else "simple-websocket"]
    words = ["flask_socketio_peer.py", "{port}", mode, work]
    return _peer(f"Flask-SocketIO, {mode}" + (", tutorial" if work == "tutorial" else ""), packages, words)


def _peer(name: str, packages: list[str], words: list[str]) -> Program:
    def command(_: Path, port: int) -> list[str]:
        first, *rest = (word.replace("{port}", str(port)) for word in words)
        return [str(PYTHON), str(PEERS / first) if first.endswith(".py") else first, *rest]

    return Program(name, command, lambda: _versions(packages), settings=lambda _: {"PYTHONPATH": str(PEERS)})


def _versions(packages: list[str]) -> str:
    if not PYTHON.exists():
        raise Missing("it is not installed: `make peers` does it")
    code = "import importlib.metadata as m, sys\nfor p in sys.argv[1:]: print(p, m.version(p))"
    done = subprocess.run([PYTHON, "-c", code, *packages], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(done.stderr.strip().splitlines()[-1])
    return ", ".join(done.stdout.splitlines())


def _nchan() -> str:
    if not NGINX.exists() or not (MODULES / "ngx_nchan_module.so").exists():
        raise Missing("Debian's nginx and libnginx-mod-nchan are not there: `make peers` fetches them with apt")
    done = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=False)
    told = done.stderr.strip()
    if done.returncode:
        raise Missing(told or f"nginx ended with status {done.returncode}")
    packages = " ".join(file.name for file in NGINX.parents[2].glob("libnginx-mod-nchan*.deb"))
    return f"{told.partition(': ')[2]}, {packages.partition('%3a')[2].partition('_')[0] or 'Nchan'}"


def _configure(folder: Path, port: int) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    text = (PEERS / "nchan.conf").read_text()
    for name, value in {"modules": MODULES, "files": limit, "folder": folder, "port": port}.items():
        text = text.replace(f"{{{name}}}", str(value))
    (folder / "nchan.conf").write_text(text)
