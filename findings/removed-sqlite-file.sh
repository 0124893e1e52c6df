#!/usr/bin/env bash
# What SQLite does when its database file is removed while a connection is open. Prints "ok" for each of:
#
# 1. With a write-ahead log the connection goes on: it commits without an error, and reads what it wrote.
# 2. Meanwhile the next connection, opened as usual, makes an empty file in that place, and finds no table.
# 3. A connection that is opened with mode=rw makes none, and says that it cannot open it.
#
# So a program that serves a file has to look by itself whether it is still there, and opens it with mode=rw once it was.
# It fails when one is no longer so. Needs python3 >= 3.11.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q apsw==3.51.1.0

cat > removed.py <<'PYTHON'
import os
import apsw

def rows(connection):
    return connection.execute("SELECT name FROM parts ORDER BY name").fetchall()

print("SQLite", apsw.sqlite_lib_version())
opened = apsw.Connection("parts.db")
opened.execute("PRAGMA journal_mode = WAL")
opened.execute("CREATE TABLE parts (name TEXT)")
opened.execute("INSERT INTO parts VALUES ('bolt')")
os.unlink("parts.db")

opened.execute("INSERT INTO parts VALUES ('nut')")
assert rows(opened) == [("bolt",), ("nut",)], rows(opened)
assert not os.path.exists("parts.db")
print("ok 1: two rows, committed and read, in a file that is gone")

try:
    apsw.Connection("file:parts.db?mode=rw", flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE)
except apsw.CantOpenError as error:
    assert not os.path.exists("parts.db")
    told = str(error)
else:
    raise AssertionError("mode=rw opened what is not there")

other = apsw.Connection("parts.db")
try:
    rows(other)
except apsw.SQLError as error:
    assert os.path.getsize("parts.db") == 0
    print("ok 2: a new, empty file;", error)
else:
    raise AssertionError("the new connection found the table")
print("ok 3:", told)
PYTHON
venv/bin/python removed.py
