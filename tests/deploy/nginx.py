"""A real nginx with the configuration of the guide, before nodes that are real too."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
GUIDED = ROOT / "docs/nginx.conf"
# Where it is installed, or where `make programs` has unpacked it.
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", str(ROOT / "build/programs/usr/sbin")])
START, STOP = 30.0, 10.0  # seconds
NAME = "localhost"
MAIN = """
{user}
daemon off;
worker_processes 2;
pid nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    include rowcast.conf;
}}
"""


@contextmanager
def nginx(folder: Path, ports: list[int], guided: str = GUIDED.read_text()) -> Iterator[str]:
    """Run nginx in ``folder`` before the nodes at ``ports``; return its address, which certificate.pem vouches for."""
    program = shutil.which("nginx", path=PATH)
    assert program, "no nginx: run `make programs`"
    _make_certificate(folder)
    port = free_port()
    (folder / "nginx.conf").write_text(MAIN.format(user="user root;" if os.geteuid() == 0 else ""))
    (folder / "rowcast.conf").write_text(_here(guided, folder, port, ports))
    command = [program, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"]
    with listening(command, port, folder / "nginx.log"):
        yield f"https://{NAME}:{port}"


def _here(guided: str, folder: Path, port: int, ports: list[int]) -> str:
    """Return the configuration with the addresses, names and files of this test; nothing else is changed."""
    theirs = {
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "server 10.0.0.11:8000;": f"server 127.0.0.1:{ports[0]};",
        "server 10.0.0.12:8000;": f"server 127.0.0.1:{ports[1]};",
        "server_name table.example.org;": f"server_name {NAME};",
        "/etc/ssl/certs/table.example.org.pem": f"{folder}/certificate.pem",
        "/etc/ssl/private/table.example.org.pem": f"{folder}/key.pem",
    }
    for text, ours in theirs.items():
        assert guided.count(text) == 1, f"the guide has no {text}"
        guided = guided.replace(text, ours)
    return guided


def _make_certificate(folder: Path) -> None:
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(["openssl", "req", *kind, *names, *files], check=True, capture_output=True)


@contextmanager
def listening(command: list[str], port: int, log: Path, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that listens at ``port``; ``how`` as for Popen."""
    with log.open("w") as file:
        process = subprocess.Popen(command, stderr=file, **how)
        try:
            _wait(process, port, log)
            yield process
        finally:
            process.terminate()
            process.wait(STOP)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < end, "it does not listen"
            time.sleep(0.02)
