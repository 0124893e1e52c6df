"""The examples of the page that describes the interface: each is run as it stands there, by a real curl."""

from __future__ import annotations

import shlex
import subprocess

import httpx
import lxml.html
import pytest

from tests.running import Server

FIRST = {"username": "Bob", "email": "bob@example.org"}  # row 1, version 1, as in the examples
QUIET = ("-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "0.5")


@pytest.mark.only("sqlite")
def test_every_example_about_rows_and_streams_does_what_it_says(server: Server) -> None:
    page = lxml.html.document_fromstring(httpx.get(f"{server.address}/docs", headers={"Accept": "text/html"}).text)
    statuses = {}
    for tag in page.xpath("//section")[:2]:
        for example in tag.xpath("./details[not(contains(@id, 'token'))]/pre"):
            server.execute("DELETE FROM users")
            server.execute("DELETE FROM sqlite_sequence WHERE name = 'users'")
            httpx.post(f"{server.address}/users.json", json=FIRST).raise_for_status()
            words = shlex.split(example.text_content())
            told = subprocess.run([*words, *QUIET], capture_output=True, text=True, check=False).stdout
            statuses[example.getparent().get("id")] = told
    assert len(statuses) == 12, "this proves nothing unless there are examples"
    others = {"post_users": "201", "delete_users_id": "204", "post_users_id_delete": "204"}
    others["post_users_id_undo"] = "204"  # of an addition: the row is gone
    assert statuses == {id: others.get(id, "200") for id in statuses}
