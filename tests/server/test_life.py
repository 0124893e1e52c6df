"""The life of one stream: heartbeats, a clean end after its time, and what a slow reader gets."""

from __future__ import annotations

import time

import pytest

from tests.faults.watching import fall
from tests.server.conftest import Serve
from tests.server.flood import QUERY, ROUNDS, ROWS, flood, rewrite
from tests.server.stream import PATIENCE, following

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database


async def test_a_heartbeat_repeats_the_id_and_replaces_the_beat(serve: Serve) -> None:
    server = serve(heartbeat=0.5)
    async with following(server.port) as stream:
        greeting = await stream.event()
        for _ in range(2):
            beat = await stream.event()
            assert beat.is_beat
            assert beat.parts == []
            assert beat.id == greeting.id
            assert 'hx-target="#beat" hx-swap="outerHTML"' in beat.data
            assert 'id="beat"' in beat.data


async def test_a_stream_ends_cleanly_after_its_life_and_resumes_with_a_greeting(serve: Serve) -> None:
    server = serve(stream_life=1)
    server.add_users(3)
    began = time.monotonic()
    async with following(server.port) as stream:
        greeting = await stream.event()
        assert await stream.end() == []
        assert stream.is_clean
    assert 0.8 <= time.monotonic() - began < 3  # 1.0 at most, and time for a busy machine
    async with following(server.port, have=greeting.id) as stream:
        again = await stream.event()
        assert again.id == greeting.id
        assert again.parts == []


@pytest.mark.parametrize("http", ["1.1", "1.0"])
async def test_a_reader_that_stalls_too_long_is_dropped_and_the_others_are_served(serve: Serve, http: str) -> None:
    server = serve(stall=1, heartbeat=0.5, streams=2)
    server.add_users(ROWS)
    async with following(server.port, QUERY, buffer=2048, http=http) as stalled, following(server.port, QUERY) as other:
        await other.event()
        await flood(server, other)
        await fall(server, "rowcast_subscribers", 1, PATIENCE)
        rewrite(server, ROUNDS)
        assert (await other.change()).parts
        async with following(server.port, QUERY) as another:
            assert another.status == 200, "the place of the one that was dropped is free"
        await stalled.end()
        assert not stalled.is_clean


async def test_a_reader_that_stalls_and_resumes_in_time_gets_one_frame_to_now(serve: Serve) -> None:
    server = serve()
    server.add_users(ROWS)
    async with following(server.port, QUERY, buffer=2048) as slow, following(server.port, QUERY) as other:
        await other.event()
        revisions = await flood(server, other)
        got = [(await slow.event()).id]
        while got[-1] != revisions[-1]:
            got.append((await slow.event()).id)
        # What the sockets held, then one frame over all that came after.
        held = len(got) - 2
        assert got[1:] == [*revisions[:held], revisions[-1]]
        assert held < ROUNDS - 2, "this proves nothing unless frames were left out"
        rewrite(server, ROUNDS)
        assert (await slow.change()).id == (await other.change()).id


async def test_a_slow_reader_by_the_other_way_of_writing_is_never_sent_all_that_it_missed(serve: Serve) -> None:
    server = serve()
    server.add_users(ROWS)
    async with following(server.port, QUERY, buffer=2048, http="1.0") as slow, following(server.port, QUERY) as other:
        await other.event()
        revisions = await flood(server, other)
        got = [(await slow.event()).id]
        while got[-1] != revisions[-1]:
            got.append((await slow.event()).id)
        assert got[1:] == [revision for revision in revisions if revision in got]
        assert len(got) < ROUNDS
