"""What happened in histories, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Writes, frames, refreshes and faults of any number of histories, by kind."""

    histories: int = 0
    writes: Counter[str] = field(default_factory=Counter)
    frames: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    refreshes: Counter[str] = field(default_factory=Counter)  # made, and spared

    def __iadd__(self, other: Tally) -> Tally:
        self.histories += other.histories
        self.writes += other.writes
        self.frames += other.frames
        self.faults += other.faults
        self.refreshes += other.refreshes
        return self

    def __str__(self) -> str:
        return "\n".join(
            [f"histories: {self.histories}"]
            + [f"{name}: {_told(getattr(self, name))}" for name in ("writes", "frames", "refreshes", "faults")]
        )


def _told(counts: Counter[str]) -> str:
    return f"{counts.total()} ({', '.join(f'{kind} {count}' for kind, count in counts.most_common())})"
