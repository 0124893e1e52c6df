"""The Makefile: what it finds out about the machine is true."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = (Path(__file__).parent.parent / "Makefile").read_text()
FOLDERS = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.mark.parametrize(("oldest", "status"), [("20", 0), ("999", 1)])
def test_a_node_that_is_new_enough_is_used_and_an_older_one_is_not(oldest: str, status: int) -> None:
    (script,) = re.findall("node -e '([^']+)'", TEXT)
    node = shutil.which("node", path=FOLDERS)
    assert node is not None, "make has seen to it that there is one"
    assert "< 20" in script
    done = subprocess.run([node, "-e", script.replace("20", oldest)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "")
