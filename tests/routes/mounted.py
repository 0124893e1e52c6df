"""A browser's view of an app that is mounted below a path: asks by public addresses, and notes all that it is given."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from quart import Quart

from tests.routes.asking import PAGE, PART, Got, ask

HOST = "https://host.example"  # whose pages show the table
CROSS = {**PART, "Sec-Fetch-Site": "cross-site", "Origin": HOST}
READERS = {"page": PAGE, "part": PART, "cross-origin part": CROSS}
# In attributes, in what is to be pasted, and in what a program is shown.
ADDRESS = re.compile(r"""(?:[\w:-]+=["']|http://localhost|url\(["']?|<code>)(/[^"'\s<)]*)""")
GIVEN = ("Location", "HX-Push-Url", "HX-Replace-Url", "HX-Redirect", "HX-Location", "Link", "Content-Location")


@dataclass(frozen=True)
class Way:
    """How the app comes to know where it is: ROWCAST_PREFIX, ASGI's root_path, and what ASGI's path begins with."""

    prefix: str = ""
    root_path: str = ""
    begins: str = ""
    public: str = "/admin"  # what browsers see


WAYS = {
    "as ASGI has it": Way(root_path="/admin", begins="/admin"),
    "with a slash at the end": Way(root_path="/admin/", begins="/admin"),
    "by a server that takes root_path off": Way(root_path="/admin"),
    "below a path of a proxy that takes it off": Way(prefix="/admin"),
    "below a path of a proxy that passes it on": Way(prefix="/admin", begins="/admin"),
    "both said": Way(prefix="/admin", root_path="/admin", begins="/admin"),
    "in a host behind a proxy": Way("/intranet/admin", "/admin", "/admin", "/intranet/admin"),
    "with letters that addresses quote": Way(root_path='/büro "1"', begins='/büro "1"', public="/b%C3%BCro%20%221%22"),
}


@dataclass
class MountedClient:
    """Asks the app as its host would pass requests on; every address that an answer gives must be below the mount."""

    app: Quart
    way: Way
    given: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def scope_of(self, address: str) -> tuple[str, str]:
        """Return the path that the host passes on for a public ``address``, and its root_path."""
        assert address.startswith(f"{self.way.public}/"), address
        return self.way.begins + address.removeprefix(self.way.public), self.way.root_path

    async def ask(self, method: str, address: str, reader: dict[str, str], **sent: Any) -> Got:
        """Send one request to a public address."""
        path, root_path = self.scope_of(address)
        got = await ask(self.client, method, path, reader, root_path=root_path, **sent)
        self.note(got.text)
        for name in GIVEN:
            self.note(f'="{got.headers.get(name, "")}"')
        for cookie in got.headers.getlist("Set-Cookie"):
            assert f"Path={self.way.public}/;" in f"{cookie};", cookie
        return got

    def note(self, text: str) -> set[str]:
        """Return the addresses in ``text``."""
        found = set(ADDRESS.findall(html.unescape(text)))
        for address in found:
            assert address.startswith(f"{self.way.public}/"), f"{address} leaves {self.way.public}:\n{text[:3000]}"
        self.given |= found
        return found

    async def crawl(self) -> set[str]:
        """Follow all that can be got from the first page on, as each reader; return the endpoints that were asked."""
        seen: set[object] = set()
        asked: set[str] = set()
        rules = self.app.url_map.bind("localhost")
        queue = [(f"{self.way.public}/", "page")]
        while queue:
            address, name = queue.pop()
            url = urlsplit(address)
            kind = url.path, *sorted({word for word, _ in parse_qsl(url.query)}), name
            path = url.path.removeprefix(self.way.public)
            is_for_get = "{" not in path and rules.test(path, "GET")  # /docs shows templates of addresses
            if kind in seen or path.endswith(("/stream", "/stream.json")) or not is_for_get:
                continue
            seen.add(kind)
            asked.add(rules.match(path, "GET")[0])
            before = set(self.given)
            got = await self.ask("GET", address, READERS[name])
            assert got.status in (200, 302) or not url.query, f"{address}: {got.status}"  # shown, but not whole
            queue += [(found, reader) for found in self.given - before for reader in READERS]
        return asked
