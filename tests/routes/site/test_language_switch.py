"""Languages: the switch and its cookie, and what each reader gets in which language."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import Settings
from rowcast.routes.answers.content_negotiation import LANGUAGE_COOKIE
from tests.routes.asking import ADA, JSON, PAGE, PART, Got, ask
from tests.routes.following import following

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
OURS = "http://localhost"
BACK = [
    # Referer, where the switch leads
    (f"{OURS}/users?q=a%26b&sort=-email", "/users?q=a%26b&sort=-email"),
    (f"{OURS}/users/3/edit", "/users/3/edit"),
    (f"{OURS}/", "/"),
    (OURS, "/"),
    ("", "/"),
    ("https://evil.example/users", "/"),
    ("//evil.example", "/"),
    ("http://[", "/"),
    (f"{OURS}.evil.example/users", "/"),
    (f"{OURS}@evil.example/users", "/"),
    (f"{OURS}//evil.example/users", "/evil.example/users"),
    (f"{OURS}/\\evil.example", "/evil.example"),
    (f"{OURS}/\\/evil.example", "/evil.example"),
]


def language(got: Got) -> str:
    return str(got.html.get("lang"))


async def choose(client: Client, language: str, **headers: str) -> Got:
    return await ask(client, "POST", "/language", PAGE, form={"language": language}, headers=headers)


async def test_a_page_is_in_the_language_that_the_browser_asks_for(client: Client) -> None:
    for headers, expected in ((CHINESE, "zh-Hans"), ({"Accept-Language": "en;q=0, zh"}, "zh-Hans"), ({}, "en")):
        got = await ask(client, "GET", "/users", PAGE, headers=headers)
        assert language(got) == expected
        assert {"Accept-Language", "Cookie"} <= set(got.headers["Vary"].split(", "))


async def test_of_many_languages_only_the_first_are_looked_up_for_each_takes_its_time(client: Client) -> None:
    junk = [f"a{letter}-x{letter}" for letter in "abcdefghijkl"]
    for known, language in ((junk[:9], "zh-Hans"), (junk, "en")):
        got = await ask(client, "GET", "/users", PAGE, headers={"Accept-Language": ",".join([*known, "zh-CN"])})
        assert got.html.get("lang") == language


async def test_the_switch_decides_over_the_browser_for_all_readers_and_on_errors(client: Client) -> None:
    await choose(client, "zh-Hans")
    for path in ("/users", "/users/new", "/nothing"):
        assert language(await ask(client, "GET", path, PAGE, headers={"Accept-Language": "en"})) == "zh-Hans"
    for reader in (PAGE, PART):
        assert "页面不存在。" in (await ask(client, "GET", "/users/99", reader)).text
    assert (await ask(client, "GET", "/users/99", JSON)).json["title"] == "页面不存在。"
    await choose(client, "en")
    assert language(await ask(client, "GET", "/users", PAGE, headers=CHINESE)) == "en"


@pytest.mark.parametrize("junk", ["", "xx", "zh_Hans", "../../etc", "zh-Hans\x00", "x" * 3000])
async def test_junk_in_the_cookie_is_no_choice(client: Client, junk: str) -> None:
    client.set_cookie("localhost", LANGUAGE_COOKIE, junk)
    assert language(await ask(client, "GET", "/users", PAGE, headers=CHINESE)) == "zh-Hans"


@pytest.mark.parametrize("junk", ["", "xx", "../../etc", "zh"])
async def test_a_language_that_there_is_not_cannot_be_chosen(client: Client, junk: str) -> None:
    got = await choose(client, junk)
    assert got.status == 400
    assert "Set-Cookie" not in got.headers


@pytest.mark.parametrize("is_secure", [True, False])
async def test_the_cookie_is_kept_for_a_year_and_away_from_others(settings: Settings, is_secure: bool) -> None:
    app: Quart = create_app(settings.model_copy(update={"secure_cookies": is_secure}))
    async with app.test_app() as running:
        cookie = (await choose(running.test_client(), "zh-Hans")).headers["Set-Cookie"]
    found = {part.strip() for part in cookie.split(";")}
    assert {f"{LANGUAGE_COOKIE}=zh-Hans", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} <= found
    assert ("Secure" in found) is is_secure


@pytest.mark.parametrize(("referer", "path"), BACK)
async def test_the_switch_leads_back_to_its_page_and_nowhere_else(client: Client, referer: str, path: str) -> None:
    got = await choose(client, "en", Referer=referer)
    assert got.status == 303
    assert got.headers["Location"] == path
    assert urlsplit(got.headers["Location"]).netloc == ""


async def test_a_page_of_another_origin_cannot_choose(client: Client) -> None:
    assert (await choose(client, "zh-Hans", Origin="https://evil.example")).status == 403


@pytest.mark.parametrize("path", ["/users", "/users/new", "/nothing"])
async def test_every_page_offers_the_other_language_in_its_own_words(client: Client, path: str) -> None:
    for headers, name, tag in (({}, "简体中文", "zh-Hans"), (CHINESE, "English", "en")):
        got = await ask(client, "GET", path, PAGE, headers=headers)
        [button] = got.html.xpath("//form[@action='/language'][@method='post']//button")
        assert (button.text, button.get("lang"), button.get("value")) == (name, tag, tag)


async def test_a_stream_speaks_its_readers_language(client: Client) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    async with following(client) as english, following(client, **CHINESE) as chinese:
        greeted = (await english.next()).data, (await chinese.next()).data
        await ask(client, "POST", "/users/1", JSON, json={"role": "administrator"})
        frames = (await english.next()).data, (await chinese.next()).data
    assert ("connecting" in greeted[0], "连接中" in greeted[1]) == (True, True)
    assert ("Administrator" in frames[0], "管理员" in frames[1]) == (True, True)
    for one, other in (greeted, frames):
        assert not re.search("[一-鿿]", one)
        assert not re.search("connecting|Administrator|Edit|Delete", other)


async def test_a_revision_of_another_language_is_another_revision(client: Client) -> None:
    revisions = [
        (await ask(client, "GET", "/users", JSON, headers=headers)).json["revision"] for headers in ({}, CHINESE)
    ]
    assert revisions[0] != revisions[1]


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("/users", {"data": b"{", "headers": {"Content-Type": "application/json"}}, "无法理解该请求。"),
    ("/users", {"json": []}, "请求正文必须是 JSON 对象。"),
    ("/users", {"headers": {"Host": "evil.example"}}, "服务器不接受该主机名（参见 ROWCAST_HOSTS）。"),
    (
        "/users",
        {"headers": {"Origin": "https://evil.example"}},
        "此修改请求来自其他网站的页面（参见 ROWCAST_EMBED_ORIGINS）。",
    ),
]


@pytest.mark.parametrize(("path", "sent", "told"), BROKEN, ids=range(len(BROKEN)))
async def test_what_is_told_of_a_refusal_is_in_the_readers_language(
    client: Client, path: str, sent: dict[str, Any], told: str
) -> None:
    for reader in (PAGE, PART, JSON):
        got = await ask(client, "POST", path, reader, **{**sent, "headers": CHINESE | sent.get("headers", {})})
        text = " ".join(map(str, got.json.values())) if reader is JSON else got.html.text_content()
        assert told in text
