"""EndSignals: hosts of others, told to end while streams are open, end them and then themselves."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path

import httpx
import pytest

from tests.deploy.hosts import GUIDE, PATH, app, blocks
from tests.running import ADD_USER

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

UNHEARD = "app = FastAPI(lifespan=table.lifespan)", "app = FastAPI()"
IMPORT = "from contextlib import asynccontextmanager\n"


def without_lifespan(code: str) -> str:
    """Return the code of a host that tells the table neither begin nor end."""
    assert UNHEARD[0] in code
    return code.replace(*UNHEARD)


def with_its_own(code: str) -> str:
    """Return the code of a host with the lifespan that the guide shows."""
    (shown,) = (block for block in blocks(GUIDE, "python") if block.startswith("@asynccontextmanager"))
    assert UNHEARD[0] in code
    return IMPORT + code.replace(UNHEARD[0], f"{shown}\napp = FastAPI(lifespan=lifespan)")


BOUND = 10.0  # seconds; uvicorn would wait for the life of the streams, which are minutes
KINDS: dict[str, tuple[str, Callable[[str], str], signal.Signals]] = {
    "FastAPI": ("FastAPI", lambda code: code, signal.SIGTERM),
    "FastAPI with a lifespan of its own": ("FastAPI", with_its_own, signal.SIGTERM),
    # At SIGTERM uvicorn kills itself before the loop has ended.
    "FastAPI that says nothing": ("FastAPI", without_lifespan, signal.SIGINT),
    "Starlette": ("Starlette", lambda code: code, signal.SIGTERM),
    "Quart": ("Quart", lambda code: code, signal.SIGTERM),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_host_that_is_told_to_end_does_so_with_streams_open(kind: str, tmp_path: Path) -> None:
    name, code, number = KINDS[kind]
    is_cut = name == "Quart"  # by Hypercorn after 3 seconds, which then prints what it has cancelled
    with app(name, tmp_path, code, is_cut=is_cut) as server:
        async with httpx.AsyncClient(timeout=30) as client, AsyncExitStack() as stack:
            address = f"{server.address}/users/stream"
            streams = [await stack.enter_async_context(client.stream("GET", address)) for _ in range(5)]
            texts = [stream.aiter_text() for stream in streams]
            for text in texts:
                assert f'hx-post="{PATH}/connection/' in await anext(text)
            server.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
            for text in texts:
                while f'href="{PATH}/users/1/edit"' not in await anext(text):
                    pass
            began = time.monotonic()
            server.host.send_signal(number)
            for text in texts:
                with pytest.raises(httpx.RemoteProtocolError) if is_cut else nullcontext():
                    async for _ in text:  # raises when it has no end
                        pass
            await asyncio.to_thread(server.host.wait, 20)
            assert time.monotonic() - began < BOUND
    # SQLite removes them when the last connection is closed, and not when a process is just gone.
    assert not list(tmp_path.glob("rowcast.db-*"))  # noqa: ASYNC240  nothing else runs
