"""Requests that were carried out, by the key that their sender gave them: who sends one twice is told the same again.

It is written in the transaction of what it tells, and its key is there once: of two that come at the same time, to
whichever processes, one does the work. Nothing of a row is in it for longer than a day (see tables/idempotency.py).
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("answer", sa.JSON),
    )
    op.create_index("idempotency_keys_at", "idempotency_keys", ["at"])
