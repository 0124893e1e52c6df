"""A bar in the terminal instead of a dot for each test; whoever writes to a file or has no workers keeps the dots."""

from __future__ import annotations

import time
from collections.abc import Generator

import pytest

WIDTH = 40
AGAIN = 0.1  # seconds


class Bar:
    """How far the tests are, in the last line of ``terminal``."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal
        self._began = self._shown = time.monotonic()
        self._done = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> Generator[None, tuple[str, str, str], tuple[str, str, str]]:
        """Count the test, without its dot."""
        category, _, _ = yield
        return category, "", ""

    def pytest_runtest_logfinish(self) -> None:
        """Hear that a test has ended."""
        self._done += 1
        now, total = time.monotonic(), self._terminal._session.testscollected if self._terminal._session else 0
        if total and (now > self._shown + AGAIN or self._done == total):
            self._shown = now
            self._show(min(self._done / total, 1), f"{self._done}/{total}", round(now - self._began))

    def _show(self, part: float, counted: str, seconds: int) -> None:
        bar = ("#" * round(WIDTH * part)).ljust(WIDTH, ".")
        failed = len(self._terminal.stats.get("failed", ())) + len(self._terminal.stats.get("error", ()))
        line = f"[{bar}] {counted}  {seconds // 60}:{seconds % 60:02}" + (f"  {failed} failed" if failed else "")
        self._terminal.rewrite(line, erase=True, red=bool(failed))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Show the bar where it can be seen."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and terminal.isatty and config.getoption("numprocesses", None):
        config.pluginmanager.register(Bar(terminal))
