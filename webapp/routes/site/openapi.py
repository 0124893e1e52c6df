"""The OpenAPI document, made by quart-schema of all routes, and the page that shows it to people.

The page is a template of ours, without script. Those that come as packages (Redoc, Scalar, RapiDoc, openapi-explorer,
Stoplight Elements) were tried under our content security policy: each breaks it, by inline styles.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

from quart import Quart, Response
from quart_schema import Info, QuartSchema, hide
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing import AnyConverter, BaseConverter, Rule

from rowcast.i18n import Message
from rowcast.routes.answers.body_cache import BodyCache
from rowcast.routes.answers.compression import encoding
from rowcast.routes.answers.content_negotiation import EXPORTS, VARY, audience, render_plain
from rowcast.routes.answers.etags import is_known, unchanged
from rowcast.routes.answers.own_address import own_origin, path_prefix
from rowcast.routes.site.api_operations import (
    CSV,
    EVENTS,
    HTML,
    JSON,
    PROBLEM,
    SERVICES,
    TAGS,
    XLSX,
    Operation,
    interface,
)
from rowcast.routes.site.docs_entries import entries
from rowcast.routes.site.json_schemas import STRING, address, ref, shapes
from rowcast.tables.table import Table

HEADERS = {"Vary": VARY, "Cache-Control": "no-cache"}
KEPT = 2 * 1024 * 1024  # bytes
OTHER = "default"  # OpenAPI's name for all statuses that are not named
FORMS_OF = {"json": (JSON, EVENTS, PROBLEM), "csv": (CSV, PROBLEM), "xlsx": (XLSX, PROBLEM)}


def add_openapi(app: Quart, tables: tuple[Table, ...]) -> None:
    """Add ``/openapi.json`` and the page ``/docs``, in the reader's language."""
    operations = dict(SERVICES)
    components: dict[str, Any] = {}
    addresses = {table.name: address(table) for table in tables}
    for table in tables:
        components |= shapes(table)
        operations |= {f"{table.name}.{name}": operation for name, operation in interface(table).items()}

    class Provider(OpenAPIProvider):
        def generate_methods(self, rule: Rule) -> Iterable[str]:
            return sorted(super().generate_methods(rule))  # a set, in another order in each process

        def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
            parameter = super().build_path_parameter(name, converter)
            if isinstance(converter, AnyConverter):  # whose words are a set as well
                parameter["schema"]["enum"].sort()
            return parameter

        def schema(self) -> dict[str, Any]:
            document = super().schema()
            document["components"]["schemas"] = _told(components)
            if prefix := path_prefix():
                document["servers"] = [{"url": prefix}]
            document["tags"] = [{"name": tag.translate(audience().language)} for tag in TAGS]
            return document

        def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
            paths, found = super().build_paths(rule)
            for path, methods in paths.items():
                for method, shown in methods.items():
                    blueprint, _dot, name = rule.endpoint.rpartition(".")
                    special = f"{blueprint}.{method} {name}"
                    for parameter in shown["parameters"]:
                        if parameter["in"] == "path" and blueprint in addresses:
                            parameter["schema"] = addresses[blueprint]
                    about = operations[special if special in operations else rule.endpoint]
                    methods[method] = _described(shown, about, f"{method} {path}")
            return paths, found

    # Both differ by language and by the address that we are asked at, and by nothing else, while this process runs.
    bodies = BodyCache(KEPT)

    def answer(type: str, make: Callable[[], str]) -> Response:
        body = bodies.get(f"{type} {audience().language} {own_origin()}{path_prefix()}", make)
        tag = blake2b(body, digest_size=12).hexdigest()
        if coding := encoding():
            tag = f"{tag}-{coding}"
        response = unchanged() if is_known(tag) else Response(body, mimetype=type)
        response.set_etag(tag)
        response.headers.update(HEADERS)
        return response

    class Document(QuartSchema):
        @hide
        async def openapi(self) -> Response:
            return answer(JSON, lambda: json.dumps(made.openapi_provider.schema()))

    made = Document(
        app,
        info=Info("Rowcast", "0.1.0"),
        openapi_provider_class=Provider,
        swagger_ui_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
    )

    @app.get("/docs")
    @hide
    async def docs() -> Response:
        """Show the document to people."""

        def render() -> str:
            document = made.openapi_provider.schema()
            return render_plain("docs.html", document=document, entries=entries(document, own_origin() + path_prefix()))

        return answer(HTML, render)


def _described(shown: dict[str, Any], about: Operation, id: str) -> dict[str, Any]:
    language = audience().language
    described = {
        "operationId": re.sub(r"\W+", "_", id).strip("_"),
        "summary": about.summary.translate(language),
        "tags": [about.tag.translate(language)],
        "parameters": shown["parameters"] + _parameters("query", about.query) + _parameters("header", about.headers),
        "responses": {
            status: _answer(HTTPStatus(int(status)).phrase if status != OTHER else "Error", types)
            for status, types in _in_form(about.answers, id.rpartition(".")[2]).items()
        },
    }
    if about.sent:
        described["requestBody"] = {"content": {type: {"schema": about.sent} for type in about.types}}
    return described


def _in_form(answers: Mapping[int, Mapping[str, Any]], ending: str) -> dict[str, Mapping[str, Any]]:
    """Return ``answers``, and what all others are, at an address with this ``ending``, which may name one form."""
    found: dict[str, Mapping[str, Any]] = {str(status): types for status, types in answers.items()}
    found[OTHER] = {PROBLEM: ref("Problem"), HTML: STRING}
    if ending not in FORMS_OF:
        return found
    fitting = {
        status: {type: types[type] for type in FORMS_OF[ending] if type in types} for status, types in found.items()
    }
    # What is only for people is not there, no program is sent elsewhere, and a file of all rows has no tag.
    never = {"303", "304"} if ending in EXPORTS else {"303"}
    return {status: types for status, types in fitting.items() if status not in never and (types or not found[status])}


def _answer(description: str, types: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {type: {"schema": schema} for type, schema in types.items()}}


def _told(schema: Any) -> Any:
    """Return ``schema`` with its words in the reader's language."""
    if isinstance(schema, Message):
        return schema.translate(audience().language)
    if isinstance(schema, dict):
        return {name: _told(value) for name, value in schema.items()}
    return [_told(value) for value in schema] if isinstance(schema, list) else schema


def _parameters(place: str, schemas: Mapping[str, Any]) -> list[dict[str, Any]]:
    made = []
    for name, schema in schemas.items():
        parameter: dict[str, Any] = {"name": name, "in": place, "schema": dict(schema)}
        if description := parameter["schema"].pop("description", None):
            parameter["description"] = description.translate(audience().language)
        made.append(parameter)
    return made
