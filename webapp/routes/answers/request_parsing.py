"""Parses and validates what a form or a program sent, and tells which listing it came from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, wraps
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from annotated_types import MaxLen
from pydantic import BaseModel, ValidationError
from quart import abort, request

from rowcast.i18n import Message, _
from rowcast.routes.answers.content_negotiation import wants_json
from rowcast.routes.answers.repeated_requests import FIELDS
from rowcast.showing.link_builder import PAUSED
from rowcast.tables.key import INTEGERS
from rowcast.tables.listing import Listing, parse
from rowcast.tables.table import Table

VERSION = re.compile("-?[0-9]+")  # other programs may set one below 0
GIVEN = "given-"  # before the name of a field: with what a form was filled; no column's name has a hyphen
LONGEST_ADDRESS = 4096  # characters; no page of ours has a longer one
ROOM = 4  # characters as typed that can become one: a letter, and what stands above and below it

# What pydantic calls an error -> what we say. The names of the values are pydantic's. A draft that raises a
# PydanticCustomError with a `message` among its values says for itself what is wrong.
TEXTS = {
    "missing": _("This is needed."),
    "too_short": _("This is needed."),
    "too_long": _("At most %(max_length)s characters; these are %(actual_length)s."),
    "string_type": _("This must be text."),
    "literal_error": _("Choose %(expected)s."),
    "text_control": _("This cannot hold line breaks, tabs or other control characters."),
    "text_invisible": _("Nothing in this text can be seen."),
}
UNUSABLE = _("This cannot be used.")


class InvalidFields(Exception):
    """What was sent cannot be used: ``errors`` are the messages by field, ``usable`` the fields that have none."""

    def __init__(self, errors: dict[str, Message], usable: dict[str, Any] | None = None) -> None:
        self.errors = errors
        self.usable = usable or {}


def reading(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Decorate a handler that takes ``sent``: the fields as they were sent, from a form or from JSON alike.

    quart-schema's own decorator takes one of the two, and answers what is wrong by itself.
    """

    @wraps(handler)
    async def read(*args: Any, **kwargs: Any) -> Any:
        return await handler(*args, sent=await _sent(), **kwargs)

    return read


async def _sent() -> dict[str, Any]:
    if request.is_json and await request.get_data():
        try:
            sent = await request.get_json()
        except (UnicodeDecodeError, RecursionError):
            sent = None
        if not isinstance(sent, dict):
            abort(400, _("The body must be a JSON object."))
        return sent
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return (await request.form).to_dict()
    if await request.get_data():
        abort(415)
    return {}


def validate(table: Table, model: type[BaseModel], sent: dict[str, Any]) -> dict[str, Any]:
    """Return the fields among ``sent`` as ``model`` (the table's draft or patch) makes them; raises InvalidFields."""
    names = model.model_fields
    known = {*names, *table.kept_names, "back", *FIELDS, *(GIVEN + name for name in table.draft.model_fields)}
    errors = {name: _("There is no field of this name.") for name in sent if name not in known}
    too_long = _too_long(model, sent)
    fields: dict[str, Any] = {}
    try:
        loaded = model.model_validate({name: sent[name] for name in sent if name in names and name not in too_long})
        fields = loaded.model_dump(exclude_unset=model is table.patch)
    except ValidationError as error:
        errors |= _messages(table, error)
    errors |= too_long
    if errors:
        rest = {name: value for name, value in sent.items() if name in names and name not in errors}
        raise InvalidFields(errors, _usable(table, rest))
    return fields


def _usable(table: Table, sent: dict[str, Any]) -> dict[str, Any]:
    try:
        return table.patch.model_validate(sent).model_dump(exclude_unset=True)
    except ValidationError:  # each field is right, but not beside the others
        return {}


def _too_long(model: type[BaseModel], sent: Mapping[str, Any]) -> dict[str, Message]:
    """Return what is told of texts that are refused by their length alone: to normalise some takes seconds."""
    return {
        name: replace(TEXTS["too_long"], values={"max_length": most, "actual_length": len(text)})
        for name, most in _longest(model).items()
        if isinstance(text := sent.get(name), str) and len(text) > ROOM * most
    }


@cache
def _longest(model: type[BaseModel]) -> dict[str, int]:
    fields = model.model_fields.items()
    return {name: rule.max_length for name, info in fields for rule in info.metadata if isinstance(rule, MaxLen)}


def given_in(table: Table, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return with what the form was filled that was ``sent``, as far as it says so."""
    return {name: sent[GIVEN + name] for name in table.draft.model_fields if GIVEN + name in sent}


def version_in(sent: dict[str, Any]) -> int | None:
    """Return the version that the writer saw, None when it does not say; raises InvalidFields."""
    version = sent.get("version", request.args.get("version"))
    if version in (None, ""):
        return None
    if type(version) not in (int, str) or not VERSION.fullmatch(str(version)):
        raise InvalidFields({"version": _("A version is a whole number.")})
    # Longer ones are larger still, and slow to read.
    return max(INTEGERS[0], min(int(str(version)[:21]), INTEGERS[-1]))


def asked(table: Table, pairs: Iterable[tuple[str, str]]) -> tuple[Listing, bool, dict[str, Message]]:
    """Return the listing that ``pairs`` ask for, whether its page is to stand still, and what was wrong with them."""
    pairs = list(pairs)
    listing, problems = parse(table, [pair for pair in pairs if pair != PAUSED])
    return listing, PAUSED in pairs, problems


def listing_before(table: Table, sent: Mapping[str, Any]) -> Listing:
    """Return the listing that a plain form came from: as the form says, else by the address of its page."""
    return asked(table, _pairs_before(sent))[0]


def paused_before(sent: Mapping[str, Any]) -> bool:
    """Whether the page that a plain form came from stands still."""
    return PAUSED in _pairs_before(sent)


def pairs_of(address: str) -> list[tuple[str, str]]:
    """Return what the query of ``address`` asks for; it comes from a header, which may hold anything."""
    try:
        return parse_qsl(urlsplit(address).query) if len(address) <= LONGEST_ADDRESS else []
    except ValueError:
        return []


def _pairs_before(sent: Mapping[str, Any]) -> list[tuple[str, str]]:
    query = sent.get("back", request.args.get("back"))
    return pairs_of(f"?{query}") if isinstance(query, str) else pairs_of(request.headers.get("Referer", ""))


def _messages(table: Table, error: ValidationError) -> dict[str, Message]:
    messages = {}
    for found in error.errors():
        name = str(found["loc"][0])
        context = dict(found.get("ctx", {}))
        if (column := table.by_name.get(name)) and column.choices:
            # People choose by the label, programs by the value.
            context["expected"] = tuple(column.choices if wants_json() else column.choices.values())
        text = TEXTS.get(found["type"], UNUSABLE)
        messages[name] = context["message"] if "message" in context else replace(text, values=context)
    return messages
