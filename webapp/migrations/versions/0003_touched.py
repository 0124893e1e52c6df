"""A log of the rows that were touched, so that a commit makes no page be read again that it cannot change.

SQLite tells that somebody has committed, and not what. Triggers write down each row as it was and as it became, as far
as listings rest on it: in columns, not in JSON, which cannot hold bytes and so would make another program's write fail.
Nobody trusts the log further than it goes back: it holds the last hundred or so (see live/signals/touched.py).
"""

from alembic import op

revision = "0003"
down_revision = "0002"

KEPT = 100  # and up to as many more as are written between two times that it is shortened
SHORTENED = 50

COLUMNS = ("id", "username_key", "email_key", "role", "status", "changed")
BEFORE = ", ".join(f"before_{name}" for name in COLUMNS)
AFTER = ", ".join(f"after_{name}" for name in COLUMNS)
OLD = ", ".join(f"old.{name}" for name in COLUMNS)
NEW = ", ".join(f"new.{name}" for name in COLUMNS)
# REPLACE removes the rows that are in its way, and tells no trigger. That they may be gone is written down before; when
# there is no REPLACE, they stay, and pages are read for nothing.
COLLIDE = "(id = new.id OR username_key = new.username_key OR email_key = new.email_key)"
REMOVED = f"INSERT INTO users_touched ({BEFORE}) SELECT {', '.join(COLUMNS)} FROM users WHERE {COLLIDE}"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)


SQLITE = (
    # Without types, so that values stay what they are. The mark is random: no other entry that ever gets the same
    # number, as after a backup was restored, is taken for this one.
    f"CREATE TABLE users_touched (seq INTEGER PRIMARY KEY AUTOINCREMENT, mark DEFAULT (random()), {BEFORE}, {AFTER})",
    f"""
    CREATE TRIGGER users_touched_shorten AFTER INSERT ON users_touched WHEN new.seq % {SHORTENED} = 0 BEGIN
        DELETE FROM users_touched WHERE seq <= new.seq - {KEPT};
    END
    """,
    f"CREATE TRIGGER users_touched_before_insert BEFORE INSERT ON users BEGIN {REMOVED}; END",
    f"""
    CREATE TRIGGER users_touched_before_update BEFORE UPDATE ON users
        WHEN new.id <> old.id OR new.username_key IS NOT old.username_key OR new.email_key IS NOT old.email_key
    BEGIN {REMOVED} AND id <> old.id; END
    """,
    f"""
    CREATE TRIGGER users_touched_insert AFTER INSERT ON users BEGIN
        INSERT INTO users_touched ({AFTER}) VALUES ({NEW});
    END
    """,
    f"""
    CREATE TRIGGER users_touched_update AFTER UPDATE ON users BEGIN
        INSERT INTO users_touched ({BEFORE}, {AFTER}) VALUES ({OLD}, {NEW});
    END
    """,
    f"""
    CREATE TRIGGER users_touched_delete AFTER DELETE ON users BEGIN
        INSERT INTO users_touched ({BEFORE}) VALUES ({OLD});
    END
    """,
)
