"""Signals: how this process hears that a table changed, and of answers that reached another process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from rowcast.database import Database
from rowcast.database.postgres import Postgres
from rowcast.live.hub import Hub
from rowcast.live.inter_worker_relay import InterWorkerRelay
from rowcast.live.signals.postgres import PostgresSignal
from rowcast.live.signals.sqlite import SqliteSignal
from rowcast.tables.table import Table

if TYPE_CHECKING:
    from rowcast.live.worker_peers import WorkerPeers


class Signal(Protocol):
    """The same verbs for each database."""

    async def start(self) -> None:
        """Begin to listen."""

    def committed(self) -> None:
        """Hear that this process has committed."""

    async def tell(self, token: str) -> bool:
        """Pass a browser's answer on to other processes; whether there are any."""

    async def stop(self) -> None:
        """Listen no longer."""


def signal_of(
    database: Database, hub: Hub, tables: Sequence[Table], listen: str = "", workers: WorkerPeers | None = None
) -> Signal:
    """Return the signal of ``database`` for its ``tables``.

    ``listen`` is a direct address of PostgreSQL, when ours goes to a pooler; ``workers`` what several share.
    """
    kind = database.kind
    if isinstance(kind, Postgres):
        return PostgresSignal(lambda: kind.connect(listen), kind.notify, hub.invalidate, hub.answered, tables)
    return SqliteSignal(kind.file, hub.invalidate, tables, InterWorkerRelay(workers, hub.answered) if workers else None)
