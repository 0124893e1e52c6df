"""The wheel carries all that is needed: ``rowcast serve`` works from it in an empty folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.running import Server, running

ROOT = Path(__file__).parent.parent
PROGRAM = """#!{python}
import sys
sys.path.insert(0, {folder!r})
import webapp
assert webapp.__file__.startswith({folder!r}), "this proves nothing unless the wheel's code runs"
from webapp.cli import main
main()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel by way of the source distribution, and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    [wheel] = (folder / "dist").glob("rowcast-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    program = folder / "rowcast"
    program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder / "site")))
    program.chmod(0o755)
    return program


def test_the_wheel_serves_the_directory_from_an_empty_folder(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.running.PROGRAM", str(installed))
    with running(tmp_path) as server:
        page = fetch(server, "/users")
        assert '<tbody id="users"' in page
        assert "用户名" in fetch(server, "/users", "-H", "Accept-Language: zh-CN")
        for path in ("/static/vendor/htmx.min.js", "/static/vendor/hx-sse.min.js", "/static/css/table.css"):
            assert len(fetch(server, path)) > 100, path


def fetch(server: Server, path: str, *options: str) -> str:
    command = ["curl", "-sSf", *options, f"{server.address}{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout
