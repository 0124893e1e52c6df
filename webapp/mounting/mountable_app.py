"""MountableApp: a Quart app that may be mounted below a path, and that starts by itself if its host does not start it.

It knows neither tables nor what is answered.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from quart import Quart
from quart.ctx import RequestContext
from quart.typing import ResponseReturnValue
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.exceptions import BadHost
from werkzeug.routing import MapAdapter

from rowcast.mounting.end_signals import EndSignals

# A host may take part of the path from its client, as Mount("/{name}") does: two slashes would begin another host.
ROOT = re.compile(r"(/(?!\.\.?(/|$))[^/\\]+)*")
NOWHERE = "/ "  # no route has this path
NO_HOST = "invalid"  # no host has this name (RFC 2606)


class MountableApp(Quart):
    """Finds out below which path it is reached; every address that it writes begins with ``request.root_path``.

    ``prefix`` is that path if it is known, else the host says it by ASGI's ``root_path``. ``end_streams`` is called
    when the server is told to end.
    """

    hears_signals = True  # unless the server itself ends the streams
    end_streams: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self, name: str, *, prefix: str = "", **options: Any) -> None:
        super().__init__(name, **options)
        self._prefix = prefix
        self._holders = 0  # that have started it: a host may pass its lifespan on to one app in two places
        self._changing = asyncio.Lock()
        self._own_life: asyncio.Task[None] | None = None
        self._begun: asyncio.Future[None] | None = None
        self._signals = EndSignals(lambda: self.end_streams())

    async def asgi_app(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request, or hear of the server's start and end."""
        if scope["type"] != "lifespan":
            scope = located(scope, self._prefix)
        await super().asgi_app(scope, receive, send)

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Return what finds the route of ``request``, whatever its Host header says: no route depends on that."""
        try:
            return super().create_url_adapter(request)
        except BadHost:
            if request is None:
                raise
            # Here Quart would not answer the error; who looks at the name (security.py) refuses it.
            path = request.root_path, None, request.scheme, request.method, request.path
            return self.url_map.bind(NO_HOST, *path, request.query_string.decode())

    @asynccontextmanager
    async def lifespan(self, _host: object = None) -> AsyncIterator[None]:
        """Start the app, and stop it in the end: for hosts that pass no lifespan on, as FastAPI and Starlette.

        What ``FastAPI(lifespan=...)`` takes; inside a lifespan of the host's own, ``async with app.lifespan():``.
        """
        await self.startup()
        try:
            yield
        finally:
            await self.shutdown()

    async def startup(self) -> None:
        """Start, unless somebody has."""
        async with self._changing:
            if not self._holders:
                await super().startup()
                if self.hears_signals:
                    self._signals.start()
            self._holders += 1

    async def shutdown(self) -> None:
        """Stop when the last that has started it is gone."""
        async with self._changing:
            self._holders -= 1
            if not self._holders:
                self._signals.stop()
                await super().shutdown()

    async def preprocess_request(self, context: RequestContext | None = None) -> ResponseReturnValue | None:
        """Start before the first request, if nobody did; what goes wrong is answered as in any request."""
        if not self._holders:
            await self._start_by_itself()
        return await super().preprocess_request(context)

    async def _start_by_itself(self) -> None:
        if self._begun is None or self._begun.done():
            self._begun = asyncio.get_running_loop().create_future()
            self._own_life = asyncio.create_task(self._live(self._begun))
        await asyncio.shield(self._begun)

    async def _live(self, begun: asyncio.Future[None]) -> None:
        try:
            async with self.lifespan():
                begun.set_result(None)
                await asyncio.Event().wait()  # until the loop ends, which cancels its tasks and waits for them
        except Exception as error:
            if begun.done():
                raise
            begun.set_exception(error)


def located(scope: Any, prefix: str) -> Any:
    """Return ``scope`` with ``root_path`` as browsers know it, and ``path`` below it, as ASGI has them.

    Servers and proxies differ in whether ``path`` begins with ``root_path``, and with what a proxy knows us by.
    """
    root = (scope.get("root_path") or "").rstrip("/")
    if not (root or prefix):
        return scope
    path = _below(_below(scope["path"], root), prefix)
    root = prefix or root
    if not ROOT.fullmatch(root):
        root, path = "", NOWHERE
    return {**scope, "root_path": root, "path": root + path}


def _below(path: str, root: str) -> str:
    # "/adminx" is not below "/admin", although some servers say so.
    return path[len(root) :] or "/" if root and f"{path}/".startswith(f"{root}/") else path
