"""Search that does not read the whole table: an index of all trigrams of the searched text.

PostgreSQL uses its own for any LIKE. SQLite's is a table (FTS5), kept in step by triggers, and asked by name. It holds
a copy of the text, so that a row that went without a trigger (INSERT OR REPLACE) can be mended when its id comes back.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if is_sqlite else POSTGRES:
        op.execute(statement)


SQLITE_FORGET = "DELETE FROM users_search WHERE rowid = {0}.id;"
SQLITE_LEARN = """
    INSERT INTO users_search (rowid, username_key, email_key) SELECT new.id, new.username_key, new.email_key
        WHERE new.username_key IS NOT NULL AND new.email_key IS NOT NULL;
"""
SQLITE = (
    "CREATE VIRTUAL TABLE users_search"
    " USING fts5 (username_key, email_key, tokenize = 'trigram case_sensitive 1', columnsize = 0)",
    "INSERT INTO users_search (rowid, username_key, email_key) SELECT id, username_key, email_key FROM users",
    f"""
    CREATE TRIGGER users_search_insert AFTER INSERT ON users BEGIN
        {SQLITE_FORGET.format("new")} {SQLITE_LEARN}
    END
    """,
    f"""
    CREATE TRIGGER users_search_update AFTER UPDATE OF username_key, email_key, id ON users BEGIN
        {SQLITE_FORGET.format("old")} {SQLITE_LEARN}
    END
    """,
    f"CREATE TRIGGER users_search_delete AFTER DELETE ON users BEGIN {SQLITE_FORGET.format('old')} END",
)
POSTGRES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX users_search ON users USING gin (username_key gin_trgm_ops, email_key gin_trgm_ops)",
    # In the order of a listing, which ends in the id; SQLite has the id in every index.
    "CREATE INDEX users_by_username ON users (username_key, id)",
    "CREATE INDEX users_by_email ON users (email_key, id)",
)
