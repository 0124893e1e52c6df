"""Hosts of Rowcast that are not ours: the apps and the nginx that docs/mounting.md shows, as real processes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from tests.deploy.nginx import GUIDED, ROOT, listening, nginx
from tests.ports import free_port
from tests.running import PROGRAM, Server, environment, running

GUIDE = (ROOT / "docs/mounting.md").read_text()
PATH = "/admin"
PORT = "8000"  # the guide's


def section(name: str) -> str:
    """Return the part of the guide below this heading."""
    (found,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


def blocks(text: str, language: str) -> list[str]:
    """Return the code in ``text`` that is marked as of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Host(Server):
    """Where the table is, what keeps it, and the process that serves it."""

    host: subprocess.Popen[bytes]


@contextmanager
def app(
    name: str, folder: Path, code: Callable[[str], str] = lambda code: code, *, is_cut: bool = False
) -> Iterator[Host]:
    """Run the app of this section of the guide, by its own command, with ``code`` made of its own.

    It must have printed nothing that went wrong, unless it ``is_cut`` in the end.
    """
    text, port = section(name), free_port()
    (folder / "host.py").write_text(code(blocks(text, "python")[0]))
    (command,) = blocks(text, "sh")
    assert PORT in command
    (migrate,) = blocks(GUIDE.partition("\n## ")[0], "sh")
    assert migrate == "rowcast migrate\n"
    subprocess.run([PROGRAM, "migrate"], cwd=folder, env=environment(), check=True, timeout=60)
    server = Host(folder)
    server.address = f"http://127.0.0.1:{port}{PATH}"
    words = [sys.executable, "-m", *shlex.split(command.replace(PORT, str(port)))]
    log = folder / "host.log"
    with listening(words, port, log, cwd=folder, env=environment(), stdout=subprocess.DEVNULL) as server.host:
        yield server
    for word in ("Traceback", "Task was destroyed", "never retrieved", "never awaited"):
        assert is_cut or word not in log.read_text(), log.read_text()


@contextmanager
def proxied(passes_on: bool, folder: Path) -> Iterator[Server]:
    """Run a node behind nginx, which has a path for it and passes that on, or takes it off."""
    conf = GUIDED.read_text()
    lines = [line.strip() for line in blocks(section("nginx"), "nginx")[0].splitlines()]
    for line in lines:
        was = line.replace("/admin", "", 1) if "(" in line else line.replace("/admin/", "/")
        assert conf.count(was) == 1, was
        conf = conf.replace(was, line)
    if not passes_on:
        begin, _, rest = conf.partition(lines[0])
        conf = begin + lines[0] + rest.replace("proxy_pass http://rowcast;", "proxy_pass http://rowcast/;", 1)
    with running(folder, prefix=PATH, proxies="127.0.0.1") as server, nginx(folder, [server.port] * 2, conf) as address:
        direct, server.address = server.address, address + PATH
        yield server
        server.address = direct


HOSTS: dict[str, Callable[[Path], AbstractContextManager[Server]]] = {
    "FastAPI": partial(app, "FastAPI"),
    "Starlette": partial(app, "Starlette"),
    "Quart": partial(app, "Quart"),
    "nginx that passes the path on": partial(proxied, True),
    "nginx that takes the path off": partial(proxied, False),
}
