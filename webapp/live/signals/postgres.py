"""PostgresSignal: hears every commit to a PostgreSQL database, whichever program made it: triggers send NOTIFY."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import asyncpg

from rowcast.database import Busy, Unreachable, Unusable, Unwritable
from rowcast.database.postgres import CHANNEL
from rowcast.database.postgres_errors import FAILURES
from rowcast.live.signals.notified_changes import NotifiedChanges
from rowcast.live.subscriber import TOKEN
from rowcast.tables.row_change import RowChange
from rowcast.tables.table import Table

log = logging.getLogger(__name__)

ROWS = "SELECT min(name) FROM touched_channel"  # the channel where rows are told, if any

KEEP_ALIVE = 10.0  # seconds between two questions whether the connection lives
ANSWER = 5.0  # seconds that it has to answer
PROOF = 2.0  # seconds in which our own NOTIFY must come back at the start
DIRECT = "set ROWCAST_LISTEN to an address of PostgreSQL itself"
BACK_OFF = 0.1, 5.0  # seconds before the first and, doubled each time, at most before a later try to connect


class PostgresSignal:
    """Listens on a connection of its own, for a pooler gives a connection away after each transaction.

    ``connect`` makes it, ``notify`` speaks on another one. What is heard is a hint: the name of a table, for
    ``changed``, on a channel of its own with the rows of ``tables`` that were written (else that may be any); or
    ``answered <token>``, for ``answered``. Nothing is heard while there is no connection, so all tables count as
    changed when there is one again.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        notify: Callable[[str], Awaitable[None]],
        changed: Callable[[str | None, list[RowChange] | None], None],
        answered: Callable[[str], object],
        tables: Iterable[Table],
    ) -> None:
        self._connect = connect
        self._notify = notify
        self._changed = changed
        self._answered = answered
        self._told = NotifiedChanges(tables, changed)
        self._channel: str | None = None
        self._connection: asyncpg.Connection | None = None
        self._lost = asyncio.Event()
        self._proof = secrets.token_hex()
        self._proved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen; raises Unusable when what is said elsewhere is not heard here."""
        try:
            await self._listen()
            await self._notify(f"proof {self._proof}")
            async with asyncio.timeout(PROOF):
                await self._proved.wait()
        except TimeoutError:
            await self.stop()
            raise Unusable(f"LISTEN does not hear what NOTIFY says, as behind a pooler: {DIRECT}.") from None
        except (Busy, Unreachable, Unwritable, *FAILURES) as error:
            await self.stop()
            raise Unusable(f"No LISTEN: {error}. Check ROWCAST_DATABASE; behind a pooler {DIRECT}.") from error
        self._task = asyncio.create_task(self._follow())

    def committed(self) -> None:
        """Hear that this process has committed: the trigger says so itself, unless nobody listens."""
        if self._lost.is_set():
            self._changed(None, None)

    async def tell(self, token: str) -> bool:
        """Pass a browser's answer on to all other processes of this database."""
        try:
            await self._notify(f"answered {token}")
        except (Busy, Unreachable, Unwritable):
            return False
        return True

    async def stop(self) -> None:
        """Listen no longer."""
        if self._task is not None:
            self._task.cancel()
        self._hang_up()

    async def _follow(self) -> None:
        wait = BACK_OFF[0]
        while True:
            try:
                if self._connection is None:
                    await self._listen()
                    self._changed(None, None)
                    log.info("Listening again")
                    wait = BACK_OFF[0]
                await self._rest(self._connection)
            except (Unreachable, *FAILURES) as error:
                if wait == BACK_OFF[0]:
                    log.warning("The database cannot be listened to (%s); it is tried again until it can", error)
                self._hang_up()
                await asyncio.sleep(wait)
                wait = min(2 * wait, BACK_OFF[1])

    async def _listen(self) -> None:
        self._connection = connection = await self._connect()
        connection.add_termination_listener(self._hear_end)
        self._channel = await connection.fetchval(ROWS)
        await connection.add_listener(CHANNEL, self._hear)
        if self._channel is not None:
            await connection.add_listener(self._channel, self._hear_rows)
        self._lost.clear()

    async def _rest(self, connection: asyncpg.Connection) -> None:
        """Wait, and ask whether the connection lives and all is said where it listens; raises when it is not so."""
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await self._lost.wait()
            raise Unreachable("the connection was lost")
        except TimeoutError:
            if await connection.fetchval(ROWS, timeout=ANSWER) != self._channel:
                raise Unreachable("rows are told elsewhere now") from None

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        verb, _, rest = str(payload).partition(" ")
        if not rest:
            self._told.add(verb, None)
        elif verb == "answered" and TOKEN.fullmatch(rest):
            self._answered(rest)
        elif rest == self._proof:
            self._proved.set()

    def _hear_rows(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self._told.hear(str(payload))

    def _hear_end(self, connection: Any) -> None:
        if connection is self._connection:
            self._lost.set()

    def _hang_up(self) -> None:
        self._lost.set()
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
