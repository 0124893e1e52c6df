"""PostgreSQL tells which rows were touched, so that a commit makes no page be read again that it cannot change.

NOTIFY itself carries each row as it was and as it became, as far as listings rest on it. So there is no log that has to
be kept short, that writers wait for, or that somebody reads too late: PostgreSQL passes on what was said if and when
the transaction commits, in whatever order transactions do, once and to all that listen; what was taken back was never
said. Who was not connected has heard nothing, and knows it. One and the same trigger says that rows were written and
which, so neither comes without the other; where triggers do not fire, nothing was ever heard (see the heartbeat).

A statement that touched none says nothing. One that touched more rows than are judged, or than fit in one NOTIFY, and
each that follows it in its transaction, says the table's name alone, once: any row. So does TRUNCATE. So do all where
the server's encoding is another than Python's order of text.

Anybody who may connect may LISTEN, also who may not read the table. What rows hold is therefore said on a channel that
nobody knows who cannot read its name, which is random and in a table, in the schema of the rows. The function reads it
with its owner's rights, for all who write; nobody else can bind it to a table of their own, whose types would then run
with these rights.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

MOST = 20  # rows of one transaction

COLUMNS = ("id", "username_key", "email_key", "role", "status", "changed")
OLD, NEW = (
    f"CASE WHEN {row}.id IS NOT NULL THEN json_build_object({', '.join(f'{name!r}, {row}.{name}' for name in COLUMNS)})"
    " END"
    for row in ("was", "is_now")
)
# One more than are judged is enough to tell that there are more. By id, which is what makes a row that row.
WAS, IS_NOW = (
    f"(SELECT * FROM {rows} LIMIT {MOST + 1}) AS {row}" for rows, row in (("old_rows", "was"), ("new_rows", "is_now"))
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRES:
            op.execute(statement)


POSTGRES = (
    "CREATE TABLE touched_channel ("
    "name text NOT NULL CHECK (name <> 'rowcast' AND octet_length(name) BETWEEN 1 AND 63))",
    "INSERT INTO touched_channel VALUES ('rowcast_' || translate(gen_random_uuid()::text, '-', ''))",
    f"""
    CREATE FUNCTION users_touched() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        touches json;
        counted text := coalesce(current_setting('rowcast.touched', true), '');
        message text;
        channel text;
    BEGIN
        IF length(counted) > {MOST} THEN
            PERFORM pg_notify('rowcast', TG_TABLE_NAME);
            RETURN NULL;
        END IF;
        IF TG_OP = 'INSERT' THEN
            SELECT json_agg(json_build_array(NULL, {NEW})) INTO touches FROM {IS_NOW};
        ELSIF TG_OP = 'DELETE' THEN
            SELECT json_agg(json_build_array({OLD}, NULL)) INTO touches FROM {WAS};
        ELSE
            SELECT json_agg(json_build_array({OLD}, {NEW})) INTO touches FROM {WAS} FULL JOIN {IS_NOW} USING (id);
        END IF;
        IF touches IS NULL THEN RETURN NULL; END IF;
        -- A dot for each row of this transaction: whatever others set there, it cannot fail.
        counted := counted || repeat('.', json_array_length(touches));
        PERFORM set_config('rowcast.touched', counted, true);
        message := TG_TABLE_NAME || ' ' || touches;
        EXECUTE format('SELECT min(name) FROM %I.touched_channel', TG_TABLE_SCHEMA) INTO channel;
        IF channel IS NULL OR length(counted) > {MOST} OR getdatabaseencoding() <> 'UTF8'
            OR octet_length(message) >= current_setting('block_size')::int - 192 -- NOTIFY_PAYLOAD_MAX_LENGTH
        THEN
            PERFORM pg_notify('rowcast', TG_TABLE_NAME);
        ELSE
            PERFORM pg_notify(channel, message);
        END IF;
        RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION users_touched() FROM PUBLIC",
    "DROP TRIGGER users_changed ON users",
    "CREATE TRIGGER users_changed AFTER TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION rowcast_changed()",
    "CREATE TRIGGER users_touched_insert AFTER INSERT ON users REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION users_touched()",
    "CREATE TRIGGER users_touched_update AFTER UPDATE ON users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION users_touched()",
    "CREATE TRIGGER users_touched_delete AFTER DELETE ON users REFERENCING OLD TABLE AS old_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION users_touched()",
)
