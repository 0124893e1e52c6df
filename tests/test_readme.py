"""The README tells the truth: its settings, its targets, and every curl line, run against a real server."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from httpx_sse import connect_sse

from rowcast.cli import main
from rowcast.config import PREFIX, Settings
from tests.running import Server, running

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CELLS = (r"[^|`]+", r"`(\w+) (/[^`]*)`", r"(?:`([\w-]+): ([^`]+)`)?", r"(?:`([^`]+)`)?", r"(.+)")
REQUESTS = re.findall(r"^\| " + r" ?\| ".join(CELLS) + r" \|$", README, re.MULTILINE)
CURL_LINES = re.findall(r"^curl .*$", README, re.MULTILINE)


def test_every_setting_stands_in_the_readme_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(ROWCAST_\w+)` \| `?([^|`]*?)`? \|", README, re.MULTILINE))
    assert rows.keys() == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        told, default = rows[PREFIX + name.upper()], field.default
        if default is None:
            assert told.startswith("random")
        elif isinstance(default, tuple):
            assert told.split() == list(default)
        else:
            assert told == f"{default:g}" if isinstance(default, float) else told == str(default).lower()


def test_every_target_and_command_that_the_readme_names_is_there() -> None:
    helped = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"\bmake ([a-z-]+)\b", README))
    assert {"run", "test", "check", "help"} <= targets
    assert targets <= set(re.findall(r"^make ([a-z-]+) ", helped, re.MULTILINE))
    commands = set(re.findall(r"`(serve|migrate|demo|shell)`", README))
    assert commands | {"demo"} == set(main.commands)


def test_every_file_that_the_readme_names_is_there() -> None:
    named = re.findall(r"\]\(((?!http)[^)]+)\)", README) + re.findall(r" (\w+/[\w/]+\.py) ", README)
    assert len(named) > 5
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "webapp" / name).exists(), name


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("readme")) as started:
        yield started


def only_ada(server: Server) -> None:
    """Let there be one user, in her first version."""
    server.execute("DELETE FROM users")
    server.execute("DELETE FROM sqlite_sequence")
    server.execute("INSERT INTO users (username, email) VALUES ('Ada', 'ada@example.org')")
    server.execute("UPDATE users SET version = 1, username = 'Ada'")


@pytest.mark.parametrize("line", CURL_LINES)
def test_every_curl_line_does_what_is_said(line: str, server: Server) -> None:
    only_ada(server)
    if "-d " in line:
        server.execute("DELETE FROM users")
        server.execute("DELETE FROM sqlite_sequence")
    command = [*shlex.split(line.replace("http://127.0.0.1:8000", server.address)), "-sS", "-i"]
    is_stream = "/stream" in line
    if is_stream:
        command += ["--max-time", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    status = int(done.stdout.split()[1])
    if is_stream:
        assert (done.returncode, status) == (28, 200)  # 28: curl's own time limit ended it, not the server
        assert "\nid: " in done.stdout
        assert ('"steps":' if "stream.json" in line else "<hx-partial") in done.stdout
    elif ".csv" in line:
        assert (status, '"Ada","ada@example.org"' in done.stdout) == (200, True)
    elif "DELETE" in line:
        assert status == 204
    else:
        assert status == (201 if "-d " in line else 200)
        assert '"username":"Ada"' in done.stdout


def test_every_line_of_the_table_of_requests_is_run() -> None:
    (table,) = re.findall(r"^\| reader \|.*\n\|---.*\n((?:\|.*\n)+)", README, re.MULTILINE)
    assert len(REQUESTS) == len(table.splitlines()) > 20
    assert {method for method, *_ in REQUESTS} == {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize(("method", "path", "header", "value", "body", "answer"), REQUESTS)
def test_every_request_of_the_table_is_answered_as_is_said(
    server: Server, method: str, path: str, header: str, value: str, body: str, answer: str
) -> None:
    only_ada(server)
    headers = {header: value} if header else {}
    if value == "ETag":
        accept = {} if method == "GET" else {"Accept": "application/json"}
        headers[header] = httpx.get(f"{server.address}{path}", headers=accept).headers["ETag"]
    if body:
        headers["Content-Type"] = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
    got = httpx.request(method, f"{server.address}{path}", headers=headers, content=body)
    status, *told = re.findall("`([^`]+)`", answer)
    assert got.status_code == int(status)
    if told and "/" in told[0] and ":" not in told[0]:
        assert got.headers["Content-Type"].partition(";")[0] == told.pop(0)
    whole = got.text + "".join(f"\n{name.title()}: {value}" for name, value in got.headers.items())
    for text in told:
        assert text.casefold() in whole.casefold()
    if "no body" in answer:
        assert not got.content


def test_the_message_of_the_stream_in_json_is_a_real_one(server: Server) -> None:
    (shown,) = re.findall(r"^data: ({.*)$", README, re.MULTILINE)
    only_ada(server)
    address = f"{server.address}/users/stream.json"
    with httpx.Client(timeout=20) as client, connect_sse(client, "GET", address) as source:
        events = source.iter_sse()
        next(events)
        server.execute("UPDATE users SET role = 'administrator' WHERE id = 1")
        # What led to the one row may be told first.
        heard = next(told for event in events if "administrator" in str(told := json.loads(event.data)))
    ours = json.loads(shown)
    for document in (ours, heard):
        assert len(document.pop("revision")) == 24
        for name in ("created", "changed"):
            assert document["steps"][0]["row"].pop(name).endswith("Z")
    assert list(heard) == list(ours)
    assert heard == ours
