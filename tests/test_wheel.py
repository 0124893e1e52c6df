"""The wheel carries all that is needed, as one package, ``rowcast``, whatever lies in the folder where it is used."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Server, running

ROOT = Path(__file__).parent.parent
DEPENDENCIES = sysconfig.get_path("purelib")
THEIRS = "raise ImportError('this is not ours')"
IMPORT = """
from rowcast import Column, Settings, Table, create_app
import rowcast
assert rowcast.__file__.startswith({folder!r}), "this proves nothing unless the wheel's code runs"
print(*sorted(rowcast.__all__), Table.__doc__ is not None, create_app.__doc__ is not None)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, built by way of the source distribution; what it needs is borrowed."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    [wheel] = (folder / "dist").glob("rowcast-*.whl")
    made = folder / "environment"
    venv.create(made)
    pip = [sys.executable, "-m", "pip", "--python", str(made / "bin/python")]
    subprocess.run([*pip, "install", "-q", "--no-deps", str(wheel)], check=True, capture_output=True, timeout=60)
    # A path of packages, not a site: what is installed there to be edited, this checkout, is not found by it.
    (packages(made) / "borrowed.pth").write_text(f"{DEPENDENCIES}\n")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with packages of somebody else."""
    for name in ("webapp", "templates", "static"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(THEIRS)
    return tmp_path


@pytest.fixture
def server(environment: Path, folder: Path) -> Iterator[Server]:
    with running(folder, command=str(environment / "bin/rowcast")) as started:
        yield started


def test_the_wheel_serves_the_directory_from_a_folder_with_packages_of_the_same_names(server: Server) -> None:
    page = fetch(server, "/users")
    assert '<tbody id="users"' in page
    assert "用户名" in fetch(server, "/users", "-H", "Accept-Language: zh-CN")
    for path in ("/static/vendor/htmx.min.js", "/static/vendor/hx-sse.min.js", "/static/css/table.css"):
        assert len(fetch(server, path)) > 100, path


def test_what_is_public_can_be_imported_there(environment: Path, folder: Path) -> None:
    command = [str(environment / "bin/python"), "-c", IMPORT.format(folder=str(environment))]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["Column", "Settings", "Table", "create_app", "True", "True"]


def test_one_package_is_installed_and_says_that_it_is_typed(environment: Path) -> None:
    (record,) = packages(environment).glob("rowcast-*.dist-info/RECORD")
    files = [line.partition(",")[0] for line in record.read_text().splitlines()]
    assert {file.partition("/")[0] for file in files if not file.startswith("../")} == {"rowcast", record.parent.name}
    assert [file.rpartition("/")[2] for file in files if file.startswith("../")] == ["rowcast"]
    assert "rowcast/py.typed" in files


def packages(environment: Path) -> Path:
    """Return where packages are installed."""
    (found,) = environment.glob("lib/python*/site-packages")
    return found


def fetch(server: Server, path: str, *options: str) -> str:
    command = ["curl", "-sSf", *options, f"{server.address}{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout
