"""The stream as any program sees it: greeting, changes, resuming."""

from __future__ import annotations

import httpx

from tests.running import ADD_USER, Server
from tests.server.stream import Event, following

EVERYTHING = [("#users", "innerMorph"), ("#pager", "outerHTML")]


def revision(server: Server, query: str) -> str:
    response = httpx.get(f"{server.address}/users?{query}", headers={"Accept": "application/json"})
    return str(response.json()["revision"])


def steps(event: Event) -> list[str]:
    """How the parts for rows and pager are swapped."""
    return sorted(swap for target, swap in event.parts if not target.startswith("#notice"))


async def test_a_stream_is_an_event_stream_that_nobody_stores_or_transforms(server: Server) -> None:
    async with following(server.port, Accept_Encoding="gzip, br") as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store, no-transform"
        assert stream.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in stream.headers
        assert "content-length" not in stream.headers


async def test_the_greeting_has_the_revision_as_its_id_and_says_when_to_come_back(server: Server, word: str) -> None:
    server.add_users(3, word)
    async with following(server.port, f"q={word}") as stream:
        greeting = await stream.event()
        assert greeting.is_greeting
        assert greeting.id == revision(server, f"q={word}")
        assert int(greeting.fields["retry"][0]) > 0
        assert "event" not in greeting.fields


async def test_a_reader_that_has_the_page_gets_the_greeting_alone(server: Server, word: str) -> None:
    server.add_users(3, word)
    async with following(server.port, f"q={word}&have={revision(server, f'q={word}')}") as stream:
        greeting = await stream.event()
        assert greeting.is_greeting
        assert greeting.parts == []
        assert await stream.is_quiet(0.3)


async def test_last_event_id_wins_over_have(server: Server, word: str) -> None:
    server.add_users(3, word)
    async with following(server.port, f"q={word}&have=nonsense", have=revision(server, f"q={word}")) as stream:
        assert (await stream.event()).parts == []


async def test_a_reader_with_no_position_gets_all_rows_at_once(server: Server, word: str) -> None:
    server.add_users(3, word)
    async with following(server.port, f"q={word}") as stream:
        greeting = await stream.event()
        assert greeting.parts == EVERYTHING
        assert greeting.data.count("<tr") == 3


async def test_ten_kilobytes_of_junk_as_last_event_id_are_answered_by_all_rows(server: Server, word: str) -> None:
    server.add_users(3, word)
    async with following(server.port, f"q={word}", have="j\xfcnk\t" * 2000) as stream:
        assert stream.status == 200
        greeting = await stream.event()
        assert greeting.parts == EVERYTHING
        assert greeting.id == revision(server, f"q={word}")
        assert await stream.is_quiet(0.3)


async def test_a_change_by_another_program_reaches_every_open_stream(server: Server, word: str) -> None:
    server.add_users(30, word)
    queries = (f"q={word}", f"q={word}+00&sort=-email")
    async with following(server.port, queries[0]) as first, following(server.port, queries[1]) as second:
        for stream in (first, second):
            await stream.event()
        server.execute("UPDATE users SET role = 'administrator' WHERE username = ?", f"{word} 001")
        for stream in (first, second):
            change = await stream.change()
            assert steps(change) == ["outerMorph"]
            assert "Administrator" in change.data


async def test_a_frame_carries_the_revision_that_a_fresh_page_has(server: Server, word: str) -> None:
    server.add_users(3, word)
    async with following(server.port, f"q={word}") as stream:
        await stream.event()
        server.add_users(1, f"{word}y")
        change = await stream.change()
        assert change.id == revision(server, f"q={word}")


async def test_a_reader_that_comes_back_gets_what_it_missed_in_one_frame(server: Server, word: str) -> None:
    server.add_users(20, word)
    async with following(server.port, f"q={word}") as witness:
        seen = (await witness.event()).id
        server.execute("UPDATE users SET status = 'closed' WHERE username = ?", f"{word} 001")
        await witness.change()
        server.execute("DELETE FROM users WHERE username IN (?, ?)", f"{word} 002", f"{word} 003")
        await witness.change()
        server.execute(ADD_USER, f"a {word}", f"a{word}@example.org", "member", "active")
        now = (await witness.change()).id
        async with following(server.port, f"q={word}", have=seen) as stream:
            greeting = await stream.event()
            assert steps(greeting) == ["delete", "delete", "outerHTML", "outerMorph", "prepend"]
            assert greeting.data.count("<tr") == 2
            assert greeting.id == now
            assert await stream.is_quiet(0.3)


async def test_an_edited_row_costs_less_than_800_bytes(server: Server) -> None:
    server.add_users(20)
    server.execute(ADD_USER, "Ada Lovelace", "ada.lovelace@example.org", "member", "active")
    async with following(server.port, "sort=email") as stream, httpx.AsyncClient(base_url=server.address) as client:
        await stream.event()
        rows = (await client.get("/users?q=ada", headers={"Accept": "application/json"})).json()["rows"]
        for role in ("administrator", "member"):  # the first is told in words as well, the second so soon after is not
            assert (await client.patch(f"/users/{rows[0]['id']}", json={"role": role})).status_code == 200
            change = await stream.change()
            assert steps(change) == ["outerMorph"]
        assert "#summary" not in change.data
        assert len(change.chunk) < 800, change.chunk.decode()
