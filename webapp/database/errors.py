"""Exceptions that a database raises, whichever it is."""

from __future__ import annotations


class Busy(Exception):
    """Another writer held the database, or the row, for longer than we wait; nothing was written."""


class Unwritable(Exception):
    """The disk is full or broken, or the database takes no writes; nothing was written."""


class Unreachable(Exception):
    """The database does not answer. What was being written when it was lost may be there or not."""


class Unusable(Exception):
    """The database cannot be opened, or its tables are of another version; the text says what to do."""
