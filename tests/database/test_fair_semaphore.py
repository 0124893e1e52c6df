"""FairSemaphore: a client that wants much waits for its own; whoever leaves takes no place along."""

from __future__ import annotations

import asyncio

import pytest

from rowcast.database import fair_semaphore
from rowcast.database.fair_semaphore import FairSemaphore

Served = list[str]


async def work(semaphore: FairSemaphore, served: Served, *clients: str) -> None:
    """Wait for a place, and have it for a while."""
    turn = await semaphore.acquire(clients)
    try:
        served.append(turn.client)
        await asyncio.sleep(0.001)
    finally:
        semaphore.release(turn)


async def test_who_waits_is_served_client_by_client() -> None:
    semaphore, served = FairSemaphore(1, 1), Served()
    await asyncio.gather(*(work(semaphore, served, client) for client in "aaaaabbc"))
    assert "".join(served) == "aabcabaa"


async def test_no_client_has_more_than_its_share_though_there_are_places() -> None:
    semaphore, served = FairSemaphore(4, 2), Served()
    tasks = [asyncio.create_task(work(semaphore, served, "a")) for _ in range(5)]
    await asyncio.sleep(0)
    assert served == ["a", "a"]
    tasks += [asyncio.create_task(work(semaphore, served, client)) for client in "bcd"]
    await asyncio.sleep(0)
    assert served == ["a", "a", "b", "c"]
    await asyncio.gather(*tasks)
    assert sorted(served) == [*"aaaaabcd"]


async def test_who_wants_much_that_takes_long_leaves_the_machine_to_others_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fair_semaphore, "SLOW", 0)
    loop, began = asyncio.get_running_loop(), list[float]()

    async def note(semaphore: FairSemaphore) -> None:
        turn = await semaphore.acquire(["a"])
        began.append(loop.time())
        await asyncio.sleep(0.02)
        semaphore.release(turn)

    semaphore = FairSemaphore(4, 2)
    await asyncio.gather(*(note(semaphore) for _ in range(3)))
    assert began[2] - began[1] < 0.02 * fair_semaphore.REST, "who is alone waits for nobody"
    semaphore.release(await semaphore.acquire(["b"]))
    await asyncio.gather(*(note(semaphore) for _ in range(3)))
    assert began[5] - began[3] > 0.02 * fair_semaphore.REST
    last = loop.time()
    await note(semaphore)
    assert began[-1] - last < 0.02, "who asks for one thing after another does not wait"


async def test_the_rest_of_one_keeps_no_place_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_semaphore, "SLOW", -1)
    monkeypatch.setattr(fair_semaphore, "REST", 10**9)
    semaphore, served = FairSemaphore(1, 1), Served()
    first = await semaphore.acquire(["a"])
    tasks = [asyncio.create_task(work(semaphore, served, client)) for client in "ab"]
    await asyncio.sleep(0)
    semaphore.release(first)
    await asyncio.wait(tasks[1:])
    assert served == ["b"], "a rests"
    await asyncio.gather(*tasks)


async def test_what_several_want_is_the_concern_of_the_one_that_asked_least() -> None:
    semaphore, served = FairSemaphore(1, 1), Served()
    tasks = [asyncio.create_task(work(semaphore, served, "a")) for _ in range(5)]
    await asyncio.sleep(0)
    await work(semaphore, served, "a", "b")
    assert served == ["a", "a", "b"]
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("moment", range(6))
async def test_who_leaves_takes_no_place_along(moment: int) -> None:
    semaphore, served = FairSemaphore(2, 2), Served()
    tasks = [asyncio.create_task(work(semaphore, served, client)) for client in "aabbcc"]
    for _ in range(moment):
        await asyncio.sleep(0.0005)
    for task in tasks[1::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(1):
        assert [(await semaphore.acquire(["d"])).client for _ in range(2)] == ["d", "d"]


async def test_who_has_slow_work_done_gets_one_place_until_it_is_quick_again(monkeypatch: pytest.MonkeyPatch) -> None:
    semaphore, served = FairSemaphore(4, 2), Served()
    semaphore.release(await semaphore.acquire(["b"]))
    monkeypatch.setattr(fair_semaphore, "SLOW", -1)
    monkeypatch.setattr(fair_semaphore, "REST", 0)
    tasks = [asyncio.create_task(work(semaphore, served, "a")) for _ in range(6)]
    await asyncio.sleep(0)
    assert served == ["a", "a"], "nobody knows yet"
    await asyncio.wait(tasks[:2])
    while len(served) < 3:  # noqa: ASYNC110  its rest ends by the clock
        await asyncio.sleep(0)
    assert served == ["a", "a", "a"]
    monkeypatch.setattr(fair_semaphore, "SLOW", 60)
    await asyncio.wait(tasks[2:3])
    await asyncio.sleep(0)
    assert served == ["a"] * 5
    await asyncio.gather(*tasks)
