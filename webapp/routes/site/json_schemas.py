"""JSON schemas of what programs send and get, made from a table."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter

from rowcast.i18n import _
from rowcast.tables.key import INTEGERS
from rowcast.tables.listing import DEFAULT_SIZE, LONGEST_SEARCH, SIZES
from rowcast.tables.table import Table

STRING = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
NUMBER = {"type": "integer", "minimum": 1}
VERSION = {"type": "integer"}
SIZE = {
    "enum": list(SIZES),
    "description": _("How many rows a page has; %(default)s if left out", default=DEFAULT_SIZE),
}
PAGE = {**NUMBER, "description": _("The number of the page; 1 if left out")}
REVISION = {
    **STRING,
    "pattern": "^[0-9a-f]{24}$",
    "description": _("The state of the listing, as in have and in the ids of a stream; an ETag is of one form of it"),
}


def shapes(table: Table) -> dict[str, Any]:
    """Return the schemas of ``table``: a row, what may be sent, a listing, a message of its stream; by name."""
    row, rows = table.row.title(), table.name.title()
    key = _key(table)
    place = {"type": [key["type"], "null"], "description": _("The key of the row before it; null: it comes first")}
    after = {"after": place, "row": ref(row)}
    listing = {
        "total": COUNT,
        "is_more": {"type": "boolean", "description": _("Whether there are more rows than total says")},
        "page": NUMBER,
        "pages": NUMBER,
        "size": {"enum": list(SIZES)},
        "revision": REVISION,
    }
    steps: dict[str, dict[str, Any]] = {
        "Delete": {"id": key},
        "Insert": after,
        "Move": after,
        "Update": {"row": ref(row)},
        "Reset": {"rows": _many(ref(row))},
    }
    problem = {"type": STRING, "title": STRING, "status": NUMBER, "instance": STRING}
    details = {"detail": STRING, "errors": {"type": "object", "additionalProperties": STRING}}
    return {
        row: _object(_row(table)),
        rows: _object({"rows": _many(ref(row)), **listing}),
        f"{row}Draft": _sent(table.draft),
        f"{row}Edit": _sent(table.patch, version=VERSION),
        f"{row}Replacement": _sent(table.draft, version=VERSION),
        f"{rows}Message": _object({"steps": _many({"oneOf": [ref(row + verb) for verb in steps]}), **listing}),
        **{row + verb: _object({"step": {"const": verb.lower()}, **about}) for verb, about in steps.items()},
        f"{row}Conflict": _object({**problem, "row": ref(row)}),
        "Waiting": _object({"waiting": COUNT}),
        "Problem": _object(problem, **details),
    }


def ref(name: str) -> dict[str, str]:
    """Return the reference to the schema ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def query(table: Table) -> dict[str, Any]:
    """Return the schemas of the query string of a listing, by name."""
    by = table.by_name[table.sort.removeprefix("-")].label
    searched = tuple(column.label for column in table.columns if column.searched)
    sorts = [sign + column.name for column in table.columns for sign in ("", "-")]
    return {
        "q": {
            **STRING,
            "maxLength": LONGEST_SEARCH,
            "description": _("Text to search for in %(columns)s", columns=searched),
        },
        **{column.name: {"enum": list(column.choices or ())} for column in table.filters},
        "sort": {
            "enum": sorts,
            "description": _("The field to sort by, backwards after -; %(default)s if left out", default=by),
        },
        "page": {**PAGE, "maximum": 999_999_999},
        "size": SIZE,
    }


def address(table: Table) -> dict[str, Any]:
    """Return the schema of what stands for a row in its address."""
    if table.key_type.kinds == (int,):
        return {"type": "integer", "minimum": INTEGERS.start} | _key(table) | {"maximum": INTEGERS[-1]}
    return {**STRING, "pattern": "^[a-z0-9_-]+$"}


def _key(table: Table) -> dict[str, Any]:
    # Its value, or a list of its values. What a database numbers, it numbers from 1.
    values: list[dict[str, Any]] = [{"type": "integer"} if kind is int else STRING for kind in table.key_type.kinds]
    if len(values) == 1:
        return COUNT if table.is_numbered else values[0]
    return {"type": "array", "prefixItems": values, "minItems": len(values), "maxItems": len(values)}


def _row(table: Table) -> dict[str, Any]:
    # Only the types: what another program wrote need not obey the limits of the form.
    found: dict[str, Any] = {}
    for attribute in table.attributes:
        column = table.by_name.get(attribute.key)
        kind = attribute.type.python_type
        is_nullable = attribute.property.columns[0].nullable
        schema = TypeAdapter(kind | None if is_nullable else kind).json_schema()
        if column and column.choices:
            schema = {"anyOf": [{"enum": list(column.choices)}, schema]}
        found[attribute.key] = schema
    return found


def _sent(model: type[BaseModel], **more: Any) -> dict[str, Any]:
    made = model.model_json_schema()
    fields: dict[str, Any] = {
        # Titles are the names again; and what is None when it is left out cannot be sent as null.
        name: {key: value for key, value in field.items() if key != "title" and (key, value) != ("default", None)}
        for name, field in made["properties"].items()
    }
    return {"type": "object", "properties": fields | more, "required": made.get("required", [])}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties | more, "required": list(properties)}


def _many(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}
