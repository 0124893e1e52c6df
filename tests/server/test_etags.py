"""304 on the wire: the head alone, on a connection that goes on; the frame without script is refreshed by it."""

from __future__ import annotations

import httpx
import pytest

from tests.running import Server

READERS = [
    ("/users", {}),
    ("/users/table", {}),
    ("/users", {"HX-Request-Type": "partial"}),
    ("/users", {"Accept": "application/json"}),
]


@pytest.mark.parametrize(("path", "reader"), READERS)
def test_a_reader_that_comes_back_costs_a_head_until_something_changes(
    server: Server, word: str, path: str, reader: dict[str, str]
) -> None:
    server.add_users(30, word)
    with httpx.Client(base_url=server.address, headers=reader) as client:
        whole = client.get(path)
        assert len(whole.content) > 2000
        for _ in range(2):
            kept = client.get(path, headers={"If-None-Match": whole.headers["ETag"]})
            assert (kept.status_code, kept.content) == (304, b"")
            assert kept.headers.keys().isdisjoint({"Content-Type", "Content-Length", "Transfer-Encoding"})
            for name in ("ETag", "Vary", "Cache-Control", "Refresh"):
                assert kept.headers.get(name) == whole.headers.get(name)
        server.execute("UPDATE users SET role = 'administrator' WHERE username = ?", f"{word} 002")
        assert client.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 200
