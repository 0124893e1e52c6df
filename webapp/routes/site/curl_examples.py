"""Examples for the page that describes the interface: one curl command for each operation, made of its description."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from rowcast.routes.site.api_operations import EVENTS, JSON

NUMBER = 1  # of a row, and of its version


def curl(method: str, url: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """Return the command that asks for ``operation`` at ``url``; ``schemas`` are the document's shapes by name."""
    words = ["curl"]
    if any(EVENTS in answer["content"] for answer in operation["responses"].values()):
        words.append("-N")
    parameters = {(one["in"], one["name"]): one["schema"] for one in operation["parameters"]}
    if body := operation.get("requestBody", {}).get("content"):
        words += ["-X", method.upper()] if method != "post" else []
        type, shape = next(iter(body.items()))
        values = _values(shape["schema"], schemas)
        words += ["--json", json.dumps(values)] if type == JSON else ["-d", *(f"{n}={v}" for n, v in values.items())]
    elif method != "get":
        words += ["-X", method.upper()]
        if ("header", "If-Match") in parameters:
            words += ["-H", f'If-Match: "{NUMBER}"']
    for (place, name), schema in parameters.items():
        if place == "path":
            url = url.replace(f"{{{name}}}", str(_value(schema)))
    asked = {name: schema for (place, name), schema in parameters.items() if place == "query"}
    pairs = [(name, _value(schema)) for name, schema in asked.items() if name == "sort" or "examples" in schema]
    if pairs:
        url += f"?{urlencode(pairs)}"
    return shlex.join([*words, url])


def _values(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be sent: all that is needed, else the last field that is one of several choices."""
    shape = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    fields = shape["properties"]
    chosen = [name for name, field in fields.items() if "enum" in field][-1:] or [*fields][:1]
    names = shape.get("required") or chosen
    versions = [name for name in fields if name == "version"]
    return {name: _value(fields[name]) for name in [*names, *versions]}


def _value(schema: Mapping[str, Any]) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][-1]
    return NUMBER if schema.get("type") == "integer" else "a"
