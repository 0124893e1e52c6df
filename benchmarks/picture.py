"""The picture of a result: an SVG of bars for light and dark pages, wide and narrow ones.

``python -m benchmarks.picture RESULT.json PICTURE.svg``
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import median
from textwrap import wrap
from typing import Any

WIDTH, LEFT, BARS = 680, 272, 288  # all, where the bars begin, how long they may be
# Of a panel: above its first bar with one line of hint, each more line, from bar to bar, a bar; between panels.
HEAD, LINE, ROW, THICK, GAP = 66, 22, 30, 18, 34
LETTERS = 66  # that fit on a line, also on a narrow page
BREAK = 8  # a bar of more than so many times Rowcast's is broken off
OURS = "Rowcast"
STYLE = """
text {
  font: 16px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "Noto Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
  fill: #17211f;
}
.title { font-size: 19px; font-weight: 650 }
.hint, .foot, .times { fill: #56625f; font-size: 14px }
.name { text-anchor: end }
.ours { font-weight: 650 }
.bar { fill: #c9d1cf }
.bar.ours { fill: #0d6e66 }
.axis { stroke: #838f8c; stroke-width: 1 }
@media (max-width: 520px) {
  text { font-size: 21px } .title { font-size: 24px } .name { font-size: 20px }
  .hint, .foot { font-size: 18px } .times { display: none }
}
@media (prefers-color-scheme: dark) {
  text { fill: #e3eae8 } .hint, .foot, .times { fill: #97a5a2 }
  .bar { fill: #3f4b49 } .bar.ours { fill: #5fd4c4 } .axis { stroke: #6b7976 }
}
"""


@dataclass(frozen=True)
class Panel:
    """What is drawn of a measure: in the first of ``cases`` that was measured, for all systems but one, if need be."""

    title: str
    hint: str
    measure: str
    cases: tuple[str, ...]
    name: str
    unit: str
    without: str = ""
    is_more_better: bool = False

    def lines(self, case: str) -> list[str]:
        """Return the lines of the hint."""
        return wrap(self.hint.format(case=case), LETTERS)

    def head(self, case: str) -> int:
        """Return how far below its top the first bar is."""
        return HEAD + LINE * (len(self.lines(case)) - 1)


PANELS = (
    Panel(
        "Processor time for one delivery",
        "An edit that goes to {case}, less is better",
        "fan-out",
        ("1,000 readers", "5,000 readers", "100 readers", "20 readers"),
        "CPU per delivery",
        "µs",
    ),
    Panel(
        "Memory for one reader",
        "Of {case}, less is better",
        "fan-out",
        ("1,000 readers", "5,000 readers", "100 readers", "20 readers"),
        "memory per reader",
        "KiB",
        without="floor",  # it keeps nothing of a reader but a number
    ),
    Panel(
        "Pages a second",
        "50 of 100,000 rows; another program commits 10 times a second, and Rowcast keeps the page in between;"
        " more is better",
        "pages",
        ("50 rows, 1 connection, 10 changes a second",),
        "requests",
        "",
        is_more_better=True,
    ),
    Panel(
        "Bytes that a reader receives in a minute",
        "A table of 100 rows, so many edits in that minute, less is better",
        "traffic",
        ("100 rows",),
        "received",
        "KB",
    ),
)
SHORT = {
    "floor": "write(2) in C, the floor",
    "Quart, default templates, hypercorn": "Quart on hypercorn",
    "Quart, default templates, uvicorn": "Quart on uvicorn",
    "Flask-SocketIO, threading": "Flask-SocketIO, threads",
    "Flask-SocketIO, tutorial": "whole table every 5 s",
    **{f"Rowcast, {rate} edits a minute": f"Rowcast, {rate} edit{'s' * (rate != 1)}" for rate in (0, 1, 12, 60)},
}


def draw(result: dict[str, Any]) -> str:
    """Return the picture of what ``__main__`` wrote."""
    parts: list[str] = []
    y = 0
    for panel in PANELS:
        case, bars = _bars(panel, result)
        if bars:
            parts += _panel(panel, case, bars, y)
            y += panel.head(case) + ROW * len(bars) + GAP
    for line in _foot(result):
        parts.append(f'<text class="foot" x="0" y="{y}">{escape(line)}</text>')
        y += 26
    about = escape("; ".join(_described(result)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img"'
        f' aria-labelledby="title desc">\n<title id="title">Rowcast beside others of its kind</title>\n'
        f'<desc id="desc">{about}</desc>\n<style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _bars(panel: Panel, result: dict[str, Any]) -> tuple[str, list[tuple[str, float]]]:
    for case in panel.cases:
        found = {
            figure["system"]: median(figure["rounds"]) / (1000 if panel.unit == "KB" else 1)
            for figure in result["figures"]
            if (figure["measure"], figure["case"], figure["name"]) == (panel.measure, case, panel.name)
            and figure["system"] != panel.without
        }
        if found:
            return case, sorted(found.items(), key=lambda bar: -bar[1] if panel.is_more_better else bar[1])
    return "", []


def _panel(panel: Panel, case: str, bars: list[tuple[str, float]], top: int) -> Iterator[str]:
    ours = next((value for system, value in bars if system == OURS), 0)
    longest = max(value for _, value in bars)
    if ours and not panel.is_more_better:
        longest = min(longest, BREAK * ours)
    yield f'<text class="title" x="0" y="{top + 22}">{escape(panel.title)}</text>'
    for number, line in enumerate(panel.lines(case)):
        yield f'<text class="hint" x="0" y="{top + 46 + number * LINE}">{escape(line)}</text>'
    top += panel.head(case)
    for number, (system, value) in enumerate(bars):
        y = top + number * ROW
        own = " ours" if system.startswith(OURS) else ""
        length = max(1.5, BARS * min(1.0, value / longest))
        name = escape(SHORT.get(system, system))
        yield f'<text class="name{own}" x="{LEFT - 12}" y="{y + 15}">{name}</text>'
        yield f'<path class="bar{own}" d="{_bar(y, length, value > longest)}"/>'
        times = f' <tspan class="times">{_times(value, ours)}</tspan>' if ours and value != ours else ""
        told = f"{_plain(value)} {panel.unit}".strip()
        yield f'<text class="value{own}" x="{LEFT + length + 10:.0f}" y="{y + 15}">{told}{times}</text>'
    yield f'<path class="axis" d="M{LEFT} {top - 4}V{top + len(bars) * ROW - ROW + THICK + 4}"/>'


def _times(value: float, ours: float) -> str:
    return f"{_plain(value / ours, 2)}\u00d7" if value * 2 > ours else f"1/{_plain(ours / value, 2)}"


def _bar(y: int, length: float, is_broken: bool) -> str:
    if not is_broken:
        return f"M{LEFT} {y}h{length:.1f}v{THICK}h{-length:.1f}z"
    # Two pieces with a slanting gap between them: how long it would be is only told.
    first, gap, slant = length - 34, 6, 6
    second = length - first - gap
    return (
        f"M{LEFT} {y}h{first + slant:.1f}l{-slant} {THICK}h{-first:.1f}z"
        f"M{LEFT + first + slant + gap:.1f} {y}h{second - slant:.1f}v{THICK}h{-second:.1f}z"
    )


def _foot(result: dict[str, Any]) -> Iterator[str]:
    for missing in result["missing"]:
        yield from wrap(f"Not measured here: {missing['system']}: {missing['reason']}", LETTERS)
    machine = result["machine"]
    yield from wrap(f"{machine['processor']}, one core each for server and client; {result['when'][:10]}", LETTERS)


def _described(result: dict[str, Any]) -> Iterator[str]:
    for panel in PANELS:
        case, bars = _bars(panel, result)
        if bars:
            told = ", ".join(f"{SHORT.get(name, name)} {_plain(value)} {panel.unit}".strip() for name, value in bars)
            yield f"{panel.title} ({panel.hint.format(case=case)}): {told}"


def _plain(value: float, digits: int = 3) -> str:
    return f"{value:,.0f}" if value >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.picture", description=__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    options.picture.write_text(draw(json.loads(options.result.read_text())))


if __name__ == "__main__":
    main()
