"""The property can fail: each way to break the engine is caught by histories that end well with the engine whole.

Among them are those that rivals have shipped. With the seeds that catch them (``mutations.py`` tells what each breaks):

- the query: no_tie_break 5, 9, 13
- hearing: flag_cleared_late 4, 8, 14, 15, 21, 27; trailing_change_lost 7, 9, 10; other_programs_unheard 4, 10, 15
- joining: compared_before_subscribed 1, 2, 9, 11, 20, 28; id_ahead_of_its_steps 1, 5
- steps: anchored_on_a_moved_row 1, 5, 10; moved_row_updated_in_place 2, 13, 15; total_forgotten 0, 1
- frames: replaced_without_the_pager 0, 4; lines_split_at_newlines_only 17, 80
- laggards: revision_before_push 64; laggards_forgotten 15, 64
- revisions: column_ignored 7, 8; row_cached_by_version 7, 8; release_forgotten 23, 94;
  wrong_revision_remembered 1, 11, 17; stale_frames_kept 16, 18, 28
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest

from tests.conftest import NewDatabase
from tests.live import mutations
from tests.live.history import history
from tests.live.test_convergence import HISTORIES

SEEDS = {
    name: [int(seed) for seed in re.findall(r"\d+", seeds)]
    for name, seeds in re.findall(r"\b([a-z]+(?:_[a-z]+)+)((?:,? \d+)+)", __doc__)
}
ALL = [made for name, made in vars(mutations).items() if callable(made) and made.__module__ == mutations.__name__]
PATIENCE = 2.0  # seconds: a page that waits for what was lost waits for ever
TRIES = 4  # threads and timers decide which write falls into which read


async def diverged(url: str, seed: int) -> bool:
    """Let the history happen; whether a page did not end equal to a fresh one."""
    try:
        await history(url, seed, patience=PATIENCE)
    except AssertionError:
        return True
    return False


def test_the_seeds_of_every_mutation_are_listed_and_end_well_without_it() -> None:
    assert set(SEEDS) == {mutation.__name__ for mutation in ALL}
    assert max(seed for seeds in SEEDS.values() for seed in seeds) < HISTORIES


@pytest.mark.only("sqlite")  # what is broken here is above the database
@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: mutation.__name__)
async def test_a_broken_engine_is_caught(
    mutation: Callable[[pytest.MonkeyPatch], None], new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    for _ in range(TRIES):
        seeds = SEEDS[mutation.__name__]
        if any(await asyncio.gather(*(diverged(new_database(), seed) for seed in seeds))):
            return
    pytest.fail("no history shows that anything is broken")
