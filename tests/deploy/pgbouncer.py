"""A real PgBouncer in transaction mode before the tests' PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.nginx import PATH, ROOT, listening
from tests.ports import free_port
from tests.postgres import Databases

SETTINGS = """
[databases]
{name} = host={data} user=postgres pool_size=3

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
"""


@contextmanager
def pgbouncer(cluster: Databases, name: str) -> Iterator[str]:
    """Run PgBouncer before the database ``name``, to which it makes three connections; return its address."""
    program = shutil.which("pgbouncer", path=PATH)
    assert program, "no pgbouncer: run `make programs`"
    folder, port = Path(tempfile.mkdtemp(prefix="rowcast-pgbouncer-", dir="/tmp")), free_port()
    try:
        user: dict[str, Any] = {}
        if os.geteuid() == 0:  # it refuses to run as root, and another user may not look into our folders
            nobody = pwd.getpwnam("nobody")
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            folder.chmod(0o755)
        for file in (Path(program), *(ROOT / "build/programs/usr/lib").glob("*/*.so*")):
            shutil.copy(file, folder)
        (folder / "pgbouncer.ini").write_text(SETTINGS.format(name=name, data=cluster.data, port=port))
        command = [str(folder / "pgbouncer"), str(folder / "pgbouncer.ini")]
        with listening(command, port, folder / "log", env={"LD_LIBRARY_PATH": str(folder)}, **user):
            yield f"postgresql://postgres@127.0.0.1:{port}/{name}"
    finally:
        shutil.rmtree(folder)
