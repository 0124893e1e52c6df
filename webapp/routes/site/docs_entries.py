"""The entries of the page that describes the interface: one for each route, whatever endings its address may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rowcast.routes.site.curl_examples import curl

ENDINGS = (".json", ".csv", ".xlsx")


def entries(document: Mapping[str, Any], address: str) -> dict[str, list[dict[str, Any]]]:
    """Return the operations of ``document`` by tag; the examples ask the site at ``address``.

    What an ending alone tells from another (``/users.json``) is no entry of its own, but stands in that one's
    ``endings``, by the name of its operation.
    """
    found: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    paths = document["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            if _is_same(operation, paths.get(_bare(path), {}).get(method)) and _bare(path) != path:
                continue
            others = {
                ending: paths[path + ending][method]["operationId"]
                for ending in ENDINGS
                if _is_same(operation, paths.get(path + ending, {}).get(method))
            }
            ending = ".json" if ".json" in others else ""
            example = curl(method, address + path + ending, operation, document["components"]["schemas"])
            shown = {"method": method, "path": path, "endings": others, "example": example}
            found[operation["tags"][0]].append({**operation, **shown})
    return found


def _bare(path: str) -> str:
    for ending in ENDINGS:
        path = path.removesuffix(ending)
    return path


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    return other is not None and one["summary"] == other["summary"]
