"""Stories: a server, tabs of a real browser on it, writes and faults at random by a seed; then rest, and a verdict."""

from __future__ import annotations

import random
import time
from collections import Counter

import httpx
from playwright.sync_api import Browser

from tests.browser.cutter import Cutter
from tests.browser.tab import Tab
from tests.live.history import listing
from tests.live.writes import HOSTILE, ROLES, STATUSES
from tests.running import ADD_USER, Server

PATIENCE = 30.0  # seconds that anything may take, on a machine that is busy with other things
TABS = 3  # a browser opens six connections to one server at most
# The same ids again, so that a history does not depend on the one before.
EMPTY = "DELETE FROM users", "DELETE FROM sqlite_sequence WHERE name = 'users'"
FAULTS = {"none": 2, "cut": 1, "cut at a byte": 3, "refuse": 1, "stall": 1, "open": 1, "turn": 2, "hide": 1}


class Story:
    """What happens to one server and the tabs on it; the tabs are used again by the next story."""

    def __init__(self, browser: Browser, server: Server, cutter: Cutter) -> None:
        self._made: Counter[str] = Counter()
        self._server = server
        self._cutter = cutter  # stands between the tabs and the server
        self._client = httpx.Client(base_url=server.address, timeout=PATIENCE)
        # Small and still: fifteen tabs are painted by the processor.
        self._context = browser.new_context(viewport={"width": 400, "height": 200}, reduced_motion="reduce")
        self._context.set_default_timeout(PATIENCE * 1000)
        self._tabs = [Tab(self._context) for _ in range(TABS)]

    @property
    def counts(self) -> Counter[str]:
        """What happened until now."""
        return sum((tab.counts for tab in self._tabs), self._made + self._cutter.counts)

    def begin(self, seed: int) -> None:
        """Fill the directory, and open the tabs."""
        self._seed, self._dice = seed, random.Random(seed)
        for sql in EMPTY:
            self._server.execute(sql)
        self._server.add_users(self._dice.choice([0, 30, 60]))
        self._paths = [f"/users?{listing(self._dice).query}" for _ in self._tabs]
        for tab, path in zip(self._tabs, self._paths, strict=True):
            self._open(tab, path)

    def step(self) -> None:
        """Write, and perhaps let something happen to the tabs."""
        for _ in range(self._dice.randint(0, 3)):
            self.write()
        tab, number = self._dice.choice(self._tabs), self._dice.randint(1, 3000)
        (fault,) = self._dice.choices(list(FAULTS), list(FAULTS.values()))
        match fault:
            case "cut":
                self._cutter.cut()
            case "cut at a byte":
                self._cutter.cut(after=number)
            case "refuse":
                self._cutter.refuse()
            case "stall":
                self._cutter.stall()
            case "open":
                self._open(tab, self._dice.choice(self._paths))
            case "turn":
                self._cutter.heal()
                tab.turn(number)
            case "hide":
                tab.hide(True)
            case "none":
                self._recover()

    def restart(self) -> None:
        """Kill the server, write while nobody listens, start it again."""
        self._server.kill()
        self._server.add_users(3, f"Night{self._dice.randint(1, 10**6)}x")
        self._server.start()
        self._made["killed"] += 1

    def write(self) -> None:
        """Change something, by HTTP or past the server."""
        dice, number = self._dice, self._dice.randint(1, 10**6)
        id, role, status = dice.randint(1, 90), dice.choice(ROLES), dice.choice(STATUSES)
        fields = {"username": f"{dice.choice('AbZé<')} {number}", "email": f"u{number}@example.org"}
        self._made["written"] += 1
        match dice.randint(0, 9):
            case 0 | 1:
                self._send("POST", "/users", fields | {"role": role, "status": status})
            case 2 | 3 | 4 as kind:
                some = dice.choice([{"role": role, "status": status}, {"username": fields["username"]}])
                self._send("PATCH", f"/users/{id}", some)
                if kind == 4:
                    self._send("POST", f"/users/{id}/undo", {})
            case 5:
                self._send("DELETE", f"/users/{id}", {})
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
        """Let all tabs recover, see that they are live again, and judge them."""
        self._recover()
        try:
            self._rest()
            for _ in range(2):
                self.write()
                self._rest()
        except AssertionError as error:
            error.add_note(f"This was history {self._seed}")
            raise
        for tab in self._tabs:
            tab.count()
        self._made["ended"] += 1

    def close(self) -> None:
        """Close the tabs."""
        self._context.close()
        self._client.close()

    def _open(self, tab: Tab, path: str) -> None:
        self._cutter.heal()
        tab.open(f"http://127.0.0.1:{self._cutter.port}{path}", self._dice.choice([self.write, lambda: None]))

    def _recover(self) -> None:
        self._cutter.heal()
        for tab in self._tabs:
            tab.hide(False)

    def _rest(self) -> None:
        end = time.monotonic() + PATIENCE
        for tab in self._tabs:
            while not tab.is_at_rest():
                assert time.monotonic() < end, f"{tab.state} stays behind"
                time.sleep(0.02)
            assert tab.problems == []

    def _send(self, method: str, path: str, fields: dict[str, str]) -> None:
        answer = self._client.request(method, path, json=fields, headers={"Accept": "application/json"})
        assert answer.status_code < 500, answer.text
