"""Rowcast: a live table over a database. What people import is named here; the rest may change.

The layers, lowest first; each may use only those above it in this list.

i18n       texts for people, as data, translated where they are shown
logs       how log records are written
mounting   an app below a path of another, on any ASGI server
config     settings, read once from the environment and refused at start when bad
database   engines and transactions; the one place that knows SQLite from PostgreSQL
schema     the version of the tables
tables     what a table is, how its rows are listed, read and written; knows SQL, never HTTP or HTML
live       how an open page stays true; knows pages and bytes, never SQL, Quart or users
showing    static files, templates, addresses, rendered rows; one cache for pages and streams
users      the user directory: the only module that knows users, and the one to copy for a table of your own
routes     HTTP: answers (how any answer is made), table (what each table has), site (what the site has)
app        builds the parts and hands them to each other
serving    our protocol, the server, its worker processes
demo       realistic users, and a life for them to be watched
cli        rowcast serve, migrate, demo, shell

In the repository the folder is called webapp; ``rowcast``, a link beside it, is its name everywhere else.
"""

from __future__ import annotations

from rowcast.app import create_app
from rowcast.config import Settings
from rowcast.tables.table import Column, Table

__all__ = ["Column", "Settings", "Table", "create_app"]
