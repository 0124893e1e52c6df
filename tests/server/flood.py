"""Changes so large, one after another, that no socket holds them for a reader that takes nothing."""

from __future__ import annotations

from tests.running import Server
from tests.server.stream import Reader

ROWS = 100
ROUNDS = 30
QUERY = f"size={ROWS}"
LONG = "\N{WATER WAVE}" * 200  # four bytes each


def rewrite(server: Server, round: int) -> None:
    """Change every row, in one transaction: a frame of some 150 kB."""
    server.execute("UPDATE users SET email = id || ?", f"r{round:02}{LONG}")


async def flood(server: Server, witness: Reader) -> list[str]:
    """Change every row again and again, waiting each time until ``witness`` has heard; return all revisions."""
    revisions = []
    for round in range(ROUNDS):
        rewrite(server, round)
        revisions.append((await witness.change()).id)
    assert len(set(revisions)) == ROUNDS
    return revisions
