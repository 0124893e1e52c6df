"""The property can fail: each way to break the engine is caught by histories that end well with the engine whole.

Among them are those that rivals have shipped. With the seeds that catch them (``mutations.py`` tells what each breaks):

- the query: no_tie_break 5, 6, 7, 9, 12, 13
- hearing: flag_cleared_late 63, 83, 100, 138, 173, 202; trailing_change_lost 26, 47, 50, 53, 57, 63;
  other_programs_unheard 0, 5, 6, 8, 10, 19; unread_listing_unheard 7, 23, 51, 59
- hearing on PostgreSQL: any_row_taken_for_none 12, 16, 27, 33; only_the_last_of_several 2, 6, 33
- leaving: last_page_kept 1, 2, 14, 30, 59
- sparing: judged_by_what_it_became 50, 54, 87, 91, 96, 159; off_the_page_is_out_of_sight 0, 2, 3, 5, 6, 7;
  no_doubt_about_the_log 20, 27, 46, 60, 74, 83
- joining: compared_before_subscribed 5, 37, 39, 58, 59, 60; id_ahead_of_its_steps 0, 1, 2, 3, 4, 5
- steps: anchored_on_a_moved_row 17, 19, 28, 33, 38, 47; moved_row_updated_in_place 12, 15, 17, 29, 32, 33;
  moved_row_looks_as_it_did 12, 15, 17, 32, 42; new_row_taken_for_one_that_moved 0, 1, 2, 3, 5, 6;
  total_forgotten 0, 1, 2, 3, 5, 6
- a row that is open: open_row_not_told 3, 6, 18, 21, 40, 47; row_forgotten_when_it_is_gone 21, 47
- what is in hand: moved_row_made_anew 12, 14, 15, 17, 29, 30; rows_replaced_by_new_ones 1, 3, 5, 7, 8, 9
- frames: replaced_without_the_pager 0, 1, 2, 3, 4, 6; lines_split_at_newlines_only 32, 71, 134, 154, 212, 219
- laggards: revision_before_push 2, 47, 104, 148, 164, 171; laggards_forgotten 2, 47, 99, 104, 111, 124
- revisions: column_ignored 5, 6, 8, 10, 18, 24; row_cached_by_version 5, 6, 8, 10, 18, 24;
  release_forgotten 0, 102, 110; wrong_revision_remembered 7, 18, 47, 60, 68, 87; stale_frames_kept 1, 2, 3, 7, 15, 17
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest

from tests.conftest import NewDatabase
from tests.live import mutations
from tests.live.history import history
from tests.live.skipping import run
from tests.live.test_convergence import HISTORIES

Mutation = Callable[[pytest.MonkeyPatch], None]

SEEDS = {
    name: [int(seed) for seed in re.findall(r"\d+", seeds)]
    for name, seeds in re.findall(r"\b([a-z]+(?:_[a-z]+)+)((?:,? \d+)+)", __doc__)
}
ALL = [made for name, made in vars(mutations).items() if callable(made) and made.__module__ == mutations.__name__]
ON_POSTGRESQL = (mutations.any_row_taken_for_none, mutations.only_the_last_of_several)
PATIENCE = 2.0  # seconds: a page that waits for what was lost waits for ever, and takes no time for it
TRIES = 4  # threads and timers decide which write falls into which read


async def diverged(url: str, seed: int) -> bool:
    """Let the history happen; whether a page did not end equal to a fresh one."""
    try:
        await history(url, seed, patience=PATIENCE)
    except AssertionError:
        return True
    return False


async def is_caught(seeds: list[int], new_database: NewDatabase) -> bool:
    """Let histories happen, all of ``seeds`` together, a few times; whether one of them diverged."""
    for _ in range(TRIES):
        if any(await asyncio.gather(*(diverged(new_database(), seed) for seed in seeds))):
            return True
    return False


def test_the_seeds_of_every_mutation_are_listed_and_end_well_without_it() -> None:
    assert set(SEEDS) == {mutation.__name__ for mutation in ALL}
    assert max(seed for seeds in SEEDS.values() for seed in seeds) < HISTORIES


@pytest.mark.only("sqlite")  # what is broken here is above the database, or is SQLite's
@pytest.mark.parametrize(
    "mutation", [mutation for mutation in ALL if mutation not in ON_POSTGRESQL], ids=lambda mutation: mutation.__name__
)
def test_a_broken_engine_is_caught(
    mutation: Mutation, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    assert run("sqlite", is_caught(SEEDS[mutation.__name__], new_database)), "no history shows that anything is broken"


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("mutation", ON_POSTGRESQL, ids=lambda mutation: mutation.__name__)
def test_a_broken_engine_is_caught_on_postgresql(
    mutation: Mutation, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    seeds = SEEDS[mutation.__name__]
    assert run("postgresql", is_caught(seeds, new_database)), "no history shows that anything is broken"
