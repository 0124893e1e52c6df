"""The table of the scenarios' figures at the end of the run, whichever process had them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Tell = Callable[..., None]
COLUMNS = ("scenario", "readers", "agree p50", "agree p99", "lost writes", "leaks", "seen")
PROPERTY = "faults"  # by which a report carries a line of the table


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Put the figures of this scenario into the table."""
    scenario = request.node.name.removeprefix("test_").replace("_", " ")

    def add(readers: int, agreed: list[float], *, lost: int | None = None, leaks: str = "", **seen: object) -> None:
        ordered = sorted(agreed)
        p50, p99 = (f"{ordered[int(len(ordered) * part)]:.2f} s" if ordered else "" for part in (0.5, 0.99))
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in seen.items())
        row = (scenario, str(readers), p50, p99, "" if lost is None else str(lost), leaks, told)
        request.node.user_properties.append((PROPERTY, f"| {' | '.join(row)} |"))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    lines = [
        line
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, line in report.user_properties
        if name == PROPERTY
    ]
    if lines:
        terminalreporter.section("faults")
        for line in (f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}", *sorted(lines)):
            terminalreporter.line(line)
