"""A tab that notes what its stream brings, so that it can be compared with a fresh page, and the model with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext

from tests.browser.window import STATE
from tests.model import Event, Screen, parts

# Noted at the stream's element, which goes with its listing: what was there when it began, and what came and was shown.
NOTES = f"""
document.addEventListener("htmx:sse:before:connection", ({{target}}) => target.began ??= ({STATE})(document))
document.addEventListener("htmx:sse:before:message", ({{target}}) => target.held = held())
document.addEventListener("htmx:sse:after:message", ({{target, detail}}) => {{
    (target.heard ??= []).push(detail.message)
    for (const [id, one] of held()) if ((target.held.get(id) ?? one) !== one) (target.lost ??= []).push(id)
}})
const held = () => new Map([...document.querySelectorAll("#users [id]")].map((one) => [one.id, one]))
"""
# All of one moment; nothing unless the page is as far as a fresh one.
REST = f"""async () => {{
    let html
    try {{ html = await (await fetch(location.href, {{cache: "no-store"}})).text() }} catch {{ return null }}
    const fresh = new DOMParser().parseFromString(html, "text/html"), stream = document.getElementById("stream")
    const address = new URL(fresh.getElementById("stream").getAttribute("hx-sse:connect"), location)
    if (stream.heard?.at(-1).id !== address.searchParams.get("have")) return null
    const [expected, shown] = [fresh, document].map({STATE})
    return {{html, expected, shown, began: stream.began, heard: stream.heard, lost: stream.lost ?? []}}
}}"""
CONNECTION = """() => {
    const stream = document.getElementById("stream"), connection = stream._htmx?.sse
    return {
        hidden: document.hidden, began: !!stream.began, heard: stream.heard?.length, last: stream.heard?.at(-1).id,
        connection: connection && [connection.attempt, connection.status, connection.lastEventId],
    }
}"""
LINKS = """([selector, number]) => {
    const links = document.querySelectorAll(selector)
    document.getElementById("stream").isOld = true
    links[number % links.length].click()
}"""
IS_TURNED = "() => !document.getElementById('stream').isOld"
HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true})
    document.dispatchEvent(new Event("visibilitychange"))
}"""


class Tab:
    """One tab of a browser."""

    def __init__(self, context: BrowserContext) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._heard: list[str] = []
        self._page = context.new_page()
        self._page.add_init_script(NOTES)
        self._page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))

    @property
    def state(self) -> str:
        """Where it stands, for whoever looks for a fault."""
        return f"{self._page.url} {self._page.evaluate(CONNECTION)}"

    def open(self, url: str, meanwhile: Callable[[], None]) -> None:
        """Load a page; something happens before its stream begins."""
        self._page.goto(url, wait_until="commit")
        meanwhile()
        self._page.wait_for_load_state()
        self.counts["opened"] += 1

    def turn(self, number: int) -> None:
        """Follow a link to another order, page or size: htmx replaces the listing, stream and all."""
        self._page.evaluate(LINKS, ["#listing thead a, #pager a", number])
        self._page.wait_for_function(IS_TURNED, polling=20)
        self.counts["turned"] += 1

    def hide(self, hidden: bool) -> None:
        """Go behind another tab, or come back."""
        self._page.evaluate(HIDE, hidden)
        self.counts["hidden"] += hidden

    def is_at_rest(self) -> bool:
        """Return whether it is as far as a fresh page.

        Raises AssertionError if it then does not show what that shows, or not what the model makes of its stream.
        """
        noted = self._page.evaluate(REST)
        if noted is None:
            return False
        assert noted["shown"] == noted["expected"], f"{self._page.url} is not what a fresh page is"
        assert noted["lost"] == [], f"{self._page.url} lost what a reader may have had in hand"
        screen = _screen(noted["began"])
        for message in noted["heard"]:
            screen.receive(Event(message["data"], message["id"], message["event"], None))
        assert screen.state == _screen(noted["shown"]).state, f"{self._page.url} is not what the model shows"
        assert screen.state == Screen(noted["html"]).state, f"{self._page.url} is not what a fresh page is to the model"
        self._heard = [message["data"] for message in noted["heard"]]
        return True

    def count(self) -> None:
        """Count what its stream brought since its listing is there."""
        for data in self._heard:
            swaps = {(part.target.partition("-")[0], part.swap) for part in parts(data)}
            self.counts["connected again"] += ("log", "append") in swaps and "hx-post" in data
            if ("users", "innerMorph") in swaps:
                self.counts["replaced"] += 1
            elif ("users", "prepend") in swaps or any(target == "user" for target, _ in swaps):
                self.counts["steps"] += 1
        self.counts["connected again"] -= 1  # the first time is no fault's doing


def _screen(state: list[Any]) -> Screen:
    rows, pager = state
    return Screen(f"<table>{rows}</table>{pager}")
