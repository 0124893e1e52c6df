"""Demo: people that the form would take as well, and a life that goes on until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from pathlib import Path

import pytest
from faker import Faker

from rowcast import demo
from rowcast.config import Settings
from rowcast.database import Database
from rowcast.tables.listing import Listing
from rowcast.tables.page import Row
from rowcast.users import USERS, UserDraft
from tests.live.source import until
from tests.running import PROGRAM, environment
from tests.tables.reading import read_page

PATIENCE = 30.0  # seconds, on a machine that does other things as well


async def test_people_are_such_as_the_form_would_take(database: Database, settings: Settings) -> None:
    await demo.run(settings.database, 300, None)
    rows: list[Row] = []
    async with database.read() as connection:
        for number in (1, 2, 3):
            rows += (await read_page(connection, USERS, Listing(page=number, size=100))).rows
    assert len(rows) == 300
    for row in rows:
        fields = {name: row.values[name] for name in UserDraft.model_fields}
        assert UserDraft.model_validate(fields).model_dump() == fields
    assert {row.values["role"] for row in rows} == {"administrator", "member"}
    assert {row.values["status"] for row in rows} == {"active", "closed"}


@pytest.mark.parametrize("seed", range(5))
def test_names_with_marks_and_blanks_make_addresses_that_are_valid(seed: int) -> None:
    people = Faker(["en_GB", "de_DE", "fr_FR", "es_ES", "pl_PL", "tr_TR", "sv_SE", "it_IT"])
    people.seed_instance(seed)
    for _ in range(300):
        person = demo._person(people)
        assert UserDraft.model_validate(person).model_dump() == person


async def test_with_a_rate_it_goes_on_adding_editing_and_deleting(database: Database, settings: Settings) -> None:
    living = asyncio.create_task(demo.run(settings.database, 20, 200))
    seen: set[tuple[int, int]] = set()

    async def look() -> int:
        async with database.read() as connection:
            page = await read_page(connection, USERS, Listing())
        seen.add((page.total, sum(row.values["version"] for row in page.rows)))
        return len(seen)

    async with asyncio.timeout(PATIENCE):
        while await look() < 8:  # noqa: ASYNC110 -- nothing else tells that the file has changed
            await asyncio.sleep(0.01)
    living.cancel()
    await until(living.done)
    assert living.cancelled()


async def test_it_lives_on_when_everybody_was_deleted(database: Database, settings: Settings) -> None:
    living = asyncio.create_task(demo.run(settings.database, 0, 500))
    await asyncio.sleep(0.2)
    assert not living.done()
    living.cancel()
    await until(living.done)


def test_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [PROGRAM, "demo", "0", "--live", "5"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what runs in its background ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout
        assert "Ctrl-C" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
