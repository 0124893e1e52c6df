"""Every test is given to one process; what measures, when all others have ended; and nobody waits for nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.scheduling import Turns


class Node:
    """A worker process, which runs a test when it knows the next one, or that there is none."""

    def __init__(self) -> None:
        self.shutting_down = False
        self.waiting: list[int] = []

    def shutdown(self) -> None:
        self.shutting_down = True

    def send_runtest_some(self, tests: list[int]) -> None:
        assert not self.shutting_down, "it would never run"
        self.waiting += tests

    @property
    def is_ready(self) -> bool:
        return len(self.waiting) > 1 or bool(self.waiting and self.shutting_down)


def turns(collection: list[str], count: int) -> tuple[Any, list[Node]]:
    """Return what has begun, with so many processes."""
    made: Any = Turns(count)
    nodes = [join(made, collection) for _ in range(count)]
    made.schedule()
    return made, nodes


def join(made: Any, collection: list[str]) -> Node:
    """Return a new process."""
    node = Node()
    made.add_node(node)
    made.add_node_collection(node, collection)
    return node


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("size", [0, 1, 3, 50])
@pytest.mark.parametrize("ends", [[], ["@alone"], ["@long"], ["@alone", "@alone", "@long", "@long", "@long"]], ids=str)
def test_each_runs_once_and_what_measures_runs_alone(count: int, size: int, ends: list[str]) -> None:
    collection = [f"a.py::{number}" for number in range(size)] + [f"b.py::{n}{end}" for n, end in enumerate(ends)]
    made, nodes = turns(collection, count)
    dice, done = random.Random(size), list[str]()
    while ready := [node for node in nodes if node.is_ready]:
        node = dice.choice(ready)
        test = node.waiting.pop(0)
        if collection[test].endswith("@alone"):
            assert not any(other.waiting for other in nodes if other is not node)
        made.mark_test_complete(node, test)
        done.append(collection[test])
    assert sorted(done) == sorted(collection)
    assert all(node.shutting_down for node in nodes)
    assert made.tests_finished
    assert not made.has_pending


@pytest.mark.parametrize("when", range(12))
def test_what_a_process_had_that_broke_down_is_run_by_others(when: int) -> None:
    collection = [f"a.py::{number}" for number in range(9)] + ["b.py::1@alone"]
    made, nodes = turns(collection, 2)
    done: list[str] = []
    broken, crashed = nodes[0], ""
    while ready := [node for node in nodes if node.is_ready]:
        if len(done) == when and broken in nodes:
            nodes.remove(broken)
            crashed = made.remove_node(broken) or ""
            nodes.append(join(made, collection))
            made.schedule()
            continue
        node = ready[-1]
        test = node.waiting.pop(0)
        made.mark_test_complete(node, test)
        done.append(collection[test])
    assert sorted([*done, *filter(None, [crashed])]) == sorted(collection)
    assert made.tests_finished


def test_what_a_process_gives_back_is_run_once() -> None:
    collection = [f"a.py::{number}" for number in range(9)]
    made, nodes = turns(collection, 2)
    back = [nodes[0].waiting.pop()]
    done: list[str] = []
    made.remove_pending_tests_from_node(nodes[0], back)
    while ready := [node for node in nodes if node.is_ready]:
        test = ready[-1].waiting.pop(0)
        made.mark_test_complete(ready[-1], test)
        done.append(collection[test])
    assert sorted(done) == sorted(collection)
    assert made.tests_finished
