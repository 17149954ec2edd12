"""What somebody typed survives: a lost network, a killed tab, a sign-in that ended, somebody who was faster."""

import json
from contextlib import contextmanager

import pytest
from django.utils import translation
from playwright.sync_api import Page, expect

from accounts import preferences, tenancy
from accounts.models import ApiKey, Profile, Session, UserSettings
from laojun.models import AuditLog
from tests.e2e.steps import button, enter
from tests.e2e.watching import settle
from tests.factories import PASSWORD, Account

pytestmark = pytest.mark.browser
SOON_MS = 5_000
QUEUE_MS = 30_000
EDITS = 100
# What shows no words of its own is walked in one language.
once = pytest.mark.parametrize("language", ["en"], indirect=True)


@pytest.fixture
def database(django_db_blocker):
    """`with database():` looks at what the server stored."""

    @contextmanager
    def looking():
        with django_db_blocker.unblock(), tenancy.platform_scope(reason="test"):
            yield

    return looking


@pytest.fixture
def signed_in(page, newcomer) -> Page:
    enter(page, newcomer)
    return page


def _open(page: Page, path: str) -> None:
    page.goto(path)
    settle(page)


def _set(page: Page, name: str, value: object) -> None:
    page.evaluate(
        """([name, value]) => {
            const field = document.getElementById("settings").elements[name];
            if (field.type === "checkbox") field.checked = value; else field.value = value;
            (field instanceof RadioNodeList ? field[0] : field).dispatchEvent(new Event("change", {bubbles: true}));
        }""",
        [name, value],
    )


def _queued(page: Page) -> list[dict]:
    return page.evaluate(
        """() => new Promise((resolve) => {
            const open = indexedDB.open(`sync-${document.body.dataset.user}`);
            open.onsuccess = () => {
                const all = open.result.transaction("operations").objectStore("operations").getAll();
                all.onsuccess = () => { open.result.close(); resolve(all.result); };
            };
        })"""
    )


def _forget_session(database, account: Account) -> None:
    with database():
        Session.objects.filter(user=account.user).delete()


@once
def test_a_hundred_edits_without_a_network_survive_a_killed_tab(
    signed_in, newcomer, database, context
):
    page = signed_in
    _open(page, "/settings/")
    wanted = [
        {name: value}
        for number in range(EDITS // 4)
        for name, value in (
            ("editor_font_size", 10 + number),
            ("editor_paragraph_spacing", number),
            ("auto_save_interval", 5 + number),
            ("show_outline", number % 2 == 1),
        )
    ]

    context.set_offline(True)
    for edit in wanted:
        _set(page, *next(iter(edit.items())))
    expect(page.locator("#saved-editor_font_size .saved-waiting")).to_be_visible()
    expect(page.locator(".sync-chip")).to_contain_text(str(EDITS))
    assert len(_queued(page)) == EDITS
    page.close()
    context.set_offline(False)
    again = context.new_page()
    _open(again, "/settings/")
    expect(again.locator(".sync-chip")).to_be_hidden(timeout=QUEUE_MS)

    with database():
        rows = AuditLog.objects.filter(
            action="user.settings_changed", resource_id=str(newcomer.user.id)
        ).order_by("id")
        assert [row.payload["after"] for row in rows] == wanted
    expect(again.locator("#id_editor_font_size")).to_have_value(str(10 + EDITS // 4 - 1))


@once
def test_a_reply_that_never_came_is_not_a_second_change(signed_in, newcomer, database):
    page = signed_in
    _open(page, "/settings/")
    lost = []

    def lose(route):
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort("connectionreset")

    page.route("**/api/v1/me/settings/", lose)
    _set(page, "editor_font_size", 22)
    expect(page.locator("#saved-editor_font_size .saved:not(.saved-waiting)")).to_be_visible(
        timeout=QUEUE_MS
    )

    assert lost == [200]
    with database():
        changed = AuditLog.objects.filter(
            action="user.settings_changed", resource_id=str(newcomer.user.id)
        )
        assert [row.payload["after"] for row in changed] == [{"editor_font_size": 22}]


def test_a_refused_edit_stays_and_is_explained(watched, newcomer):
    page = watched.page
    enter(page, newcomer)
    watched.probing = True
    _open(page, "/settings/")
    page.evaluate(
        """async () => {
            const { client } = await import("parts/sync");
            const wish = {resource: "settings", method: "PATCH", path: "/api/v1/me/settings/",
                          body: {theme: "pink"}, label: "Theme"};
            await (await client).push(wish);
        }"""
    )

    chip = page.locator(".sync-chip")
    expect(chip).to_have_class("button button-small sync-chip sync-chip-stuck")
    page.reload()
    chip.click()
    entry = page.locator("#sync-list li")
    expect(entry).to_contain_text("pink")
    watched.look()
    entry.get_by_role("button", name=translation.gettext("Drop mine")).click()

    expect(entry).to_have_count(0)
    expect(chip).to_be_hidden()


def test_somebody_faster_is_shown_and_the_person_decides(
    watched, newcomer, database, django_db_blocker, context
):
    page = watched.page
    enter(page, newcomer)
    watched.probing = True
    _open(page, "/profile/")
    context.set_offline(True)
    page.locator("#id_bio").fill("written on the train")
    button(page, "Save").click()
    expect(page.locator(".sync-chip")).to_be_visible()
    with django_db_blocker.unblock():
        profile = Profile.objects.get(user=newcomer.user)
        preferences.change_profile(profile=profile, fields={"bio": "written at home"})

    context.set_offline(False)
    expect(page.locator(".sync-chip-stuck")).to_be_visible(timeout=QUEUE_MS)
    page.locator(".sync-chip").click()
    entry = page.locator("#sync-list li")
    expect(entry.locator("[data-mine]")).to_contain_text("written on the train")
    expect(entry.locator("[data-theirs]")).to_contain_text("written at home")
    watched.look()
    with database():
        assert Profile.objects.get(user=newcomer.user).bio == "written at home"
    entry.get_by_role("button", name=translation.gettext("Send mine")).click()
    expect(page.locator(".sync-chip")).to_be_hidden(timeout=QUEUE_MS)

    with database():
        assert Profile.objects.get(user=newcomer.user).bio == "written on the train"


@once
def test_settings_apply_to_other_open_pages_within_five_seconds(
    signed_in, newcomer, browser, browser_context_args
):
    other = browser.new_context(**browser_context_args)
    elsewhere = other.new_page()
    enter(elsewhere, newcomer)
    _open(elsewhere, "/profile/")
    expect(elsewhere.locator("html")).to_have_attribute("data-theme", "dark")
    page = signed_in
    _open(page, "/settings/")

    page.get_by_text(translation.gettext("light").capitalize(), exact=True).click()
    expect(page.locator("#saved-theme .saved:not(.saved-waiting)")).to_be_visible()

    expect(elsewhere.locator("html")).to_have_attribute("data-theme", "light", timeout=SOON_MS)
    other.close()


def test_a_plain_form_outlives_its_sign_in(watched, newcomer, database):
    page = watched.page
    enter(page, newcomer)
    watched.probing = True
    _open(page, "/security/")
    page.get_by_label(translation.gettext("Name"), exact=True).fill("nightly script")
    page.locator("input[name=scopes]").first.check()
    _forget_session(database, newcomer)

    button(page, "Make the key").click()
    dialog = page.locator("#signin")
    expect(dialog).to_be_visible()
    watched.look()
    watched.probing = True
    dialog.locator("[type=password]").fill("not the password")
    dialog.get_by_role("button", name=translation.gettext("Sign in"), exact=True).click()
    expect(dialog.locator("[data-error]")).to_be_visible()
    dialog.locator("[type=password]").fill(PASSWORD)
    dialog.get_by_role("button", name=translation.gettext("Sign in"), exact=True).click()

    expect(page.locator("#key-text")).to_contain_text("tlk_")
    with database():
        assert ApiKey.objects.filter(user=newcomer.user).count() == 1


def test_a_part_that_loads_itself_goes_on_after_the_dialog(watched, newcomer, database):
    page = watched.page
    enter(page, newcomer)
    watched.probing = True
    _forget_session(database, newcomer)
    page.evaluate(
        """() => {
            const part = document.createElement("div");
            part.id = "late";
            part.setAttribute("hx-get", "/home/steps/");
            part.setAttribute("hx-trigger", "load");
            document.getElementById("main").append(part);
            htmx.process(part);
        }"""
    )

    dialog = page.locator("#signin")
    expect(dialog).to_be_visible()
    dialog.locator("[type=password]").fill(PASSWORD)
    dialog.get_by_role("button", name=translation.gettext("Sign in"), exact=True).click()

    expect(dialog).to_be_hidden()
    expect(page.locator("#late")).not_to_be_empty()


@once
def test_edits_wait_for_the_sign_in_and_go_on(signed_in, newcomer, database):
    page = signed_in
    _open(page, "/settings/")
    _forget_session(database, newcomer)

    _set(page, "editor_font_size", 33)
    dialog = page.locator("#signin")
    expect(dialog).to_be_visible()
    assert [one["body"]["editor_font_size"] for one in _queued(page)] == [33]
    dialog.locator("[type=password]").fill(PASSWORD)
    dialog.get_by_role("button", name=translation.gettext("Sign in"), exact=True).click()

    expect(page.locator(".sync-chip")).to_be_hidden(timeout=QUEUE_MS)
    with database():
        assert UserSettings.objects.get(user=newcomer.user).editor_font_size == 33


@once
def test_signing_out_asks_about_what_was_not_sent(signed_in, newcomer):
    page = signed_in
    _open(page, "/settings/")
    page.route("**/api/v1/me/settings/", lambda route: route.abort())
    _set(page, "editor_font_size", 33)
    expect(page.locator(".sync-chip")).to_be_visible()

    page.locator(".rail-foot summary").click()
    button(page, "Sign out").click()
    expect(page.locator("#confirm")).to_contain_text("1")
    page.locator("#confirm [data-confirm-yes]").click()
    expect(page.get_by_role("link", name=translation.gettext("Sign in"))).to_be_visible()

    names = page.evaluate("async () => (await indexedDB.databases()).map((one) => one.name)")
    assert json.dumps(names).count("sync-") == 0


@once
def test_typing_is_guarded_until_it_was_sent(signed_in):
    page = signed_in
    _open(page, "/profile/")
    page.locator("#id_bio").fill("half a sentence")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.evaluate("() => { location.href = '/settings/' }")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.locator("#id_bio").input_value() == "half a sentence"
