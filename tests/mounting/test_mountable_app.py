"""MountableApp: where browsers see it, and that it is started once, whoever does it, and stopped by the last."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from quart import request

from rowcast.mounting.mountable_app import MountableApp, located

# ROWCAST_PREFIX, root_path, path, and what they then are.
SCOPES = [
    ("", "", "/users", "", "/users"),
    ("", "/", "/users", "", "/users"),
    ("", "/admin", "/admin/users", "/admin", "/users"),
    ("", "/admin", "/admin", "/admin", "/"),
    ("", "/admin", "/admin/", "/admin", "/"),
    ("", "/admin", "/adminx", "/admin", "/adminx"),
    ("", "/admin", "/users", "/admin", "/users"),
    ("", "/admin", "/", "/admin", "/"),
    ("", "/admin", "/admin/admin/x", "/admin", "/admin/x"),
    ("/admin", "", "/users", "/admin", "/users"),
    ("/admin", "", "/admin/users", "/admin", "/users"),
    ("/admin", "/admin", "/admin/users", "/admin", "/users"),
    ("/admin", "/admin", "/users", "/admin", "/users"),
    ("/a/b", "/b", "/b/users", "/a/b", "/users"),
    ("/a/b", "/b", "/users", "/a/b", "/users"),
    ("/a/b", "/a/b", "/a/b/users", "/a/b", "/users"),
    ("", "/..", "/../users", "", "/ "),
    ("", "//evil", "//evil/users", "", "/ "),
]


@pytest.mark.parametrize(("prefix", "root", "path", "then", "below"), SCOPES)
def test_path_and_root_path_are_as_asgi_has_them(prefix: str, root: str, path: str, then: str, below: str) -> None:
    scope = {"type": "http", "path": path, "root_path": root, "other": 1}
    found = located(dict(scope), prefix)
    assert found["root_path"].rstrip("/") == then
    assert found["path"] == found["root_path"].rstrip("/") + below
    assert found["other"] == 1
    assert located({"type": "http", "path": path}, prefix)["path"]


class Counted(MountableApp):
    """An app that notes what is done with it."""

    def __init__(self, fails: int = 0) -> None:
        super().__init__("counted")
        self.noted: list[str] = []
        self.fails = fails
        self.config["PROPAGATE_EXCEPTIONS"] = False

        @self.before_serving
        async def begin() -> None:
            await asyncio.sleep(0.01)
            self.noted.append("start")
            if self.fails:
                self.fails -= 1
                raise RuntimeError("not yet")

        @self.after_serving
        async def end() -> None:
            self.noted.append("stop")

        @self.get("/")
        async def index() -> str:
            self.noted.append("request")
            return request.root_path


async def test_it_starts_once_before_the_first_requests_when_nobody_starts_it() -> None:
    app = Counted()
    client = app.test_client()
    answers = await asyncio.gather(*(client.get("/") for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert app.noted == ["start"] + ["request"] * 20
    await client.get("/")
    assert app.noted.count("start") == 1
    assert app._own_life is not None
    app._own_life.cancel()  # as the end of the loop does
    await asyncio.wait([app._own_life])
    assert app.noted[-1] == "stop"


def test_what_has_started_by_itself_is_stopped_by_the_end_of_the_loop() -> None:
    app = Counted()

    async def ask() -> int:
        return (await app.test_client().get("/")).status_code

    assert asyncio.run(ask()) == 200
    assert app.noted == ["start", "request", "stop"]


async def test_a_start_that_fails_is_an_answer_and_is_tried_again() -> None:
    app = Counted(fails=1)
    client = app.test_client()
    assert {answer.status_code for answer in await asyncio.gather(client.get("/"), client.get("/"))} == {500}
    assert app.noted == ["start"]
    assert (await client.get("/")).status_code == 200
    assert app.noted == ["start", "start", "request"]
    assert app._own_life is not None
    app._own_life.cancel()
    await asyncio.wait([app._own_life])


async def test_the_lifespan_of_a_host_starts_and_stops_it() -> None:
    app = Counted()
    async with app.lifespan(object()):
        assert app.noted == ["start"]
        assert (await app.test_client().get("/")).status_code == 200
    assert app.noted == ["start", "request", "stop"]


async def test_what_fails_at_the_start_stops_the_host() -> None:
    app = Counted(fails=1)
    with pytest.raises(RuntimeError, match="not yet"):
        async with app.lifespan():
            pass
    assert app.noted == ["start"]


async def test_the_last_of_several_that_have_started_it_stops_it() -> None:
    app = Counted()
    async with app.lifespan():
        async with app.test_app(), app.lifespan():
            pass
        assert app.noted == ["start"]
    assert app.noted == ["start", "stop"]


class Server:
    """A server that hears signals by a method of its own, as uvicorn does."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def handle_exit(self, number: int, _frame: Any) -> None:
        """Hear one."""
        self.heard.append(number)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that hears SIGTERM."""
    made = Server()
    before = signal.signal(signal.SIGTERM, made.handle_exit)
    yield made
    signal.signal(signal.SIGTERM, before)


async def test_streams_end_when_the_server_is_told_to_end_and_the_server_hears_it_too(server: Server) -> None:
    app, ended = Counted(), asyncio.Event()
    app.end_streams = ended.set
    async with app.lifespan():
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(ended.wait(), 5)
        assert server.heard == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) == server.handle_exit
    signal.raise_signal(signal.SIGTERM)
    assert len(server.heard) == 2


async def test_a_handler_that_came_later_stays(server: Server) -> None:
    app, other = Counted(), Server()
    async with app.lifespan():
        signal.signal(signal.SIGTERM, other.handle_exit)
    assert signal.getsignal(signal.SIGTERM) == other.handle_exit


@pytest.mark.parametrize("theirs", [signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler])
async def test_a_signal_that_no_server_handles_is_left_alone(theirs: Any) -> None:
    before = signal.signal(signal.SIGTERM, theirs)
    try:
        async with Counted().lifespan():
            assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_no_signal_is_heard(server: Server) -> None:
    async def live() -> None:
        async with Counted().lifespan():
            found.append(signal.getsignal(signal.SIGTERM))

    found: list[Any] = []
    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    thread.join()
    assert found == [server.handle_exit]


async def test_a_server_that_ends_the_streams_itself_is_left_alone(server: Server) -> None:
    app = Counted()
    app.hears_signals = False
    async with app.lifespan():
        assert signal.getsignal(signal.SIGTERM) == server.handle_exit
