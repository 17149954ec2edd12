"""Somebody waits for work, is told of it in every tab and by mail, and goes where it leads."""

import re
import secrets

import pytest
from django.utils import translation
from playwright.sync_api import Page, expect

from accounts import news, tenancy
from accounts.models import Workspace
from taishang import runner
from taishang.claiming import Claimant
from tests.e2e.steps import button, enter, go, press

pytestmark = pytest.mark.browser


def _count(page: Page):
    return page.locator("[data-bell-count]")


def _tell(account, blocker, what: str, letter: str = "task_succeeded") -> None:
    """What the engine does when work of somebody's ends."""
    with blocker.unblock(), tenancy.user(account.user.pk):
        workspace = Workspace.objects.get(owner=account.user)
        with tenancy.workspace(workspace.pk, user_id=account.user.pk):
            news.tell(
                letter,
                user=account.user,
                link=("workspace", ""),
                workspace_id=workspace.pk,
                what=what,
                reason="",
            )


def test_the_badge_rises_in_both_tabs_and_a_letter_is_written(
    watched, newcomer, django_db_blocker, mailoutbox
):
    page = watched.page
    enter(page, newcomer)
    expect(_count(page)).to_be_hidden()
    other = page.context.new_page()
    other.goto("/files/")

    _tell(newcomer, django_db_blocker, "Poem")

    for tab in (page, other):
        expect(_count(tab)).to_have_text("1", timeout=4000)
    with django_db_blocker.unblock():
        runner.drain(Claimant("test:post", ["email"]))
    assert [one for one in mailoutbox if "Poem" in one.subject]

    other.close()
    page.locator(".bell > summary").click()
    notice = page.get_by_role("button", name=re.compile("Poem"))
    expect(notice).to_be_visible()
    watched.look()
    go(page, notice)
    expect(page).to_have_url(re.compile("/workspace/$"))
    expect(_count(page)).to_be_hidden()


def test_the_page_of_notices_filters_marks_and_deletes(watched, newcomer, django_db_blocker):
    page = watched.page
    enter(page, newcomer)
    page.goto("/notifications/")
    watched.look()
    for number in range(3):
        _tell(newcomer, django_db_blocker, f"Poem {number}", "task_failed")
    page.reload()
    expect(page.locator(".news-unread")).to_have_count(3)
    watched.look()
    page.set_viewport_size({"width": 390, "height": 800})
    watched.look()
    page.set_viewport_size({"width": 1440, "height": 900})

    press(page, "Mark all as read")
    expect(page.locator(".news-unread")).to_have_count(0)
    delete = translation.gettext("Delete “%(name)s”").partition("%")[0]
    go(page, page.get_by_role("button", name=re.compile(re.escape(delete))).first)
    expect(page.locator(".news-row")).to_have_count(2)
    expect(button(page, "Mark all as read")).to_have_count(0)


def test_history_opens_beside_the_settings(watched, newcomer):
    page = watched.page
    enter(page, newcomer)
    page.goto("/workspace/settings/")
    watched.look()

    page.locator("[aria-controls=history]").first.click()

    expect(page.locator("#history-body h3")).to_be_visible()
    watched.look()
    page.goto("/workspace/logs/")
    watched.look()


def test_an_operator_tells_everybody_after_a_preview(watched, operator, language):
    page = watched.page
    enter(page, operator)
    words = secrets.token_hex(4)
    page.goto("/admin/laojun/notification/")
    for name in ("title_zh", "text_zh", "title_en", "text_en"):
        page.locator(f"[name={name}]").fill(f"{words} {name}")
    page.locator("[name=audience]").select_option("operators")

    press(page, "Preview")
    expect(page.get_by_text(f"{words} title_en")).to_be_visible()
    press(page, "Send it now")

    expect(page.locator("[name=title_en]")).to_have_value("")
