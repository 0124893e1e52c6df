"""The host: a Quart app of somebody else, on another origin, whose pages are what is pasted into them."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from quart import Quart, Response, render_template_string, request

DOCUMENT = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Host</title></head><body>{}</body></html>'
START = 10.0  # seconds


@dataclass
class Host:
    """Pages by name, each with its content security policy; ``python`` is run before a page is rendered."""

    port: int
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)
    python: str = ""

    @property
    def origin(self) -> str:
        """Where it is: another site than 127.0.0.1, although the machine is the same."""
        return f"http://localhost:{self.port}"

    @property
    def stranger(self) -> str:
        """Another origin with the same pages."""
        return f"http://stranger.localhost:{self.port}"

    def paste(self, name: str, text: str, policy: str) -> str:
        """Paste ``text`` into the page ``name``, which allows what ``policy`` says; return the page's address."""
        self.pages[name] = text, policy
        return f"{self.origin}/{name}"

    def app(self) -> Quart:
        """Return the app."""
        app = Quart(__name__)

        @app.get("/<name>")
        async def page(name: str) -> Response:
            text, policy = self.pages[name]
            names: dict[str, Any] = {"httpx": httpx, "request": request}
            await asyncio.to_thread(exec, self.python, names)
            html = await render_template_string(DOCUMENT.format(text), table=names.get("table", ""))
            return Response(html, mimetype="text/html", headers={"Content-Security-Policy": policy})

        return app


@contextmanager
def hosting() -> Iterator[Host]:
    """Run a host."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        host = Host(bound.getsockname()[1])
        server = uvicorn.Server(uvicorn.Config(host.app(), log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        end = time.monotonic() + START
        while not server.started:
            assert time.monotonic() < end, "the host does not start"
            time.sleep(0.01)
        try:
            yield host
        finally:
            server.should_exit = True
            thread.join()
