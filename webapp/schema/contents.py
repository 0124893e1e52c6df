"""Contents: what tables a database holds, whose they are, and why this program cannot use them, in words."""

from __future__ import annotations

from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from rowcast.database import Unusable
from rowcast.schema.versions import is_known, is_newer, newest

# What the migrations make; each version has the first three.
TABLES = {
    "sqlite": ("alembic_version", "changes", "users", "users_search", "users_touched", "idempotency_keys"),
    "postgresql": ("alembic_version", "changes", "users", "touched_channel", "idempotency_keys"),
}
SHOWN = 5  # names of tables in a message


@dataclass(frozen=True)
class Contents:
    """The names of all ``tables``, the names that ours have, those of them that are ``taken``, and Alembic's notes."""

    tables: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version of our tables; empty when they are not there."""
        version = self.versions[0] if len(self.versions) == 1 else ""
        is_ours = set(self.ours[:3]) <= set(self.taken)
        return version if is_ours and (is_known(version) or is_newer(version)) else ""

    def require_current(self, place: str) -> None:
        """Raise Unusable unless the tables at ``place`` are ours and of the version that this program needs."""
        self.require_room(place)
        if not self.version:
            raise Unusable(
                f"{self._described(place)} Nothing was written. Set ROWCAST_DATABASE to another, such as a file that is"
                f" not there yet; or run rowcast migrate, which adds tables of Rowcast's own: {', '.join(self.ours)};"
                " an SQLite file then keeps a write-ahead log (WAL)."
            )
        if self.version != newest():
            raise Unusable(
                f"{place} is at version {self.version}, and this program needs {newest()}: run rowcast migrate."
            )

    def require_room(self, place: str) -> None:
        """Raise Unusable when the tables at ``place`` are newer than ours, or others have the names of ours."""
        if is_newer(self.version):
            raise Unusable(
                f"{place} is at version {self.version}, and this program knows the versions up to {newest()}: a newer"
                " Rowcast has been here. Nothing was written. Install that one, or restore a backup from before."
            )
        if self.taken and not self.version:
            raise Unusable(
                f"{self._described(place)} Tables of Rowcast's own have the same names ({', '.join(self.taken)}), so"
                " both cannot be in one database. Nothing was written. Set ROWCAST_DATABASE to another."
            )

    def _described(self, place: str) -> str:
        more = len(self.tables) - SHOWN
        told = ", ".join(self.tables[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"{place} has tables of another program: {told}."


def contents_of(connection: Connection) -> Contents:
    """Return what the database of ``connection`` holds."""
    found, ours = inspect(connection), TABLES[connection.dialect.name]
    tables, views = found.get_table_names(), found.get_view_names()
    # SQLite takes no notice of case.
    names = {name.lower() if connection.dialect.name == "sqlite" else name for name in (*tables, *views)}
    taken = tuple(name for name in ours if name in names)
    noted = found.get_columns("alembic_version") if "alembic_version" in tables else []
    is_alembics = any(column["name"] == "version_num" for column in noted)
    return Contents(tuple(sorted(tables)), ours, taken, versions_in(connection) if is_alembics else ())


def versions_in(connection: Connection) -> tuple[str, ...]:
    """Return the versions that Alembic noted, of ours or of another program: one, unless something is wrong."""
    return MigrationContext.configure(connection).get_current_heads()
