"""Asking: the three kinds of reader, and what they got."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lxml.html
from quart.typing import TestClientProtocol as Client

from tests.model import PART as PARTS

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PART = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html, text/event-stream, */*;q=0.1"}
JSON = {"Accept": "application/json"}
FORMATS = {"page": PAGE, "part": PART, "json": JSON}
ADA = {"username": "Ada", "email": "ada@example.org", "role": "member", "status": "active"}
ROW = {"id", "username", "email", "role", "status", "version", "created", "changed"}


@dataclass(frozen=True)
class Got:
    """A response."""

    status: int
    headers: Any
    text: str

    @cached_property
    def json(self) -> Any:
        """The body of an answer to a program."""
        assert self.headers["Content-Type"] in ("application/json", "application/problem+json")
        return json.loads(self.text)

    @cached_property
    def html(self) -> Any:
        """The body of an answer to a person, as a tree; the parts for other places are in it."""
        assert self.headers["Content-Type"] == "text/html; charset=utf-8"
        return lxml.html.document_fromstring(self.text)

    @cached_property
    def is_document(self) -> bool:
        """Whether it is a whole page."""
        return self.text.startswith("<!DOCTYPE html>")

    @property
    def targets(self) -> list[str]:
        """What the parts of an answer to htmx aim at."""
        return [match[1] for match in PARTS.finditer(self.text)]

    @property
    def flash(self) -> str:
        """The result of the last action, in a page or a part."""
        found = self.html.xpath("//*[@id='flash']/span | //hx-partial[@hx-target='#flash']/span")
        return str(found[0].text_content().strip()) if found else ""

    @property
    def typed(self) -> dict[str, str]:
        """The values in the form."""
        return {name: value for name, value in self._form.fields.items() if name in ADA}

    @property
    def hidden(self) -> dict[str, str]:
        """The values that the form carries unseen."""
        return {name: value for name, value in self._form.fields.items() if name not in ADA}

    @property
    def read(self) -> dict[str, str]:
        """The same once somebody has read the form, and it is no longer known when it was shown."""
        return {name: value for name, value in self.hidden.items() if name != "rendered"}

    @property
    def told(self) -> dict[str, str]:
        """The messages of the form by field; each field names its message."""
        return {
            field.get("name"): self.html.get_element_by_id(field.get("aria-describedby")).text_content().strip()
            for field in self._form.xpath(".//*[@aria-describedby]")
        }

    @property
    def _form(self) -> Any:
        return self.html.get_element_by_id("form")


async def ask(client: Client, method: str, path: str, reader: dict[str, str], **sent: Any) -> Got:
    """Send one request; ``sent`` is ``form``, ``json`` or ``data``, and more ``headers``."""
    headers = reader | sent.pop("headers", {})
    response = await client.open(path, method=method, headers=headers, **sent)
    body = (await response.get_data(as_text=False)).decode("utf-8", "replace")  # a file may be no text
    return Got(response.status_code, response.headers, body)
