"""Tells requests that are sent twice: by a key that they carry, or as a form that nobody can have read yet.

The second half of a double click is either the same form again, or goes to what the answer put in its place.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from quart import abort, request

from rowcast.i18n import _
from rowcast.tables.idempotency import RequestKey
from rowcast.tables.table import Table
from rowcast.tables.three_way_merge import as_sent

HEADER = "Idempotency-Key"  # draft-ietf-httpapi-idempotency-key-header
LONGEST = 255  # characters
FIELD = "idempotency-key"
RENDERED = "rendered"
FIELDS = (FIELD, RENDERED)  # of forms, hidden
READ = 0.6  # seconds that anybody needs at least to read what is new; double clicks take up to half a second


def new_key() -> str:
    """Return the key of a form: whoever sends it twice wants it done once."""
    return secrets.token_urlsafe(16)


def request_key(sent: Mapping[str, Any]) -> RequestKey | None:
    """Return the key of this request, if it has one: what its header says, or the form that was ``sent``."""
    header, field = request.headers.get(HEADER), sent.get(FIELD)
    if header is not None:
        if not 0 < len(header) <= LONGEST:
            abort(400, _("Idempotency-Key has 1 to 255 characters."))
        return RequestKey(_digest(f"header {header}"), _asked(sent), is_shown=False)
    if isinstance(field, str) and 0 < len(field) <= LONGEST:
        # With what was typed: who goes back to a form and types something else means something else.
        asked = _asked(sent)
        return RequestKey(_digest(f"form {field} {asked}"), asked, is_shown=True)
    return None


def rendered(values: Mapping[str, Any]) -> str:
    """Return the mark of a form that is shown with ``values`` in answer to another: when that was, and what it held."""
    return f"{time.time():.3f} {_digest(_content(values))}"


def is_unread(table: Table, sent: Mapping[str, Any]) -> bool:
    """Whether the form that was ``sent`` came as an answer, unchanged, and sooner than anybody can have read it."""
    if RENDERED not in sent:
        return False
    moment, _space, digest = str(sent[RENDERED])[:LONGEST].partition(" ")
    try:
        age = abs(time.time() - float(moment))
    except ValueError:
        return False
    values = {name: sent[name] for name in table.draft.model_fields if name in sent}
    return age < READ and digest == _digest(_content(values))


def is_clicked() -> bool:
    """Whether a browser sent this request as a form: they say where they come from, programs do not."""
    return request.mimetype == "application/x-www-form-urlencoded" and "Origin" in request.headers


def _asked(sent: Mapping[str, Any]) -> str:
    content = {name: value for name, value in sent.items() if name not in FIELDS}
    try:
        query = request.query_string.decode("latin-1")  # it may be no UTF-8
        asked = json.dumps([request.method, request.path, query, content], sort_keys=True)
    except RecursionError:
        abort(400, _("The body must be a JSON object."))
    return _digest(asked)


def _content(values: Mapping[str, Any]) -> str:
    return json.dumps(
        {name: as_sent(value) for name, value in values.items() if isinstance(value, str)}, sort_keys=True
    )


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
