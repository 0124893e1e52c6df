"""The table of users, as the peers that use SQLAlchemy see it. The file's own triggers fill in the rest."""

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FILE = Path(os.environ["DATABASE"]).absolute()
COLUMNS = ["username", "email", "role", "status", "changed"]


class Base(DeclarativeBase):
    """What the model is registered with."""


class User(Base):
    """A user; ``username_key`` is the column with the index that the list is sorted by."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    username_key: Mapped[str]
    email: Mapped[str]
    role: Mapped[str]
    status: Mapped[str]
    changed: Mapped[datetime]
