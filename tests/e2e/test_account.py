"""Somebody opens an account, makes the place their own, leaves and comes back."""

import re
import secrets

import pytest
from django.utils import translation
from playwright.sync_api import expect

from tests.e2e.steps import button, enter, field, sign_in
from tests.e2e.watching import settle
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser


def test_an_account_from_sign_up_to_the_second_sign_in(watched, language):
    page, name = watched.page, f"new{secrets.token_hex(4)}"

    page.goto("/")
    watched.look()
    page.get_by_role("link", name=translation.gettext("Open an account")).click()
    watched.look()
    field(page, "E-mail").fill(f"{name}@example.com")
    field(page, "User name").fill(name)
    page.locator("#id_password1").fill(PASSWORD)
    expect(page.locator(".meter")).to_have_attribute("data-score", re.compile("[34]"))
    button(page, "Open an account").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    watched.look()
    page.get_by_role("link", name=translation.gettext("Settings"), exact=True).first.click()
    watched.look()
    page.get_by_text(translation.gettext("light").capitalize(), exact=True).click()
    expect(page.locator("#saved-theme")).to_contain_text(translation.gettext("Saved"))
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    watched.look()

    page.locator(".rail-foot summary").click()
    button(page, "Sign out").click()
    expect(page.get_by_role("link", name=translation.gettext("Sign in"))).to_be_visible()
    sign_in(page, name, PASSWORD)

    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_a_wrong_password_says_nothing_about_the_account(watched, newcomer, language):
    page = watched.page

    sign_in(page, newcomer.email, "not the password at all")
    known = page.get_by_role("alert").inner_text()
    watched.look()
    sign_in(page, "nobody-at-all@example.com", "not the password at all")

    assert page.get_by_role("alert").inner_text() == known
    assert page.locator("#id_login").input_value() == "nobody-at-all@example.com"


def test_the_pages_of_the_account_hold_on_a_phone(watched, newcomer, language):
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})

    enter(page, newcomer)

    for path in ("/", "/settings/", "/profile/", "/security/", "/problems/"):
        page.goto(path)
        watched.look()


def test_the_keyboard_opens_the_palette_the_keys_and_the_switcher(watched, newcomer, language):
    page = watched.page
    enter(page, newcomer)
    settle(page)

    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(translation.gettext("Profile"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/profile/$"))
    settle(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Esc")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("w")

    expect(page.locator(".switcher .menu-list")).to_be_visible()


def test_an_api_key_is_shown_once_and_can_be_revoked(watched, newcomer, language):
    page = watched.page
    enter(page, newcomer)
    page.goto("/security/")

    field(page, "Name").fill("nightly script")
    page.locator("input[name=scopes]").first.check()
    button(page, "Make the key").click()
    expect(page.locator("#key-text")).to_contain_text("tlk_")
    watched.look()
    page.goto("/security/")
    expect(page.locator("#key-text")).to_have_count(0)
    button(page, "Revoke").click()
    page.locator("#confirm [data-confirm-yes]").click()

    expect(page.get_by_text("nightly script").and_(page.locator("td"))).to_have_count(0)
    watched.look()


def test_the_operators_console_keeps_the_policy(watched, operator, language):
    page = watched.page
    enter(page, operator)

    page.goto("/admin/")
    expect(page.locator(".console-tile").first).to_be_visible()
    settle(page)

    assert page.evaluate("window.__seen.policy") == []


def test_every_part_is_clean_in_both_themes(watched, operator, language):
    page = watched.page
    enter(page, operator)
    page.goto("/dev/parts/")

    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        watched.look()
