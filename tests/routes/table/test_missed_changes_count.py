"""A page that stands still: all it leads to stands still as well, and it is told how many changes it has missed."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import Settings
from rowcast.database import Database
from rowcast.tables import row_writes
from rowcast.tables.key import Key
from rowcast.users import USERS
from tests.conftest import Outside, make_user
from tests.routes.asking import ADA, JSON, PAGE, PART, Got, ask
from tests.routes.following import following


@pytest.fixture
async def people(database: Database, outside: Outside) -> list[int]:
    """Thirty users, "User 00" to "User 29", who have been there for long."""
    made = [(await make_user(database, f"User {number:02}")).values["id"] for number in range(30)]
    outside.execute("UPDATE users SET changed = '2020-01-01 00:00:00.000000', version = version + 1")
    return made


async def paused(client: Client, query: str = "") -> str:
    """Open a paused page, and return the address at which it asks how many changes wait."""
    got = await ask(client, "GET", f"/users?{query}&paused=1", PAGE)
    return str(got.html.get_element_by_id("waiting").get("hx-get"))


async def waiting(client: Client, address: str) -> int:
    """Return how many changes wait, as all three kinds of reader are told."""
    count = int((await ask(client, "GET", address, JSON)).json["waiting"])
    text = f"{count} change" if count else "No changes yet"
    for reader in (PAGE, PART):
        assert text in (await ask(client, "GET", address, reader)).html.text_content()
    return count


async def test_edits_by_anyone_are_counted_each_row_once(
    client: Client, people: list[int], outside: Outside, database: Database
) -> None:
    address = await paused(client, "size=25")
    assert await waiting(client, address) == 0
    await ask(client, "POST", f"/users/{people[0]}", PAGE, form={"role": "administrator"})
    await ask(client, "POST", f"/users/{people[0]}", PAGE, form={"role": "member"})
    assert await waiting(client, address) == 1
    outside.execute("UPDATE users SET status = 'closed' WHERE id = ?", people[1])
    assert await waiting(client, address) == 2
    await database.write(
        lambda connection: row_writes.delete(connection, USERS, Key((people[2],)), version=None, by="tests")
    )
    assert await waiting(client, address) == 3
    await make_user(database, "A new one")
    assert await waiting(client, address) == 4
    outside.execute("UPDATE users SET status = 'closed' WHERE id = ?", people[29])
    assert await waiting(client, address) == 4, "that row is on another page"
    await make_user(database, "Z new one")
    await make_user(database, "Z new two")
    assert await waiting(client, address) == 4, "two came and one went, here; the total tells of no more"


async def test_a_write_that_changes_nothing_a_reader_could_see_still_counts_if_the_version_says_so(
    client: Client, people: list[int], outside: Outside
) -> None:
    address = await paused(client)
    outside.execute("UPDATE users SET role = role WHERE id = ?", people[0])
    assert await waiting(client, address) == 1


async def test_the_count_is_that_of_the_listing(client: Client, people: list[int], outside: Outside) -> None:
    address = await paused(client, "role=administrator")
    outside.execute("UPDATE users SET status = 'closed' WHERE id = ?", people[0])
    assert await waiting(client, address) == 0
    outside.execute("UPDATE users SET role = 'administrator' WHERE id = ?", people[0])
    assert await waiting(client, address) == 1


async def test_the_count_is_true_on_another_process_and_after_a_restart(
    client: Client, settings: Settings, people: list[int], outside: Outside
) -> None:
    address = await paused(client)
    outside.execute("DELETE FROM users WHERE id IN (?, ?)", *people[3:5])
    other = create_app(settings)
    async with other.test_app():
        assert await waiting(other.test_client(), address) == 2


@pytest.mark.parametrize(
    "query",
    ["", "shown=", "shown=A", "shown=%00", "shown=%FF", "shown=%C3%A9", f"shown={'A' * 5000}", "a=1", "sort=nonsense"],
)
async def test_junk_is_refused(client: Client, query: str) -> None:
    for reader in (PAGE, PART, JSON):
        assert (await ask(client, "GET", f"/users/waiting?{query}", reader)).status == 400


@pytest.mark.usefixtures("people")
async def test_a_paused_page_opens_no_stream_and_all_it_leads_to_is_paused(client: Client) -> None:
    for reader in (PAGE, PART):
        got = await ask(client, "GET", "/users?q=user&size=25&sort=-email&paused=1", reader)
        assert "hx-sse:connect" not in got.text
        links = got.html.xpath("//section[@id='listing']//a[not(ancestor::tbody) and not(@id='pause')]/@href")
        assert len(links) > 8, "this proves nothing unless there are heads, pages and sizes to follow"
        assert all(("paused", "1") in parse_qsl(urlsplit(link).query) for link in links)
        (resume,) = got.html.xpath("//a[@id='pause']/@href")
        assert resume == "/users?q=user&size=25&sort=-email"
        beside = {field.get("name"): field.get("value") for field in got.html.xpath("//input[@form='search']")}
        assert beside == {"size": "25", "sort": "-email", "paused": "1"}
    assert got.headers["HX-Push-Url"] == "/users?q=user&size=25&sort=-email&paused=1"


@pytest.mark.usefixtures("people")
async def test_a_live_page_leads_to_no_paused_one_but_by_the_link_that_says_so(client: Client) -> None:
    got = await ask(client, "GET", "/users?q=user&size=25", PAGE)
    assert got.html.xpath("//*[contains(@href, 'paused')]/@href") == ["/users?q=user&size=25&paused=1"]
    assert got.html.xpath("//a[@id='pause']/text()") == ["Pause"]
    assert not got.html.xpath("//input[@name='paused']")


async def test_an_empty_paused_listing_leads_to_all_rows_paused(client: Client) -> None:
    got = await ask(client, "GET", "/users?q=nobody&paused=1", PAGE)
    assert got.html.xpath("//a[text()='Show all']/@href") == ["/users?paused=1"]


async def test_a_paused_page_and_a_live_one_hold_the_same_rows(client: Client, people: list[int]) -> None:
    live, still = [await ask(client, "GET", f"/users?size=25{more}", PAGE) for more in ("", "&paused=1")]
    assert [rows(got) for got in (live, still)] == [rows(live)] * 2
    assert len(people) > 25


async def test_a_plain_form_goes_back_to_the_paused_listing_it_came_from(client: Client, people: list[int]) -> None:
    came_from = "/users?sort=-email&paused=1"
    headers = {"Referer": f"http://localhost{came_from}"}
    path = f"/users/{people[0]}"
    click = await ask(client, "POST", path, PAGE, form={"role": "administrator"}, headers=headers)
    assert click.headers["Location"] == came_from
    for form in (f"{path}/edit", f"{path}/delete", "/users/new"):
        got = await ask(client, "GET", form, PAGE, headers=headers)
        assert got.hidden["back"] == "sort=-email&paused=1"
        assert got.html.xpath("//h1/a/@href") == [came_from]
        again = await ask(client, "POST", path, PAGE, form=ADA | {"username": "", "back": got.hidden["back"]})
        assert again.hidden["back"] == "sort=-email&paused=1", "a form that is shown again knows it as well"
    saved = await ask(client, "POST", path, PAGE, form=ADA | {"back": "sort=-email&paused=1"})
    assert saved.headers["Location"] == came_from
    shown = await ask(client, "GET", path, PAGE, headers=headers)
    assert shown.html.xpath("//a[text()='Edit']/@href") == [f"{path}/edit?back=sort%3D-email%26paused%3D1"]


async def test_the_log_tells_of_a_pause_once(client: Client) -> None:
    def told(got: Got) -> list[str]:
        return [line for line in got.html.xpath("//b/text()") if line == "paused"]

    assert told(await ask(client, "GET", "/users?paused=1", PAGE)) == ["paused"]
    for before, expected in (("/users", ["paused"]), ("/users?paused=1", [])):
        headers = {"HX-Current-URL": f"http://localhost{before}"}
        got = await ask(client, "GET", "/users?q=a&paused=1", PART, headers=headers)
        assert told(got) == expected


async def test_only_1_means_paused(client: Client) -> None:
    got = await ask(client, "GET", "/users?paused=2", PAGE)
    assert "paused" in got.flash
    assert "hx-sse:connect" in got.text
    assert (await ask(client, "GET", "/users?paused=1", JSON)).status == 200


@pytest.mark.usefixtures("people")
async def test_a_stream_brings_no_pager_of_a_paused_page(client: Client, database: Database) -> None:
    await ask(client, "GET", "/users?size=25&paused=1", PAGE)
    async with following(client, "?size=25") as stream:
        await stream.next()
        await make_user(database, "A new one")
        event = await stream.next()
        assert 'hx-target="#pager"' in event.data, "this proves nothing unless a pager came"
        assert "paused" not in event.data


async def test_what_a_page_without_script_asks_is_not_in_a_part_where_it_would_be_loaded(app: Quart) -> None:
    client = app.test_client()
    page, part = [await ask(client, "GET", "/users?paused=1", reader) for reader in (PAGE, PART)]
    assert page.html.xpath("//noscript/iframe/@src") == page.html.xpath("//*[@id='waiting']/@hx-get")
    assert "<iframe" not in part.text
    frame = await ask(client, "GET", page.html.xpath("//noscript/iframe/@src")[0], PAGE)
    assert frame.is_document
    assert frame.html.xpath("//meta[@http-equiv='refresh']/@content") == ["5"]
    again = await ask(
        client, "GET", page.html.xpath("//noscript/iframe/@src")[0], PAGE | {"If-None-Match": frame.headers["ETag"]}
    )
    assert (again.status, again.text) == (304, "")


def rows(got: Got) -> list[str]:
    return [row.xpath("string(th)") for row in got.html.get_element_by_id("users")]
