"""The page that describes the interface: whole without script and without any other server, and within its policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.window import Desk
from tests.running import Server


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("scripted", [True, False])
def test_the_interface_is_described_where_there_is_no_other_network(server: Server, desk: Desk, scripted: bool) -> None:
    page = desk.open("/docs", live=False, java_script_enabled=scripted)
    # The desk fails the test for each request to another server, and for each word of the console on the policy.
    page.context.set_offline(True)
    operation = page.locator("#patch_users_id")
    operation.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(operation).to_contain_text("If-Match")
    operation.get_by_role("link", name="UserEdit").click()
    expect(page.locator("#UserEdit")).to_be_in_viewport()
    assert page.locator("#UserEdit + dl").inner_text().split()[:2] == ["username", "string"]
