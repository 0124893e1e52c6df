"""The user directory and the history.

Programs that write past Rowcast (``sqlite3 rowcast.db "update users ..."``) are readers' equals: defaults fill in what
they leave out, checks keep out what no page could show, and triggers number the versions, so that a form opened before
such an edit is refused like any other. They know an edit of ours by its new version number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
# SQLite's lower() knows ASCII only: keys of text written past Rowcast are folded by case in ASCII alone.
KEYS = "username_key = lower(trim(new.username)), email_key = lower(trim(new.email))"

# What Python reads as a moment of the years that it knows.
MOMENT = (
    "datetime({0}) IS substr({0}, 1, 19) AND {0} >= '0001' AND {0} < '9999-12-31'"
    " AND {0} GLOB '[0-9][0-9][0-9][0-9]-*' AND substr({0}, 20) NOT GLOB '*[^.0-9]*' AND substr({0}, 20) <> '.'"
)

# "INSERT OR IGNORE" and "UPDATE OR REPLACE" rule inside the trigger as well, but not over RAISE.
TAKEN = """
    SELECT RAISE(ABORT, 'another user has this name or e-mail address') FROM users WHERE id <> new.id
        AND (username_key = lower(trim(new.username)) OR email_key = lower(trim(new.email)));
"""

INSERT_TRIGGER = f"""
    CREATE TRIGGER users_insert AFTER INSERT ON users WHEN new.username_key IS NULL OR new.email_key IS NULL BEGIN
        {TAKEN} UPDATE users SET {KEYS}, version = new.version + 1 WHERE id = new.id;
    END
"""
UPDATE_TRIGGER = f"""
    CREATE TRIGGER users_update AFTER UPDATE ON users WHEN new.version = old.version BEGIN
        {TAKEN} UPDATE users SET {KEYS}, version = old.version + 1, changed = {NOW} WHERE id = new.id;
    END
"""


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("username_key", sa.Text),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text),
        sa.Column("role", sa.Text, nullable=False, server_default="member"),
        sa.Column("status", sa.Text, nullable=False, server_default="active"),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created", sa.DateTime, nullable=False, server_default=sa.text(f"({NOW})")),
        sa.Column("changed", sa.DateTime, nullable=False, server_default=sa.text(f"({NOW})")),
        sa.CheckConstraint("typeof(username) = 'text' AND length(username) BETWEEN 1 AND 64", name="username_length"),
        sa.CheckConstraint("typeof(email) = 'text' AND length(email) BETWEEN 1 AND 254", name="email_length"),
        sa.CheckConstraint("role IN ('administrator', 'member')", name="role_known"),
        sa.CheckConstraint("status IN ('active', 'closed')", name="status_known"),
        sa.CheckConstraint("typeof(version) = 'integer'", name="version_number"),
        sa.CheckConstraint("id > 0", name="id_positive"),
        sa.CheckConstraint(MOMENT.format("created"), name="created_moment"),
        sa.CheckConstraint(MOMENT.format("changed"), name="changed_moment"),
        # Without it SQLite gives the id of a deleted row to a new one, and open pages would take it for the old.
        sqlite_autoincrement=True,
    )
    op.create_index("users_username", "users", ["username_key"], unique=True)
    op.create_index("users_email", "users", ["email_key"], unique=True)
    for column in ("role", "status", "changed"):
        op.create_index(f"users_{column}", "users", [column, "id"])
    op.execute(INSERT_TRIGGER)
    op.execute(UPDATE_TRIGGER)
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("row_id", sa.Integer, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("changes_row", "changes", ["table_name", "row_id", "id"])
