"""Forms: what is wrong stands beside its field, and nothing that was typed is lost."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.window import Desk, edit, expect_fresh, fill, names, row
from tests.running import Server

READ = 700  # milliseconds that a person takes at least to read what is new


def message(page: Page, label: str) -> Locator:
    """What is told about the field."""
    field = page.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-describedby", re.compile("."))
    return page.locator(f"#{field.get_attribute('aria-describedby')}")


def save(page: Page, name: str = "Save") -> None:
    page.locator("#form").get_by_role("button", name=name).click()


def test_each_message_stands_beside_its_field_and_what_was_typed_stays(server: Server, desk: Desk) -> None:
    server.add_users(1)
    page = desk.open()
    page.get_by_role("link", name="Add a user").click()
    fill(page, "x" * 65, "not an address")
    page.locator("#form").get_by_label("Role").select_option("Administrator")
    save(page, "Add")
    expect(page.locator("#flash")).to_contain_text("Nothing was saved")
    expect(message(page, "User name")).to_contain_text("64")
    expect(message(page, "E-mail")).to_contain_text("looks like name@example.org")
    expect(page.get_by_label("User name", exact=True)).to_have_value("x" * 65)
    expect(page.get_by_label("User name", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("not an address")
    expect(page.locator("#form").get_by_label("Role")).to_have_value("administrator")
    fill(page, "uSER 001", "USER001@example.org")
    save(page, "Add")
    expect(message(page, "User name")).to_contain_text("Another user has this name")
    expect(message(page, "E-mail")).to_contain_text("Another user has this e-mail address")
    fill(page, "", "")
    save(page, "Add")
    for label in ("User name", "E-mail"):
        expect(message(page, label)).to_contain_text("This is needed")
    fill(page, "Ada", "ada@example.org")
    save(page, "Add")
    expect(page.locator("#flash")).to_contain_text("Added Ada")
    expect(row(page, "Ada")).to_contain_text("Administrator")
    expect(page.get_by_label("User name", exact=True)).to_have_value("")
    expect_fresh(page)


def test_an_edit_of_an_older_version_shows_both_values_and_can_be_saved(server: Server, desk: Desk) -> None:
    server.add_users(3)
    one, two = desk.open(), desk.open()
    for page in (one, two):
        edit(page, "User 002")
    fill(one, "User 002", "theirs@example.org")
    save(one)
    expect(row(two, "User 002")).to_contain_text("theirs@example.org")
    fill(two, "User 002", "mine@example.org")
    save(two)
    expect(two.locator("#flash")).to_contain_text("someone else changed this row")
    expect(two.get_by_label("E-mail", exact=True)).to_have_value("mine@example.org")
    expect(message(two, "E-mail")).to_contain_text("theirs@example.org")
    assert two.get_by_label("User name", exact=True).get_attribute("aria-describedby") is None
    expect(row(two, "User 002")).to_contain_text("theirs@example.org")
    two.wait_for_timeout(READ)
    save(two)
    expect(two.locator("#flash")).to_contain_text("Saved User 002")
    expect(row(one, "User 002")).to_contain_text("mine@example.org")
    expect_fresh(one, two)


def test_what_the_other_changed_stays_where_nothing_was_typed(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    edit(page, "User 002")
    server.execute("UPDATE users SET role = 'administrator', email = 'theirs@example.org' WHERE username = 'User 002'")
    expect(row(page, "User 002")).to_contain_text("theirs@example.org")
    page.get_by_label("User name", exact=True).fill("Ada")
    expect(page.locator("#field-role")).to_have_value("member")
    save(page)
    expect(page.locator("#flash")).to_contain_text("Saved Ada")
    expect(row(page, "Ada")).to_contain_text("Administrator")
    expect(row(page, "Ada")).to_contain_text("theirs@example.org")
    expect_fresh(page)


def test_to_save_mine_after_a_conflict_takes_nothing_else_back(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    edit(page, "User 002")
    server.execute("UPDATE users SET role = 'administrator', email = 'theirs@example.org' WHERE username = 'User 002'")
    fill(page, "Ada", "mine@example.org")
    save(page)
    expect(message(page, "E-mail")).to_contain_text("theirs@example.org")
    expect(page.locator("#form [aria-describedby]")).to_have_count(1)
    page.wait_for_timeout(READ)
    save(page, "Save mine")
    expect(page.locator("#flash")).to_contain_text("Saved Ada")
    expect(row(page, "Ada")).to_contain_text("mine@example.org")
    expect(row(page, "Ada")).to_contain_text("Administrator")


def test_the_others_version_can_be_taken(server: Server, desk: Desk) -> None:
    server.add_users(1)
    page = desk.open()
    edit(page, "User 001")
    server.execute("UPDATE users SET email = 'theirs@example.org'")
    expect(row(page, "User 001")).to_contain_text("theirs@example.org")
    fill(page, "User 001", "mine@example.org")
    save(page)
    page.get_by_role("link", name="Take theirs").click()
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("theirs@example.org")


def test_a_form_stays_and_says_so_when_its_row_is_changed_by_another(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    edit(page, "User 002")
    fill(page, "Typed so far", "typed@example.org")
    page.get_by_label("E-mail", exact=True).focus()
    server.execute("UPDATE users SET role = 'administrator', email = 'new@example.org' WHERE username = 'User 002'")
    notice = page.locator("[id^=notice-user-]")
    expect(notice).to_contain_text("changed this row")
    expect(notice).to_contain_text("new@example.org")
    expect(page.get_by_label("User name", exact=True)).to_have_value("Typed so far")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("typed@example.org")
    expect(page.get_by_label("E-mail", exact=True)).to_be_focused()


def test_a_form_does_not_speak_of_changes_to_other_rows(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    edit(page, "User 002")
    server.execute("UPDATE users SET role = 'administrator' WHERE username = 'User 001'")
    expect(row(page, "User 001")).to_contain_text("Administrator")
    expect(page.locator("[id^=notice-user-]")).to_be_empty()


def test_a_form_says_so_when_its_row_is_deleted_and_what_was_typed_can_be_added(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    edit(page, "User 002")
    fill(page, "Typed so far", "typed@example.org")
    server.execute("DELETE FROM users WHERE username = 'User 002'")
    expect(page.locator("[id^=notice-user-]")).to_contain_text("deleted")
    expect(page.get_by_label("User name", exact=True)).to_have_value("Typed so far")
    save(page)
    expect(page.locator("#flash")).to_contain_text("deleted")
    expect(page.get_by_label("User name", exact=True)).to_have_value("Typed so far")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("typed@example.org")
    page.wait_for_timeout(READ)
    save(page, "Add")
    expect(row(page, "Typed so far")).to_be_visible()
    expect_fresh(page)


def test_a_deletion_that_is_not_confirmed_changes_nothing(server: Server, desk: Desk) -> None:
    server.add_users(2)
    page = desk.open()
    row(page, "User 001").get_by_role("link", name="Delete").click()
    expect(page.locator("#panel")).to_contain_text("user001@example.org")
    page.locator("#panel").get_by_role("link", name="Cancel").click()
    expect(page.locator("#form")).to_have_count(0)
    assert names(page) == ["User 001", "User 002"]


def test_a_click_in_a_row_that_is_gone_says_so(server: Server, desk: Desk) -> None:
    server.add_users(2)
    page = desk.open()
    button = row(page, "User 001").get_by_role("button", name="Member")
    # Hold the stream up, so that the row is still there to be clicked.
    page.evaluate("document.getElementById('stream').remove()")
    server.execute("DELETE FROM users WHERE username = 'User 001'")
    button.click()
    expect(page.locator("#flash")).to_contain_text("deleted")


def test_a_save_that_finds_no_server_says_so_and_keeps_what_was_typed(server: Server, desk: Desk) -> None:
    desk.expected += ("htmx: ",)
    page = desk.open()
    page.get_by_role("link", name="Add a user").click()
    fill(page, "Ada", "ada@example.org")
    page.context.set_offline(True)
    page.locator("#form").get_by_role("button", name="Add").click()
    expect(page.locator("#flash")).to_contain_text("The server cannot be reached. Nothing was saved")
    expect(page.get_by_label("User name")).to_have_value("Ada")
    page.context.set_offline(False)
    page.locator("#form").get_by_role("button", name="Add").click()
    expect(page.locator("#flash")).to_contain_text("Added Ada")
