"""Follow a listing in the terminal: a copy of its rows, kept true by the JSON stream, shown as a live table.

python examples/follow.py 'http://127.0.0.1:8000/users?role=administrator&sort=-changed'
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
from httpx_sse import connect_sse
from rich.live import Live
from rich.markup import escape
from rich.table import Table

COLUMNS = ("id", "username", "email", "role", "status")


def follow(address: str) -> Iterator[dict[str, Any]]:
    """Yield the listing at ``address`` each time it is heard of, as ``GET /users.json`` tells it; ends never."""
    url = httpx.URL(address)
    stream = str(url.copy_with(path=f"{url.path.rstrip('/')}/stream.json"))
    rows: list[dict[str, Any]] = []
    headers: dict[str, str] = {}
    retry = 1.0
    with httpx.Client(timeout=httpx.Timeout(10, read=60)) as client:  # no heartbeat for so long: it is gone
        while True:
            # Whatever ends the connection: come back with the id of the last message, and get what was missed.
            try:
                with connect_sse(client, "GET", stream, headers=headers) as source:
                    if source.response.status_code != 503:  # it is full, or has no database, for the moment
                        source.response.raise_for_status()
                        for event in source.iter_sse():
                            heard = json.loads(event.data)
                            for step in heard["steps"]:
                                rows = applied(rows, step)
                            headers["Last-Event-ID"] = event.id
                            retry = event.retry / 1000 if event.retry is not None else retry
                            yield {**heard, "rows": rows}
            except httpx.TransportError:
                if "Last-Event-ID" not in headers:
                    raise  # nothing was ever heard there
            time.sleep(retry)


def applied(rows: list[dict[str, Any]], step: dict[str, Any]) -> list[dict[str, Any]]:
    """Return ``rows`` after one step."""
    match step:
        case {"step": "reset", "rows": all_of_them}:
            return list(all_of_them)
        case {"step": "delete", "id": id}:
            return [row for row in rows if row["id"] != id]
        case {"step": "update", "row": new}:
            return [new if row["id"] == new["id"] else row for row in rows]
        case {"step": "insert" | "move", "row": new, "after": after}:
            rows = [row for row in rows if row["id"] != new["id"]]
            rows.insert([None, *(row["id"] for row in rows)].index(after), new)
            return rows
    raise ValueError(f"no such step: {step}")


def table(listing: dict[str, Any]) -> Table:
    """Return what the terminal shows."""
    shown = Table(*COLUMNS, title=f"{len(listing['rows'])} of {listing['total']} at {listing['revision']}")
    for row in listing["rows"]:
        # Anything may be in a name: neither rich's markup nor what a terminal obeys is to work.
        text = ("".join(c if c.isprintable() else "?" for c in str(row[name])) for name in COLUMNS)
        shown.add_row(*(escape(cell) for cell in text))
    return shown


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.stderr.write(f"Usage: {sys.argv[0]} ADDRESS (of a listing, like http://127.0.0.1:8000/users)\n")
        sys.exit(2)
    try:
        with suppress(KeyboardInterrupt), Live(auto_refresh=False) as live:
            for listing in follow(sys.argv[1]):
                live.update(table(listing), refresh=True)
                if not live.console.is_terminal:
                    live.console.out(json.dumps(listing["steps"]), highlight=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        sys.exit(f"Cannot follow {sys.argv[1]}: {str(error).splitlines()[0]}")
