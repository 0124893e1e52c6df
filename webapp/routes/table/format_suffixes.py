"""Format suffixes: addresses that name the format, such as ``/users.csv`` and ``/users/3.json``."""

from __future__ import annotations

from quart import Blueprint, Quart
from quart.blueprints import BlueprintSetupState

from rowcast.routes.answers.app_context import AppContext
from rowcast.tables.table import Table

ENDINGS = {
    "index": (".json", ".csv", ".xlsx"),
    "create": (".json",),
    "show": (".json",),
    "edit": (".json",),
    "delete": (".json",),
    "undo": (".json",),
}


def add_endings(routes: Blueprint, table: Table, app_context: AppContext) -> None:
    """Add the addresses that name a form to those of ``routes`` that there are; answers.py heeds the ending."""

    def add(state: BlueprintSetupState) -> None:
        app: Quart = state.app  # type: ignore[assignment]
        for rule in tuple(app.url_map.iter_rules()):
            for ending in ENDINGS.get(rule.endpoint.removeprefix(f"{table.name}."), ()):
                # OPTIONS is answered by Quart, as everywhere, unless it is asked for.
                app.add_url_rule(rule.rule + ending, rule.endpoint, methods=(rule.methods or set()) - {"OPTIONS"})

    routes.record(add)
