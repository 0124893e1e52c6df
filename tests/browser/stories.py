"""Stories: a server, windows on it in a real browser, writes and faults at random by a seed; then a verdict."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, Route

from tests.browser.window import FRESH, PATIENCE, SHOWN, wait_until
from tests.live.history import listing
from tests.live.writes import HOSTILE, ROLES, STATUSES
from tests.model import Event, Screen, parts
from tests.running import ADD_USER, Server

WINDOWS = 3  # a browser opens six connections to one server at most
STREAM = "**/users/stream?*"
HEAR = """window.heard = []
document.addEventListener("htmx:sse:before:message", (event) => window.heard.push(event.detail.message))"""
REVISION = """async () => {
    const response = await fetch(location.href, {cache: "no-store", headers: {Accept: "application/json"}})
    return (await response.json()).revision
}"""


class Story:
    """What happens to one server and the windows on it; the windows are used again by the next story."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._server = server
        self._client = httpx.Client(base_url=server.address, timeout=PATIENCE)
        self._context = browser.new_context()
        self._context.set_default_timeout(PATIENCE * 1000)
        self._context.add_init_script(HEAR)
        self._pages = [self._context.new_page() for _ in range(WINDOWS)]
        self._sources: dict[Page, str] = {}
        for page in self._pages:
            page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))

    def begin(self, seed: int) -> None:
        """Fill the directory, and open the windows."""
        self.seed = seed
        self._dice = random.Random(seed)
        self._server.execute("DELETE FROM users")
        if count := self._dice.choice([0, 30, 60]):
            self._server.add_users(count)
        self._paths = [f"/users?{listing(self._dice).query}" for _ in self._pages]
        for page in self._pages:
            self._open(page)

    def step(self) -> None:
        """Write, and perhaps let something happen to the windows."""
        for _ in range(self._dice.randint(0, 3)):
            self.write()
        match self._dice.randint(0, 7):
            case 0 | 1:
                self._context.set_offline(True)
                self.counts["cut"] += 1
            case 2 | 3:
                self._context.set_offline(False)
            case 4:
                self._context.set_offline(False)
                self._open(self._dice.choice(self._pages))
        self._pages[0].wait_for_timeout(self._dice.choice([0, 5, 40]))

    def restart(self) -> None:
        """Kill the server, write while nobody listens, start it again."""
        self._server.kill()
        self._server.execute("UPDATE users SET username = 'Night ' || id WHERE id % 5 = 0")
        self._server.start()
        self.counts["kill"] += 1

    def write(self) -> None:
        """Change something, by HTTP or past the server."""
        dice, number = self._dice, self._dice.randint(1, 10**6)
        id, role, status = self._some_id(), dice.choice(ROLES), dice.choice(STATUSES)
        self.counts["write"] += 1
        match dice.randint(0, 9):
            case 0 | 1:
                fields = {"username": f"{dice.choice('AbZé<')} {number}", "email": f"u{number}@example.org"}
                self._client.post("/users", json={**fields, "role": role, "status": status}).raise_for_status()
            case 2 | 3:
                self._client.patch(f"/users/{id}", json={"role": role, "status": status})
            case 4:
                self._client.patch(f"/users/{id}", json={"username": f"{dice.choice('AmZ')} {number}"})
            case 5:
                self._client.delete(f"/users/{id}")
            case 6:
                self._server.execute(ADD_USER, f"Other {number}", f"o{number}@example.org", role, status)
            case 7:
                name = f"{dice.choice(HOSTILE).format(number)} "
                self._server.execute("UPDATE users SET username = ? WHERE id = ?", name, id)
            case 8:
                self._server.execute("UPDATE users SET status = ? WHERE id % 3 = ?", status, number % 3)
            case 9 if dice.random() < 0.3:
                self._server.add_users(200, f"Bulk{number}")
            case _:
                self._server.execute("DELETE FROM users WHERE id BETWEEN ? AND ?", id, id + dice.choice([0, 3, 20]))

    def end(self) -> None:
        """Let the windows come to rest: each shows what a fresh one shows, and what the model makes of its stream."""
        self._context.set_offline(False)
        for page in self._pages:
            what = f"history {self.seed}: {page.url} is not true"
            wait_until(page, lambda page=page: self._is_true(page), what)  # type: ignore[misc]
            heard, shown = page.evaluate(f"() => [window.heard, ({SHOWN})()]")
            screen = Screen(self._sources[page])
            for message in heard:
                screen.receive(Event(message["data"], message["id"], message["event"], None))
                self._count(message)
            browser = Screen(f"<table>{shown[0]}</table>{shown[1]}")
            assert screen.state == browser.state, f"history {self.seed}: the model shows something else at {page.url}"
        assert self.problems == []

    def close(self) -> None:
        """Close the windows."""
        self._context.close()
        self._client.close()

    def _open(self, page: Page) -> None:
        late = self._dice.random() < 0.5
        if late:
            page.route(STREAM, self._write_first, times=1)
        answer = page.goto(self._server.address + self._dice.choice(self._paths))
        assert answer
        self._sources[page] = answer.text()
        self.counts["open"] += 1

    def _write_first(self, route: Route) -> None:
        self.write()  # between the page and its stream
        route.continue_()

    def _is_true(self, page: Page) -> bool:
        if not page.evaluate("() => window.heard.length"):
            return False
        if page.evaluate("() => window.heard.at(-1).id") != page.evaluate(REVISION):
            return False
        return bool(page.evaluate(SHOWN) == page.evaluate(FRESH))

    def _count(self, message: dict[str, Any]) -> None:
        targets = {part.target for part in parts(message["data"])}
        self.counts["connection"] += 'hx-post="/connection/' in message["data"]
        if "users" in targets and ("pager" in targets or "connecting" in message["data"]):
            self.counts["whole"] += 1
        elif any(target.startswith("user-") for target in targets):
            self.counts["steps"] += 1

    def _some_id(self) -> int:
        rows = self._client.get("/users?size=100", headers={"Accept": "application/json"}).json()["rows"]
        return int(self._dice.choice(rows)["id"]) if rows else 0
