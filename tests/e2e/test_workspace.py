"""A workspace is shared: somebody is invited, comes in, gets a role, and takes over."""

import re
import secrets

import pytest
from django.utils import translation
from playwright.sync_api import Page, expect

from accounts import identity, tenancy
from accounts.models import Workspace
from tests import factories
from tests.e2e.steps import button, enter, field, go, press
from tests.factories import Account

pytestmark = pytest.mark.browser


@pytest.fixture
def colleague(e2e_environment, language, django_db_blocker) -> Account:
    with django_db_blocker.unblock():
        tag = "en" if language == "en" else "zh-CN"
        return factories.account(f"colleague{secrets.token_hex(4)}", language=tag)


def _tab(page: Page, name: str) -> None:
    tabs = page.locator(".tabs")
    go(page, tabs.get_by_role("link", name=translation.gettext(name), exact=True))


def test_somebody_is_invited_and_becomes_the_owner(
    watched, browser, newcomer, colleague, browser_context_args
):
    page = watched.page
    enter(page, newcomer)
    page.goto("/workspace/")
    watched.look()
    press(page, "Make it a team's")
    field(page, "E-mail").fill(colleague.email)
    field(page, "Role").select_option(index=2)
    watched.look()
    press(page, "Invite")
    link = page.locator("#invitation-link").inner_text().strip()
    watched.look()

    context = browser.new_context(**browser_context_args)
    guest = context.new_page()
    guest.goto(link)
    expect(guest.locator("form[action$='/acceptance/']")).to_have_count(0)
    enter(guest, colleague)
    guest.goto(link)
    go(guest, guest.locator("form[action$='/acceptance/'] button"))
    expect(guest).to_have_url(re.compile("/workspace/$"))

    _tab(page, "Members")
    expect(page.get_by_text(colleague.user.username).first).to_be_visible()
    watched.look()
    go(page, page.get_by_role("link", name=colleague.user.username).first)
    watched.look()
    page.locator("input[name=roles]").nth(0).check()
    press(page, "Save")
    _tab(page, "Roles")
    watched.look()
    _tab(page, "Leave or delete")
    watched.look()
    page.locator("select[name=heir]").select_option(index=0)
    press(page, "Offer the workspace")
    expect(page.get_by_text(colleague.user.username).first).to_be_visible()

    guest.goto("/workspace/end/")
    go(guest, guest.locator("form[action$='/offer/acceptance/'] button"))
    expect(guest).to_have_url(re.compile("/workspace/$"))
    context.close()
    page.goto("/workspace/end/")
    expect(button(page, "Leave")).to_be_visible()
    watched.look()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_a_workspace_hold_on_a_phone(watched, newcomer, language, theme):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 800})
    enter(page, newcomer)

    for tab in (
        "",
        "members/",
        "roles/",
        "roles/new/",
        "invitations/",
        "keys/",
        "audit/",
        "limits/",
        "end/",
    ):
        page.goto(f"/workspace/{tab}")
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        watched.look()


def test_a_workspace_is_deleted_and_restored(
    watched, newcomer, language, django_db_blocker, e2e_environment
):
    page = watched.page
    enter(page, newcomer)
    page.goto("/workspaces/new/")
    field(page, "Name").fill("Ink and water")
    watched.look()
    press(page, "Open it")
    page.goto("/workspace/end/")
    page.locator("form[action$='/deletion/'] input[type=text]").fill("Ink and water")
    press(page, "Delete the workspace")
    watched.look()
    press(page, "Restore the workspace")

    expect(page).to_have_url(re.compile("/workspace/$"))
    with django_db_blocker.unblock():
        user = identity.find(newcomer.email)
        with tenancy.user(user.pk):
            assert Workspace.objects.get(name="Ink and water").status == "active"
