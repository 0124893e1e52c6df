"""docs/deployment.md tells the truth: its settings, files and metrics are there, and systemd takes its unit."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import httpx

from rowcast.config import PREFIX, Settings
from tests.deploy.nginx import ROOT
from tests.running import PROGRAM, running

GUIDE = (ROOT / "docs/deployment.md").read_text()
UNIT = (ROOT / "docs/rowcast.service").read_text()


def test_every_setting_that_the_guide_names_is_one() -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", GUIDE))
    assert len(named) > 10
    assert named <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_file_that_the_guide_links_to_is_there() -> None:
    named = re.findall(r"\]\(([^)#]+)", GUIDE)
    assert len(named) > 3
    for name in named:
        assert (ROOT / "docs" / name).exists(), name


def test_every_metric_that_the_guide_names_is_told(tmp_path: Path) -> None:
    named = set(re.findall(r"`(rowcast_[^`]+)`", GUIDE))
    assert len(named) > 5
    with running(tmp_path) as server:
        told = httpx.get(f"{server.address}/metrics", timeout=30).text
    for name in named:
        assert f"\n{name}" in told, name


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    assert program, "no systemd-analyze: run `make programs`"
    assert UNIT.count("/opt/rowcast/bin/rowcast") == 1
    unit = tmp_path / "rowcast.service"
    unit.write_text(UNIT.replace("/opt/rowcast/bin/rowcast", PROGRAM))  # it looks whether that is there
    done = subprocess.run([program, "verify", unit], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
