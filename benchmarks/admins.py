"""The programs that show pages: Rowcast, the admins of other frameworks, and Quart with its own templates.

What a reader asks of them: the list (50 rows), one row, a search, an edit of one row by its form.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from lxml import html

from benchmarks import data
from benchmarks.client import HOST, Failed, request
from benchmarks.rowcast_server import rowcast as product
from benchmarks.systems import Missing, Program, System

PEERS = Path(__file__).parent / "peers"
BIN = Path("build/peers/admin/bin").absolute()
ROWCAST = "Rowcast"
QUARTS = ("Quart, default templates, hypercorn", "Quart, default templates, uvicorn")
ADMINS = ("Flask-Admin", "SQLAdmin", "starlette-admin", "Django admin")
ROWS = 100_000
PAGE = "/users?page={}"
ROLES = ("member", "administrator")
FILE = "rowcast.db"  # the product's default, and so everybody's
# A worker that keeps connections open, as it would behind a proxy.
GUNICORN = "--workers 1 --worker-class gthread --threads 4 --keep-alive 60 --no-control-socket"
HEADERS = {"Accept": "text/html", "Accept_Language": "en"}


@dataclass(frozen=True)
class Admin:
    """A program, and where a reader finds what in it.

    ``page``: a page of the list by its number, of those that are asked for many of them.
    """

    program: Program
    listing: str
    row: str
    search: str
    form: str
    page: str = ""
    log_in: Callable[[httpx.Client], None] = lambda _: None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.program.name

    def visit(self, system: System, **headers: str) -> httpx.Client:
        """Return a browser of a reader who is let in."""
        # By the name that all of them answer to.
        visitor = httpx.Client(base_url=f"http://localhost:{system.port}", headers=headers, follow_redirects=True)
        self.log_in(visitor)
        return visitor

    def get(self, visitor: httpx.Client, path: str) -> bytes:
        """Return the request for a page; nothing in it allows compression or an answer without a body."""
        return _request(visitor, "GET", path)

    def edits(self, visitor: httpx.Client) -> list[bytes]:
        """Return two requests that send the form of a row, each of which changes what the other has written."""
        if not self.form:
            return [_request(visitor, "POST", self.row, {"role": role}) for role in ROLES]
        page = html.fromstring(visitor.get(self.form).raise_for_status().text)
        form: Any = next((form for form in page.forms if "role" in form.fields), None)
        if form is None:
            raise Failed(f"{self.name} has no form with a role at {self.form}")
        made = []
        for role in ROLES:
            form.fields["role"] = role
            # Without what the form was filled from, which would have to be read anew for each edit.
            values = form.form_values()
            sent = {name: value for name, value in values if name != "version" and not name.startswith("given-")}
            path = form.action or self.form
            made.append(_request(visitor, "POST", httpx.URL(path).raw_path.decode(), sent))
        return made


def admins() -> list[Admin]:
    """Return all of them."""
    return [
        rowcast(),
        Admin(
            _gunicorn("Flask-Admin", "Flask-Admin", "admin_flask"),
            "/admin/users/",
            "/admin/users/details/?id=3",
            f"/admin/users/?search={data.SEARCH}",
            "/admin/users/edit/?id=3",
            "/admin/users/?page={}",
        ),
        Admin(
            _uvicorn("SQLAdmin", "sqladmin", "admin_sqladmin"),
            "/admin/user/list",
            "/admin/user/details/3",
            f"/admin/user/list?search={data.SEARCH}",
            "/admin/user/edit/3",
        ),
        Admin(
            _uvicorn("starlette-admin", "starlette-admin", "admin_starlette"),
            "/admin/users/list",
            "/admin/users/detail?pk=3",
            f"/admin/users/list?q={data.SEARCH}",
            "/admin/users/edit?pk=3",
        ),
        Admin(
            _gunicorn("Django admin", "Django", "admin_django", _prepare_django),
            "/admin/directory/user/",
            "/admin/directory/user/3/change/",
            f"/admin/directory/user/?q={data.SEARCH}",
            "/admin/directory/user/3/change/",
            log_in=_log_in_to_django,
        ),
        _like_ours(_peer(QUARTS[0], "Quart", "hypercorn", "--bind {host}:{port} quart_default:app")),
        _like_ours(_uvicorn(QUARTS[1], "Quart", "quart_default"), page=PAGE),
    ]


def rowcast(rows: int = ROWS, name: str = ROWCAST, **settings: str) -> Admin:
    """Return the product, on a table of its own."""

    program = product(rows, name, **settings)
    return _like_ours(replace(program, prepare=lambda folder, _: data.copy(rows, folder / FILE)), "/users/3/edit", PAGE)


def _like_ours(program: Program, form: str = "", page: str = "") -> Admin:
    return Admin(program, "/users", "/users/3", f"/users?q={data.SEARCH}", form, page)


def _gunicorn(name: str, package: str, module: str, prepare: Callable[[Path], None] | None = None) -> Program:
    return _peer(name, package, "gunicorn", f"{GUNICORN} --bind {{host}}:{{port}} {module}:app", prepare)


def _uvicorn(name: str, package: str, module: str) -> Program:
    return _peer(name, package, "uvicorn", f"--host {{host}} --port {{port}} --no-access-log {module}:app")


def _peer(name: str, package: str, server: str, words: str, prepare: Callable[[Path], None] | None = None) -> Program:
    def command(_: Path, port: int) -> list[str | Path]:
        return [BIN / server, *words.format(host=HOST, port=port).split()]

    def prepared(folder: Path, _: int) -> None:
        data.copy(ROWS, folder / FILE)
        if prepare:
            prepare(folder)

    return Program(name, command, lambda: f"{_version(package)} on {_version(server)}", prepared, lambda _: _settings())


def _settings() -> dict[str, str]:
    return {"PYTHONPATH": str(PEERS), "PYTHONDONTWRITEBYTECODE": "1", "DATABASE": FILE}


def _version(package: str) -> str:
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    try:
        told = subprocess.run([BIN / "python", "-c", asked], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.CalledProcessError):
        raise Missing(f"{package} is not installed: make admin-peers") from None
    return f"{package} {told.stdout.strip()}"


def _prepare_django(folder: Path) -> None:
    words = [BIN / "python", PEERS / "admin_django.py"]
    done = subprocess.run(words, cwd=folder, env=_settings(), capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise Missing(done.stderr.strip().rpartition("\n")[2])


def _log_in_to_django(visitor: httpx.Client) -> None:
    token = visitor.get("/admin/login/").cookies["csrftoken"]
    who = {"username": "admin", "password": "benchmark", "csrfmiddlewaretoken": token, "next": "/admin/"}
    visitor.post("/admin/login/", data=who).raise_for_status()


def _request(visitor: httpx.Client, method: str, path: str, form: dict[str, str] | None = None) -> bytes:
    said = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies.jar)
    return request(method, path, form, **HEADERS | ({"Cookie": said} if said else {}))
