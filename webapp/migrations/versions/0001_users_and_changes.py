"""The user directory and the history.

Programs that write past Rowcast (``sqlite3 rowcast.db "update users ..."``, psql) are readers' equals: defaults fill in
what they leave out, checks keep out what no page could show, and triggers number the versions, so that a form opened
before such an edit is refused like any other. They know an edit of ours by its new version number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# On PostgreSQL text is compared by code point, as SQLite does: a language's own order is another on each machine.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
# Ids are never used twice: open pages would take the new row for the old. See also sqlite_autoincrement below.
NEVER_AGAIN = sa.Identity(always=True)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    now = sa.text(f"({SQLITE_NOW})" if is_sqlite else f"({POSTGRES_NOW})")
    op.create_table(
        "users",
        sa.Column("id", NUMBER, NEVER_AGAIN, primary_key=True),
        sa.Column("username", TEXT, nullable=False),
        sa.Column("username_key", TEXT, nullable=is_sqlite),  # its triggers come after the row, and fill it in then
        sa.Column("email", TEXT, nullable=False),
        sa.Column("email_key", TEXT, nullable=is_sqlite),
        sa.Column("role", TEXT, nullable=False, server_default="member"),
        sa.Column("status", TEXT, nullable=False, server_default="active"),
        sa.Column("version", NUMBER, nullable=False, server_default="1"),
        sa.Column("created", sa.DateTime, nullable=False, server_default=now),
        sa.Column("changed", sa.DateTime, nullable=False, server_default=now),
        sa.CheckConstraint("length(username) BETWEEN 1 AND 64", name="username_length"),
        sa.CheckConstraint("length(email) BETWEEN 1 AND 254", name="email_length"),
        sa.CheckConstraint("role IN ('administrator', 'member')", name="role_known"),
        sa.CheckConstraint("status IN ('active', 'closed')", name="status_known"),
        sa.CheckConstraint("id > 0", name="id_positive"),
        *(
            sa.CheckConstraint(check, name=name)
            for name, check in (SQLITE_CHECKS if is_sqlite else POSTGRES_CHECKS).items()
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("users_username", "users", ["username_key"], unique=True)
    op.create_index("users_email", "users", ["email_key"], unique=True)
    for column in ("role", "status", "changed"):
        op.create_index(f"users_{column}", "users", [column, "id"])
    for statement in SQLITE_TRIGGERS if is_sqlite else POSTGRES_TRIGGERS:
        op.execute(statement)
    op.create_table(
        "changes",
        sa.Column("id", NUMBER, NEVER_AGAIN, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("row_id", NUMBER, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("changes_row", "changes", ["table_name", "row_id", "id"])


SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"

# What Python reads as a moment of the years that it knows.
SQLITE_MOMENT = (
    "datetime({0}) IS substr({0}, 1, 19) AND {0} >= '0001' AND {0} < '9999-12-31'"
    " AND {0} GLOB '[0-9][0-9][0-9][0-9]-*' AND substr({0}, 20) NOT GLOB '*[^.0-9]*' AND substr({0}, 20) <> '.'"
)
# SQLite keeps anything in any column.
SQLITE_CHECKS = {
    "username_text": "typeof(username) = 'text'",
    "email_text": "typeof(email) = 'text'",
    "version_number": "typeof(version) = 'integer'",
    "created_moment": SQLITE_MOMENT.format("created"),
    "changed_moment": SQLITE_MOMENT.format("changed"),
}

# "INSERT OR IGNORE" and "UPDATE OR REPLACE" rule inside the trigger as well, but not over RAISE.
SQLITE_TAKEN = """
    SELECT RAISE(ABORT, 'another user has this name or e-mail address') FROM users WHERE id <> new.id
        AND (username_key = lower(trim(new.username)) OR email_key = lower(trim(new.email)));
"""
# SQLite's lower() knows ASCII only: keys of text written past Rowcast are folded by case in ASCII alone.
SQLITE_KEYS = "username_key = lower(trim(new.username)), email_key = lower(trim(new.email))"
SQLITE_TRIGGERS = (
    f"""
    CREATE TRIGGER users_insert AFTER INSERT ON users WHEN new.username_key IS NULL OR new.email_key IS NULL BEGIN
        {SQLITE_TAKEN} UPDATE users SET {SQLITE_KEYS}, version = new.version + 1 WHERE id = new.id;
    END
    """,
    f"""
    CREATE TRIGGER users_update AFTER UPDATE ON users WHEN new.version = old.version BEGIN
        {SQLITE_TAKEN}
        UPDATE users SET {SQLITE_KEYS}, version = old.version + 1, changed = {SQLITE_NOW} WHERE id = new.id;
    END
    """,
)

# Not now(), which is when the transaction began: a long one would set the clock of a row back.
POSTGRES_NOW = "statement_timestamp() AT TIME ZONE 'UTC'"
# The years that Python knows.
POSTGRES_MOMENT = "{0} >= '0001-01-01' AND {0} < '9999-12-31'"
POSTGRES_CHECKS = {
    "created_moment": POSTGRES_MOMENT.format("created"),
    "changed_moment": POSTGRES_MOMENT.format("changed"),
}
# By case in ASCII alone, as on SQLite: a name has one key, wherever it is kept.
POSTGRES_KEYS = """
    NEW.username_key := lower(trim(NEW.username) COLLATE "C");
    NEW.email_key := lower(trim(NEW.email) COLLATE "C");
"""
POSTGRES_TRIGGERS = (
    f"""
    CREATE FUNCTION users_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.username_key IS NULL OR NEW.email_key IS NULL THEN {POSTGRES_KEYS} END IF;
        RETURN NEW;
    END $$
    """,
    f"""
    CREATE FUNCTION users_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.version = OLD.version THEN
            {POSTGRES_KEYS} NEW.version := OLD.version + 1; NEW.changed := {POSTGRES_NOW};
        END IF;
        RETURN NEW;
    END $$
    """,
    # A hint and no more, the same for any number of rows, so that one transaction says it once.
    """
    CREATE FUNCTION rowcast_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_notify('rowcast', TG_TABLE_NAME);
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER users_insert BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION users_insert()",
    "CREATE TRIGGER users_update BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION users_update()",
    "CREATE TRIGGER users_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON users"
    " FOR EACH STATEMENT EXECUTE FUNCTION rowcast_changed()",
)
