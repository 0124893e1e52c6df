"""The history names a row by its key as it is spelt, for a key need not be a number (see tables/key.py).

Nothing is lost: a number is spelt as it stood there. The history is written anew, in one transaction, and takes its
room twice meanwhile: a million lines took 5 s on SQLite and 7 s on PostgreSQL. Whoever reads it past Rowcast, by
``row_id``, asks for ``row_key`` from now on, which is text.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if is_sqlite else POSTGRES:
        op.execute(statement)


# SQLite changes no column's type. Numbers of lines are never used twice, not even those of lines that are gone.
SQLITE = (
    """
    CREATE TABLE changes_by_key (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        at DATETIME NOT NULL,
        "by" TEXT NOT NULL,
        verb TEXT NOT NULL,
        table_name TEXT NOT NULL,
        row_key TEXT NOT NULL,
        "before" JSON,
        "after" JSON
    )
    """,
    """
    INSERT INTO changes_by_key
        SELECT id, at, "by", verb, table_name, CAST(row_id AS TEXT), "before", "after" FROM changes ORDER BY id
    """,
    "DELETE FROM sqlite_sequence WHERE name = 'changes_by_key'",
    "INSERT INTO sqlite_sequence SELECT 'changes_by_key', seq FROM sqlite_sequence WHERE name = 'changes'",
    "DROP TABLE changes",
    "ALTER TABLE changes_by_key RENAME TO changes",
    "CREATE INDEX changes_row ON changes (table_name, row_key, id)",
)
POSTGRES = (
    'ALTER TABLE changes ALTER COLUMN row_id TYPE text COLLATE "C" USING row_id::text',
    "ALTER TABLE changes RENAME COLUMN row_id TO row_key",
)
