"""Start: what a browser loads to show a list for the first time and the second, and when its stream is live.

Counted are the page and what its HTML names: style sheets, scripts, pictures, icons, and style sheets that those
import; bodies as they are sent (compressed where the server does so) with their headers. Not counted: what only a
style sheet asks for, such as fonts.
"""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import html

from benchmarks.admins import QUARTS, ROWCAST, Admin, admins
from benchmarks.plan import Plan
from benchmarks.results import Results
from benchmarks.systems import Program, System

NAME = "start"
LOADED = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
IMPORTED = re.compile(r"""@import\s+(?:url\()?["']?([^"')\s;]+)""")
STREAM = "//*[@*[name()='hx-sse:connect']]"
BROWSER = {"Accept": "text/html", "Accept-Encoding": "gzip, deflate, br"}
ROUNDS = 3


@dataclass(frozen=True)
class Loaded:
    """An answer: its bytes, headers included, and whether a browser keeps it without asking again."""

    bytes: int
    tag: dict[str, str]
    is_kept: bool


def programs(plan: Plan) -> list[Program]:
    """Return what is to be up."""
    return [admin.program for admin in admins() if admin.name not in QUARTS]


def measure(up: dict[str, System], plan: Plan) -> Results:
    """Measure."""
    results = Results()
    for admin in admins():
        if admin.name not in up:
            continue
        plan.tell(admin.name)
        first, second, elsewhere = _visits(admin, up[admin.name])
        for case, loaded in (("first visit", first), ("second visit", second)):
            results.add(NAME, case, "requests", admin.name, "", [float(len(loaded))])
            results.add(NAME, case, "bytes", admin.name, "", [float(sum(one.bytes for one in loaded))])
        results.add(NAME, "first visit", "of the page", admin.name, "bytes", [float(first[0].bytes)])
        results.notes += [f"{admin.name} loads {where} from elsewhere, which is not counted." for where in elsewhere]
        if admin.name == ROWCAST:
            times = [_live(admin, up[admin.name]) * 1000 for _ in range(min(plan.rounds, ROUNDS))]
            results.add(NAME, "first visit", "until live", admin.name, "ms", times)
    return results


def resources(page: str, base: str) -> list[str]:
    """Return the addresses that the HTML of a page makes a browser with script load, each once."""
    tree = html.fromstring(page)
    for unused in tree.xpath("//noscript"):
        unused.drop_tree()
    links = [link.attrib["href"] for link in tree.xpath("//link[@href]") if LOADED & {*link.get("rel", "").split()}]
    named = [*links, *tree.xpath("//script/@src"), *tree.xpath("//img/@src")]
    found = (urljoin(base, str(address)) for address in named)
    return list(dict.fromkeys(address for address in found if not address.startswith("data:")))


def _visits(admin: Admin, system: System) -> tuple[list[Loaded], list[Loaded], list[str]]:
    with closing(admin.visit(system)) as visitor:
        text = visitor.get(admin.listing, headers={"Accept-Encoding": "identity"}).text
        wanted, first, second, elsewhere = [admin.listing], [], [], []
        wanted += resources(text, str(visitor.base_url.join(admin.listing)))
        for address in wanted:  # grows as style sheets are read
            if urlsplit(str(visitor.base_url.join(address))).port != system.port:
                elsewhere.append(address)
                continue
            if urlsplit(address).path.endswith(".css"):
                sheet = visitor.get(address, headers={"Accept-Encoding": "identity"}).text
                imported = (urljoin(address, name) for name in IMPORTED.findall(sheet))
                wanted += [name for name in imported if name not in wanted]
            first.append(_load(visitor, address, {}))
            if not first[-1].is_kept:
                second.append(_load(visitor, address, first[-1].tag))
    return first, second, elsewhere


def _load(visitor: httpx.Client, address: str, tag: dict[str, str]) -> Loaded:
    with visitor.stream("GET", address, headers=BROWSER | tag) as answer:
        body = b"".join(answer.iter_raw())
    if answer.status_code not in (200, 304):
        answer.raise_for_status()
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
    said = answer.headers.get("Cache-Control", "")
    age = re.search(r"max-age=(\d+)", said)
    # Without a word of it, browsers keep for a while what tells when it was changed.
    is_kept = bool(int(age[1])) if age else not said and "Last-Modified" in answer.headers
    pairs = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
    return Loaded(
        len(body) + head,
        {asked: answer.headers[name] for asked, name in pairs if name in answer.headers},
        is_kept and "no-cache" not in said and "no-store" not in said,
    )


def _live(admin: Admin, system: System) -> float:
    # The page, its scripts, the stream: one after another on one connection, as if a browser did nothing at once.
    with closing(admin.visit(system)) as visitor:
        began = time.perf_counter()
        page = visitor.get(admin.listing).text
        for address in resources(page, str(visitor.base_url.join(admin.listing))):
            if urlsplit(address).path.endswith(".js"):
                visitor.get(address)
        (stream,) = html.fromstring(page).xpath(STREAM)
        with visitor.stream("GET", stream.attrib["hx-sse:connect"], headers={"Accept": "text/event-stream"}) as answer:
            next(answer.iter_bytes())
        return time.perf_counter() - began
