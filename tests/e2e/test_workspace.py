"""A workspace is shared: somebody is invited, comes in, gets a role, and takes over."""

import re
import secrets

import pytest
from django.utils import translation
from playwright.sync_api import Page, expect

from accounts import identity, tenancy
from accounts.models import Workspace
from tests import factories
from tests.factories import PASSWORD, Account

pytestmark = [pytest.mark.browser, pytest.mark.unsettled]


@pytest.fixture
def colleague(e2e_environment, language, django_db_blocker) -> Account:
    with django_db_blocker.unblock():
        tag = "en" if language == "en" else "zh-CN"
        return factories.account(f"colleague{secrets.token_hex(4)}", language=tag)


def _button(page: Page, name: str):
    return page.get_by_role("button", name=translation.gettext(name), exact=True)


def _link(page: Page, name: str):
    return page.get_by_role("link", name=translation.gettext(name), exact=True)


def _field(page: Page, name: str):
    return page.get_by_label(translation.gettext(name), exact=True)


def _sign_in(page: Page, account: Account) -> None:
    page.goto("/accounts/login/")
    _field(page, "E-mail or user name").fill(account.email)
    page.locator("#id_password").fill(PASSWORD)
    with page.expect_navigation():
        _button(page, "Sign in").click()


def _tab(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.locator(".tabs").get_by_role(
            "link", name=translation.gettext(name), exact=True
        ).click()


def test_somebody_is_invited_and_becomes_the_owner(
    watched, browser, newcomer, colleague, browser_context_args
):
    page = watched.page
    _sign_in(page, newcomer)
    page.goto("/workspace/")
    watched.look()
    _button(page, "Make it a team's").click()
    _field(page, "E-mail").fill(colleague.email)
    _field(page, "Role").select_option(index=2)
    watched.look()
    _button(page, "Invite").click()
    link = page.locator("#invitation-link").inner_text().strip()
    watched.look()

    context = browser.new_context(**browser_context_args)
    guest = context.new_page()
    guest.goto(link)
    expect(guest.locator("form[action$='/acceptance/']")).to_have_count(0)
    _sign_in(guest, colleague)
    guest.goto(link)
    guest.locator("form[action$='/acceptance/'] button").click()
    expect(guest).to_have_url(re.compile("/workspace/$"))

    _tab(page, "Members")
    expect(page.get_by_text(colleague.user.username).first).to_be_visible()
    watched.look()
    page.get_by_role("link", name=colleague.user.username).first.click()
    watched.look()
    page.locator("input[name=roles]").nth(0).check()
    _button(page, "Save").click()
    _tab(page, "Roles")
    watched.look()
    _tab(page, "Leave or delete")
    watched.look()
    page.locator("select[name=heir]").select_option(index=0)
    _button(page, "Offer the workspace").click()
    expect(page.get_by_text(colleague.user.username).first).to_be_visible()

    guest.goto("/workspace/end/")
    guest.locator("form[action$='/offer/acceptance/'] button").click()
    expect(guest).to_have_url(re.compile("/workspace/$"))
    context.close()
    page.goto("/workspace/end/")
    expect(_button(page, "Leave")).to_be_visible()
    watched.look()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_a_workspace_hold_on_a_phone(watched, newcomer, language, theme):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 800})
    _sign_in(page, newcomer)

    for tab in ("", "members/", "roles/", "roles/new/", "invitations/", "keys/", "audit/", "end/"):
        page.goto(f"/workspace/{tab}")
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        watched.look()


def test_a_workspace_is_deleted_and_restored(
    watched, newcomer, language, django_db_blocker, e2e_environment
):
    page = watched.page
    _sign_in(page, newcomer)
    page.goto("/workspaces/new/")
    _field(page, "Name").fill("Ink and water")
    watched.look()
    _button(page, "Open it").click()
    page.goto("/workspace/end/")
    page.locator("form[action$='/deletion/'] input[type=text]").fill("Ink and water")
    _button(page, "Delete the workspace").click()
    watched.look()
    _button(page, "Restore the workspace").click()

    expect(page).to_have_url(re.compile("/workspace/$"))
    with django_db_blocker.unblock():
        user = identity.find(newcomer.email)
        with tenancy.user(user.pk):
            assert Workspace.objects.get(name="Ink and water").status == "active"
