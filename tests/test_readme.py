"""The README tells the truth: its settings, its targets, and every curl line, run against a real server."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Server, running
from webapp.cli import main
from webapp.config import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
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


@pytest.mark.parametrize("line", CURL_LINES)
def test_every_curl_line_does_what_is_said(line: str, server: Server) -> None:
    server.execute("DELETE FROM users")
    server.execute("DELETE FROM sqlite_sequence")
    if "-d " not in line:
        server.execute("INSERT INTO users (username, email, version) VALUES ('Ada', 'ada@example.org', 1)")
        server.execute("UPDATE users SET version = 1, username = 'Ada'")
    command = [*shlex.split(line.replace("http://127.0.0.1:8000", server.address)), "-sS", "-i"]
    is_stream = "/stream" in line
    if is_stream:
        command += ["--max-time", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    status = int(done.stdout.split()[1])
    if is_stream:
        assert (done.returncode, status) == (28, 200)  # 28: curl's own time limit ended it, not the server
        assert "\nid: " in done.stdout
        assert "<hx-partial" in done.stdout
    elif "DELETE" in line:
        assert status == 204
    else:
        assert status == (201 if "-d " in line else 200)
        assert '"username":"Ada"' in done.stdout
