"""Histories: writes and faults at random, one and the same for each seed; then rest, and every page is judged."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping

from rowcast.live.feed_key import FeedKey, Format
from rowcast.live.frame import Frame
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing, parse
from rowcast.users import USERS
from tests.live.open_row import OpenRow, Shown
from tests.live.reader import Reader
from tests.live.skipping import patient_time
from tests.live.tally import Tally
from tests.live.world import Judge, World
from tests.live.writes import Writer
from tests.model import Decoder, parts

ROUNDS = 4
PATIENCE = 20.0  # seconds until all agree
HEARD = 0.25  # seconds in which all that was written is heard, read and told
REST = 0.06  # seconds in which nothing may be sent any more
COLUMNS = ("username", "email", "role", "status", "changed")
FAULTS = {
    "connection lost": 3,
    "cut unnoticed": 2,
    "cut at a byte": 4,
    "page loaded anew": 2,
    "reader stalled": 3,
    "reader resumed": 3,
    "stalled for too long": 1,
    "stream at its end": 1,
    "tab put to sleep": 2,
    "tab woken at its old position": 2,
}
JUNK = ("", "junk", "0" * 24, "x" * 10_000, "\r\n\0", "\U0001f389", "../../etc/passwd")


def listing(dice: random.Random) -> Listing:
    """Return what somebody may ask for: most ask for all, or for one thing."""
    query = {
        "q": dice.choice(["", "", "", "", "7", "u", "<", "%", "old"]),
        "role": dice.choice(["", "", "", "member", "administrator"]),
        "status": dice.choice(["", "", "", "active", "closed"]),
        "sort": dice.choice(["", *COLUMNS, *(f"-{column}" for column in COLUMNS)]),
        "page": dice.choice(["", "", "", "2", "3", "99"]),
        "size": dice.choice(["25", "25", "25", "25", "50", "100"]),
    }
    return parse(USERS, query.items())[0]


def quiet(dice: random.Random) -> Listing:
    """Return what few writes can touch."""
    query = {
        "q": dice.choice(["user 1", "x2", "example.com", "nobody"]),
        "sort": dice.choice(["", "email", "-changed"]),
    }
    return parse(USERS, query.items())[0]


def command(url: str, seed: int, rounds: int, form: Format) -> str:
    """Return what repeats a history."""
    return f"python -m tests.soak --database {url.partition('+')[0]} --form {form} --rounds {rounds} --seed {seed}"


async def history(
    url: str, seed: int, *, rounds: int = ROUNDS, patience: float = PATIENCE, form: Format = "html"
) -> Tally:
    """Let the history of ``seed`` happen to the database at ``url``, to readers of one ``form``.

    An SQLite file must be empty; in PostgreSQL, where to make a database takes longer than a history, it is emptied.

    Raises AssertionError when a page does not end equal to a fresh one, or shows two things at one revision.
    """
    dice = random.Random(seed)
    world = World(url, remembered=dice.choice([2, 32, 32, 32]), slow=dice.choice([0, 0, 0.01, 0.03]))
    writer = Writer(world, dice)
    if url.startswith("postgresql"):
        world.execute("TRUNCATE users, changes RESTART IDENTITY")
    writer.fill(dice.choice([0, 30, 60, 60, 80]))
    await world.start()
    try:
        faults = await _live(world, writer, dice, rounds, patience, form, random.Random(f"rows of {seed}"))
    except AssertionError as error:
        error.add_note(f"This was history {seed}; repeat it by: {command(url, seed, rounds, form)}")
        raise
    finally:
        await world.stop()
    return Tally(1, writer.made, world.frames, faults, world.refreshes)


async def _live(
    world: World,
    writer: Writer,
    dice: random.Random,
    rounds: int,
    patience: float,
    form: Format,
    other_dice: random.Random,
) -> Counter[str]:
    asked = [*(listing(dice) for _ in range(3)), quiet(dice)]
    readers = [Reader(world, listing, form) for listing in [*asked, *dice.choices(asked, k=dice.randint(1, 2))]]
    # By dice of their own, so that a seed is the same history with them and without.
    with_a_row = [Reader(world, Listing(), row=Key((other_dice.randint(1, 60),))) for _ in range(2 * (form == "html"))]
    faults: Counter[str] = Counter()
    for reader in with_a_row:
        await reader.open()
        await reader.connect()
    for reader in readers:
        await reader.open()
        if dice.random() < 0.5:
            await reader.connect()  # the others are connected when something was written
    for _ in range(rounds):
        for _ in range(dice.randint(0, 4)):
            await writer.write()
            await asyncio.sleep(dice.choice([0, 0.03]))
        if dice.random() < 0.05:
            for reader in with_a_row:
                reader.disconnect()
            faults[await restart(world, readers, writer, dice)] += 1
        for reader in dice.sample(readers, dice.choice([0, 1, 2, 2])):
            faults[await disturb(reader, dice)] += 1
        for reader in with_a_row:
            if other_dice.random() < 0.3:
                await disturb(reader, other_dice)
        await asyncio.sleep(dice.choice([0, 0.002, 0.03]))
        for reader in readers:
            reader.check()
    await recover(readers, dice)
    await recover(with_a_row, other_dice)
    for _ in range(dice.randint(0, 3)):
        await writer.write()  # while some have only just connected, and while pages are read
        await asyncio.sleep(dice.choice([0, 0.01]))
    await settle(world, [*readers, *with_a_row], patience)
    return faults


async def disturb(reader: Reader, dice: random.Random) -> str:
    """Let something happen to a reader; return what."""
    if not reader.is_connected:
        if dice.random() < 0.15:
            await reader.connect(dice.choice(JUNK))
            return "position that nobody knows"
        await reader.connect()
        return "reconnect"
    (fault,) = dice.choices(list(FAULTS), list(FAULTS.values()))
    match fault:
        case "connection lost":
            reader.disconnect()
        case "cut unnoticed":
            reader.writer.is_cut = True
        case "cut at a byte":
            reader.writer.left = dice.choice([1, 40, 300, 1000, 4000]) + dice.randint(0, 300)
        case "page loaded anew":
            await reader.open()
        case "reader stalled":
            reader.lag(True)
        case "reader resumed":
            reader.lag(False)
        case "stalled for too long":
            reader.lag(True)
            reader.give_up("stalled")
        case "stream at its end":
            reader.give_up("life")
        case "tab put to sleep":
            reader.keep()
        case "tab woken at its old position":
            if not reader.wake():
                reader.keep()
    return fault


async def restart(world: World, readers: list[Reader], writer: Writer, dice: random.Random) -> str:
    """Kill the server, write while nobody listens, start it again, perhaps as a new release."""
    for reader in readers:
        reader.writer.left = reader.writer.left or dice.choice([1, 500, 5000])  # the last frames may not have arrived
    if dice.random() < 0.5:
        await writer.write()
        await asyncio.sleep(dice.choice([0, 0.03]))
    for reader in readers:
        reader.disconnect()
    await world.stop()
    if dice.random() < 0.5:
        await writer.past_many()
    deployed = dice.random() < 0.4
    world.edition += deployed
    await world.start()
    return "release" if deployed else "kill"


async def recover(readers: list[Reader], dice: random.Random) -> None:
    """Let every reader be connected and take what comes."""
    for reader in readers:
        if dice.random() < 0.5 or reader.writer.is_cut or reader.writer.left is not None or not reader.is_connected:
            await reader.connect()
        reader.lag(False)


async def settle(world: World, readers: list[Reader], patience: float) -> None:
    """Wait until every reader shows what a fresh page shows, and see that it stays so."""
    deadline = patient_time() + patience
    judged = await world.judged([reader.key for reader in readers], Judge(world.edition))
    await agree(readers, judged, deadline)
    # A page may be what it was some writes before: who had it then is not yet told of what came in between.
    await asyncio.sleep(HEARD)
    await agree(readers, judged, deadline)
    sent = [len(reader.writer.frames) for reader in readers]
    await asyncio.sleep(REST)
    for reader, count in zip(readers, sent, strict=True):
        assert all(map(is_summary, reader.writer.frames[count:])), "nothing changes, so nothing is sent"


async def agree(readers: list[Reader], judged: Mapping[FeedKey, tuple[Shown, str]], deadline: float) -> None:
    """Wait until every reader is at the revision of the fresh page, and see that it then shows the same."""
    for reader in readers:
        fresh, revision = judged[reader.key]
        query = reader.key.listing.query
        while reader.position != revision or (isinstance(reader.screen, OpenRow) and reader.screen.is_asking):
            if not reader.is_connected:  # its stream was ended by the server: a browser comes back
                await reader.connect()
            assert patient_time() < deadline, f"{query!r} stays at {reader.position}, not {revision}"
            await asyncio.sleep(0.01)
        reader.check()
        assert reader.screen.state == fresh.state, f"{query!r} is not what a fresh page is"


def is_summary(frame: Frame) -> bool:
    """Whether the frame only sums up what came before: of what went on for seconds, that is due at the end."""
    (event,) = Decoder().feed(frame.data)
    return event.data.startswith("<") and [part.target for part in parts(event.data)] == ["summary"]
