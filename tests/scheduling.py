"""Which test runs when, and in which of the worker processes of pytest-xdist.

Tests of one folder stay together, for they share servers and browsers. Those of the xdist_group ``long`` begin at once,
one after another in one process: they mostly wait. Those of ``alone`` run when all others have ended: they measure.
``quick`` marks by itself all that needs no server process, browser or PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from xdist.report import report_collection_diff
from xdist.workermanage import WorkerController, parse_tx_spec_config

LONG, ALONE = "@long", "@alone"  # with --dist loadgroup the name of its group ends that of a test
NOT_QUICK = {"cluster", "server", "serve", "site", "desk", "floor", "installed"}  # fixtures
STARTING = {"tests.running", "tests.deploy.hosts", "benchmarks.systems"}  # modules
AHEAD = 2  # tests that a process is given at a time: it begins one only when it knows the next


class Turns:
    """Gives each worker process an equal part of the tests; who is done takes half of what another has left."""

    def __init__(self, expected: int) -> None:
        self.collection: list[str] = []
        self._expected = expected
        self._collections: dict[WorkerController, list[str]] = {}
        self._given: dict[WorkerController, list[int]] = {}  # and not yet done
        # Not yet given, by whom it is for; None: for anybody, since the one that had it broke down.
        self._left: dict[WorkerController | None, list[int]] = {None: []}
        self._alone: list[int] = []
        self._has_begun = False

    @property
    def nodes(self) -> list[WorkerController]:
        """The worker processes."""
        return list(self._given)

    @property
    def collection_is_completed(self) -> bool:
        """Whether all have told which tests there are."""
        return len(self._collections) >= self._expected

    @property
    def has_pending(self) -> bool:
        """Whether there are tests that are not done."""
        return bool(self._alone) or any(self._left.values()) or any(self._given.values())

    @property
    def tests_finished(self) -> bool:
        """Whether no test is left that is to be given to anybody."""
        return self._has_begun and not self._alone and not any(self._left.values()) and all(map(_ends, self.nodes))

    def add_node(self, node: WorkerController) -> None:
        """Take a process in."""
        self._given[node], self._left[node] = [], []

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """Hear which tests a process has found."""
        self._collections[node] = list(collection)

    def schedule(self) -> None:
        """Begin; later, give work to a process that takes the place of one that broke down."""
        if not self._has_begun:
            self.collection, *others = self._collections.values()
            for other in others:
                if difference := report_collection_diff(self.collection, other, "one", "another"):
                    raise pytest.UsageError(difference)
            self._share_out()
            self._has_begun = True
        for node in self.nodes:
            self._feed(node)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Hear that a test is done."""
        self._given[node].remove(item_index)
        for other in (node, *(other for other in self.nodes if other is not node)):
            self._feed(other)

    def mark_test_pending(self, item: str) -> None:
        """Let a test run again."""
        self._left[None].append(self.collection.index(item))
        for node in self.nodes:
            self._feed(node)

    def remove_pending_tests_from_node(self, node: WorkerController, indices: Sequence[int]) -> None:
        """Hear that a process gave tests back; whoever is next takes them."""
        self._given[node] = [index for index in self._given[node] if index not in indices]
        self._left[None] += indices
        for other in self.nodes:
            self._feed(other)

    def remove_node(self, node: WorkerController) -> str | None:
        """Forget a process; return the test that it broke down with, if it did."""
        given = self._given.pop(node)
        self._left[None] += given[1:] + self._left.pop(node)
        for other in self.nodes:
            self._feed(other)
        return self.collection[given[0]] if given else None

    def _share_out(self) -> None:
        numbers = range(len(self.collection))
        self._alone = [number for number in numbers if self.collection[number].endswith(ALONE)]
        long = [number for number in numbers if self.collection[number].endswith(LONG)]
        rest = sorted({*numbers} - {*long, *self._alone})
        first, *others = self.nodes
        self._left[first] += long
        receiving = others if long and others else self.nodes
        for place, node in enumerate(receiving):
            bounds = (len(rest) * n // len(receiving) for n in (place, place + 1))
            self._left[node] += rest[slice(*bounds)]

    def _feed(self, node: WorkerController) -> None:
        if _ends(node):
            return
        given, others = self._given[node], [other for other in self.nodes if other is not node]
        while len(given) < AHEAD and any(self._left.values()):
            if not self._left[node]:
                self._take_over(node)
            self._give(node, [self._left[node].pop(0)])
        if len(given) >= AHEAD:
            return
        if not all(map(_ends, others)):
            node.shutdown()  # it then runs what it has
        elif not any(self._given[other] for other in others):
            self._give(node, self._alone)
            self._alone = []
            node.shutdown()

    def _take_over(self, node: WorkerController) -> None:
        most = max(self._left.values(), key=len)
        half = len(most) // 2
        self._left[node], most[half:] = most[half:], []

    def _give(self, node: WorkerController, tests: list[int]) -> None:
        if tests:
            self._given[node] += tests
            node.send_runtest_some(tests)


def _ends(node: WorkerController) -> bool:
    return bool(node.shutting_down)


def pytest_xdist_make_scheduler(config: pytest.Config) -> Turns:
    """Let this module decide."""
    return Turns(len(parse_tx_spec_config(config)))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what is quick."""
    assert isinstance(item, pytest.Function)
    is_on_postgresql = hasattr(item, "callspec") and item.callspec.params.get("dialect") == "postgresql"
    starts = any(getattr(value, "__module__", "") in STARTING for value in vars(item.module).values())
    if not (is_on_postgresql or starts or NOT_QUICK & {*item.fixturenames} or item.get_closest_marker("slow")):
        item.add_marker("quick")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one folder together, in whatever order they and the folders are."""
    folders: dict[Path, list[pytest.Item]] = {}
    for item in items:
        folders.setdefault(item.path.parent, []).append(item)
    items[:] = [item for folder in folders.values() for item in folder]
