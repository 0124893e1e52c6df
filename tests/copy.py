"""A program that keeps a copy of a page by the JSON stream. Shares no code with ``webapp/`` or ``examples/``.

It is strict: a step that makes no sense for the rows that it has is a mistake of the server's.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.model import Event

HEAD = {"revision", "total", "is_more", "page", "pages", "size"}
STEPS = {
    "reset": {"step", "rows"},
    "delete": {"step", "id"},
    "insert": {"step", "after", "row"},
    "move": {"step", "after", "row"},
    "update": {"step", "row"},
}


class Copy:
    """The rows and what is told of them; ``document`` is what ``GET /users.json`` says."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.rows: list[dict[str, Any]] = document["rows"]
        self.head = {name: document[name] for name in HEAD}
        self.steps: list[str] = []  # every step that was made, by its name

    def copy(self) -> Copy:
        """Return another copy, as this one now is."""
        return copy.deepcopy(self)

    @property
    def state(self) -> tuple[str, str]:
        """All that must be as a program gets it that asks now."""
        return json.dumps(self.rows), json.dumps(sorted(self.head.items()))

    @property
    def ids(self) -> list[str]:
        """The ids of the rows, in order, as a page has them."""
        return [f"user-{row['id']}" for row in self.rows]

    def says(self, total: str) -> bool:
        """Whether it tells ``total`` as a page would."""
        return total == f"{'more than ' * self.head['is_more']}{self.head['total']:,}"

    def receive(self, event: Event) -> None:
        """Make the steps of one message."""
        document = json.loads(event.data)
        assert document.keys() == HEAD | {"steps"}
        assert document["revision"] == event.id
        for step in document["steps"]:
            assert step.keys() == STEPS[step["step"]]
            self.steps.append(step["step"])
            self._make(step)
        self.head = {name: document[name] for name in HEAD}

    def _make(self, step: dict[str, Any]) -> None:
        match step["step"]:
            case "reset":
                self.rows = step["rows"]
            case "delete":
                del self.rows[self._place(step["id"])]
            case "update":
                self.rows[self._place(step["row"]["id"])] = step["row"]
            case "move":
                del self.rows[self._place(step["row"]["id"])]
                self._put(step)
            case "insert":
                self._put(step)

    def _put(self, step: dict[str, Any]) -> None:
        assert step["row"]["id"] not in [row["id"] for row in self.rows]
        self.rows.insert(0 if step["after"] is None else self._place(step["after"]) + 1, step["row"])

    def _place(self, id: int) -> int:
        (place,) = [place for place, row in enumerate(self.rows) if row["id"] == id]
        return place
