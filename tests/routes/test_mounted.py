"""Below a path: every address of every page, part, stream, header and cookie begins with it, however it is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from quart import Quart

from rowcast.app import create_app
from rowcast.config import BadSetting, Settings
from rowcast.database import Database
from tests.conftest import make_user
from tests.routes.asking import ADA, JSON, PAGE, PART, ask
from tests.routes.following import Stream
from tests.routes.mounted import CROSS, HOST, READERS, WAYS, MountedClient, Way

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

# What no page leads to: streams, which are followed below, and what programs are told of.
STREAMS = {"users.stream", "users.stream_json", "users.stream_row"}
ASKED_BY_PROGRAMS = {*STREAMS, "live", "ready", "metrics", "users.waiting"}
CHINESE = {"Accept-Language": "zh-CN"}


@pytest.fixture(params=[WAYS["as ASGI has it"], WAYS["with letters that addresses quote"]], ids=["plain", "quoted"])
def way(request: pytest.FixtureRequest) -> Way:
    """How the app comes to know where it is."""
    found: Way = request.param
    return found


@pytest.fixture
async def app(settings: Settings, way: Way) -> AsyncIterator[Quart]:
    """The app, started, with pages of another origin that show it."""
    made = create_app(settings.model_copy(update={"prefix": way.prefix, "embed_origins": (HOST,)}))
    async with made.test_app():
        yield made


@pytest.fixture
def mounted(app: Quart, way: Way) -> MountedClient:
    """A client of the app below its path."""
    return MountedClient(app, way)


@asynccontextmanager
async def following(mounted: MountedClient, address: str, reader: dict[str, str]) -> AsyncIterator[Stream]:
    path, root_path = mounted.scope_of(address)
    async with mounted.client.request(path, headers=reader, root_path=root_path) as connection:
        yield Stream(connection)
        await connection.disconnect()


async def test_no_address_of_any_page_or_part_leaves_the_path(
    mounted: MountedClient, database: Database, way: Way
) -> None:
    for number in range(60):
        await make_user(database, f"User {number:02}")
    asked = await mounted.crawl()
    rules = {rule.endpoint for rule in mounted.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert rules - asked <= ASKED_BY_PROGRAMS
    assert len(mounted.given) > 100


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
async def test_no_answer_to_a_change_leaves_the_path(mounted: MountedClient, way: Way, reader: dict[str, str]) -> None:
    users = f"{way.public}/users"
    for sent in (ADA, {**ADA, "email": "x"}, ADA):
        await mounted.ask("POST", users, reader, form=sent)
    for sent in ({"role": "administrator"}, {**ADA, "version": "1"}, {**ADA, "username": ""}, {"role": "king"}):
        await mounted.ask("POST", f"{users}/1", reader, form=sent)
    await mounted.ask("POST", f"{users}/1/delete", reader, form={"version": "1"})
    await mounted.ask("POST", f"{users}/1/delete", reader)
    await mounted.ask("POST", f"{users}/1", reader, form=ADA)
    for path in ("/users/9", "/nothing", "/users?sort=nonsense", "/users/new/"):
        await mounted.ask("GET", f"{way.public}{path}", reader)
    await mounted.ask("PUT", users, reader)
    if reader is not PAGE:
        assert any(address.startswith(f"{users}/1") for address in mounted.given)


async def test_a_browser_without_script_goes_on_below_the_path(mounted: MountedClient, way: Way) -> None:
    added = await mounted.ask("POST", f"{way.public}/users", PAGE, form={**ADA, "back": "q=a&sort=-email"})
    assert (added.status, added.headers["Location"]) == (303, f"{way.public}/users?q=a&sort=-email")
    assert "Added Ada" in (await mounted.ask("GET", added.headers["Location"], PAGE)).flash
    home = await mounted.ask("GET", f"{way.public}/", PAGE)
    assert home.headers["Location"] == f"{way.public}/users"


async def test_programs_are_told_addresses_that_they_can_ask(mounted: MountedClient, way: Way) -> None:
    added = await mounted.ask("POST", f"{way.public}/users.json", JSON, json=ADA)
    assert added.headers["Location"] == f"{way.public}/users/1"
    assert (await mounted.ask("GET", added.headers["Location"], JSON)).json["username"] == "Ada"
    problem = await mounted.ask("GET", f"{way.public}/users/9", JSON)
    assert problem.json["instance"] == f"{way.public}/users/9"
    document = await mounted.ask("GET", f"{way.public}/openapi.json", JSON)
    assert document.json["servers"] == [{"url": way.public}]
    assert "/users/{id}" in document.json["paths"]


@pytest.mark.parametrize("reader", [PART, CROSS], ids=["page", "part of another origin"])
async def test_no_frame_of_a_stream_leaves_the_path(
    mounted: MountedClient, way: Way, reader: dict[str, str], database: Database
) -> None:
    for number in range(60):
        await make_user(database, f"User {number:02}")
    asked = await mounted.ask("GET", f"{way.public}/users" + ("/table" if reader is CROSS else ""), reader)
    address = asked.html.xpath("//@*[name()='hx-sse:connect']")[0].removeprefix("http://localhost")
    async with following(mounted, address, reader) as stream:
        greeting = await stream.next()
        answer = mounted.note(greeting.data)
        assert any("/connection/" in found for found in answer)
        for found in answer:
            assert (await mounted.ask("POST", found, reader)).status == 204
        mounted.note((await stream.next()).data)
        users = f"{way.public}/users"
        assert (await mounted.ask("POST", f"{users}/1", JSON, json={"role": "administrator"})).status == 200
        changed = mounted.note((await stream.next()).data)
        assert {f"{users}/1", f"{users}/1/edit"} <= changed
        await mounted.ask("DELETE", f"{users}/2", JSON)
        while "/users?" not in str(changed):  # the pager
            changed = mounted.note((await stream.next()).data)
    # Whoever comes back with nothing gets all rows.
    async with following(mounted, address.partition("?")[0] + "?embed=part" * (reader is CROSS), reader) as stream:
        assert f"{users}/3" in mounted.note((await stream.next()).data)
    address = address.partition("/stream")[0] + "/3/stream" + "?embed=part" * (reader is CROSS)
    async with following(mounted, address, reader) as stream:
        assert f"{users}/3/notice" in mounted.note((await stream.next()).data)


async def test_search_tells_the_browser_addresses_below_the_path(mounted: MountedClient, way: Way) -> None:
    one = await mounted.ask("GET", f"{way.public}/users?q=a", PART)
    assert one.headers["HX-Push-Url"] == f"{way.public}/users?q=a"
    typing = {"HX-Current-URL": f"http://localhost{way.public}/users?q=a"}
    two = await mounted.ask("GET", f"{way.public}/users?q=ad", PART, headers=typing)
    assert two.headers["HX-Replace-Url"] == f"{way.public}/users?q=ad"


BACK = [("{0}/users?q=a", "{0}/users?q=a"), ("{0}/users/new", "{0}/users/new"), ("{0}/", "{0}/"), ("{0}", "{0}/")]
OUTSIDE = (
    *("/", "/users", "{0}x/users", "//evil.example{0}/", "{0}/..", "{0}/..?x", "{0}/../users", "/.{0}/../users"),
    *("{0}/%2e%2e/users", "{0}/%2E./x", "{0}\\..\\x", "{0}/a\\..\\..\\x"),
)


async def test_the_language_switch_leads_back_and_never_out(mounted: MountedClient, way: Way) -> None:
    for before, after in BACK + [(address, "{0}/") for address in OUTSIDE]:
        referer = {"Referer": "http://localhost" + before.format(way.public)}
        got = await mounted.ask("POST", f"{way.public}/language", PAGE, form={"language": "zh-Hans"}, headers=referer)
        assert (got.status, got.headers["Location"]) == (303, after.format(way.public)), before
    page = await mounted.ask("GET", f"{way.public}/users", PAGE)
    assert page.html.get("lang") == "zh-Hans", "the cookie came back"


async def test_who_watches_asks_below_the_path_by_any_name(mounted: MountedClient, way: Way) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        got = await mounted.ask("GET", f"{way.public}{path}", {"Host": "10.0.0.1", "Accept": "*/*"})
        assert got.status == 200


async def test_what_may_be_embedded_is_the_same_below_a_path(mounted: MountedClient, way: Way) -> None:
    part = await mounted.ask("GET", f"{way.public}/users/table", CROSS)
    assert part.headers["Access-Control-Allow-Origin"] == HOST
    assert 'hx-get="http://localhost' + way.public in part.text
    plain = await mounted.ask("GET", f"{way.public}/docs", PAGE, headers={"Origin": HOST})
    assert "Access-Control-Allow-Origin" not in plain.headers


@pytest.mark.parametrize("name", WAYS)
async def test_however_it_is_said_the_app_is_where_browsers_see_it(settings: Settings, name: str) -> None:
    way = WAYS[name]
    app = create_app(settings.model_copy(update={"prefix": way.prefix}))
    async with app.test_app():
        mounted = MountedClient(app, way)
        for reader in (PAGE, PART):
            assert (await mounted.ask("GET", f"{way.public}/users", reader)).status == 200
        added = await mounted.ask("POST", f"{way.public}/users", PAGE, form=ADA)
        assert added.headers["Location"] == f"{way.public}/users"
        if way.begins:  # else the proxy decides
            home = await ask(mounted.client, "GET", way.begins, PAGE, root_path=way.root_path)
            assert (home.status, home.headers["Location"]) == (302, f"{way.public}/users")
            for path in ("users", "x/users"):
                got = await ask(mounted.client, "GET", way.begins + path, PAGE, root_path=way.root_path)
                assert got.status == 404, "what only begins alike is not ours"


NOWHERE = ["//evil.example", "/a//b", "/..", "/a/../b", "/.", "/a\\b", "admin", "https://evil"]


async def test_a_root_that_would_lead_elsewhere_is_nowhere(settings: Settings) -> None:
    async with create_app(settings).test_app() as running:
        for root in NOWHERE:
            got = await ask(running.test_client(), "GET", f"{root}/users", PAGE, root_path=root)
            assert got.status == 404, root
            assert "evil" not in got.text


@pytest.mark.parametrize("prefix", ["/users", "/static/x", "/openapi", "/docs"])
async def test_a_prefix_that_looks_like_an_address_of_ours_is_refused(settings: Settings, prefix: str) -> None:
    with pytest.raises(BadSetting, match=f"ROWCAST_PREFIX='{prefix}'"):
        create_app(settings.model_copy(update={"prefix": prefix}))


async def test_two_mounts_of_one_app_have_feeds_and_revisions_of_their_own(settings: Settings) -> None:
    made = create_app(settings)
    async with made.test_app():
        one, two = (
            MountedClient(made, Way(root_path=path, begins=path, public=path)) for path in ("/one", "/two/three")
        )
        await one.ask("POST", "/one/users", JSON, json=ADA)
        revisions = {
            (await one.ask("GET", "/one/users", JSON)).json["revision"],
            (await two.ask("GET", "/two/three/users", JSON)).json["revision"],
            (await ask(made.test_client(), "GET", "/users", JSON)).json["revision"],
        }
        assert len(revisions) == 3
        async with (
            following(one, "/one/users/stream", PART) as first,
            following(two, "/two/three/users/stream", PART) as second,
        ):
            await first.next(), await second.next()
            await two.ask("POST", "/two/three/users/1", JSON, json={"role": "administrator"})
            assert "/one/users/1/edit" in one.note((await first.next()).data)
            assert "/two/three/users/1/edit" in two.note((await second.next()).data)
