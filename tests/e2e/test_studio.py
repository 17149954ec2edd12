"""Nothing typed is lost: a pause of the server, a second tab, a killed browser, an input method, no JavaScript."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts import tenancy
from accounts.authentication import Principal
from accounts.models import Workspace
from studio import ordering, works
from studio.models import Chapter, ChapterSave, ChapterVersion
from tests.e2e import serving
from tests.e2e.steps import button, enter, go
from tests.e2e.watching import settle

pytestmark = pytest.mark.browser
SAVED_MS = 15_000
LONGEST_S = 10
once = pytest.mark.parametrize("language", ["en"], indirect=True)


@pytest.fixture
def workspace(django_db_blocker, newcomer) -> Workspace:
    with django_db_blocker.unblock(), tenancy.platform_scope(reason="test"):
        return Workspace.objects.get(owner=newcomer.user)


@pytest.fixture
def inside(django_db_blocker, newcomer, workspace):
    """`with inside():` is the newcomer's workspace, for rows to be made and looked at."""

    @contextmanager
    def entered():
        with (
            django_db_blocker.unblock(),
            tenancy.workspace(workspace.pk, user_id=newcomer.user.pk),
        ):
            yield

    return entered


@pytest.fixture
def chapter(inside, newcomer, workspace) -> Chapter:
    with inside():
        principal = Principal("session", newcomer.user, workspace_id=workspace.pk, is_owner=True)
        work = works.create(principal=principal, title="夜航船")
        return ordering.add_chapter(
            work=work, principal=principal, title="夜", text="第一段。\n第二段。"
        )


def place(chapter: Chapter) -> str:
    return f"/studio/works/{chapter.work_id}/chapters/{chapter.pk}/"


def opened(page: Page, chapter: Chapter):
    page.goto(place(chapter))
    text = page.locator(".cm-content")
    expect(text).to_be_visible()
    return text


def state(page: Page, name: str, timeout: int = SAVED_MS) -> None:
    expect(page.locator("[data-chip]")).to_have_attribute("data-now", name, timeout=timeout)


def at_end(page: Page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def stored(inside, chapter: Chapter) -> str:
    with inside():
        return Chapter.objects.values_list("content", flat=True).get(pk=chapter.pk)


def test_what_is_typed_is_saved_by_itself_and_every_page_is_clean(
    watched, newcomer, inside, chapter, language
):
    page = watched.page
    enter(page, newcomer)
    page.goto("/studio/")
    watched.look()
    go(page, page.locator(".work-card"))
    watched.look()
    go(page, page.locator(".outline-link"))
    expect(page.locator(".cm-content")).to_be_visible()

    at_end(page, "\n“好。”他说。")
    state(page, "saved")
    page.keyboard.press("Control+s")
    state(page, "saved")
    expect(page.locator(".write-bar [data-words]")).to_have_text("15")
    watched.look()

    assert stored(inside, chapter) == "第一段。\n第二段。\n“好。”他说。"
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("他说")
    for name in ("versions", "comparison"):
        page.goto(f"{place(chapter)}{name}/")
        watched.look()
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/studio/", place(chapter), "/studio/goals/", "/studio/bin/", "/studio/new/"):
        page.goto(path)
        watched.look()


@once
def test_typing_without_a_pause_is_saved_within_ten_seconds(page, newcomer, inside, chapter):
    enter(page, newcomer)
    opened(page, chapter).click()
    began = time.monotonic()
    while time.monotonic() - began < LONGEST_S + 2:
        page.keyboard.type("ab", delay=150)

    with inside():
        assert ChapterSave.objects.filter(chapter=chapter, kind="autosave").exists()


@once
def test_a_server_that_is_away_for_a_while_loses_nothing(page, context, newcomer, inside, chapter):
    enter(page, newcomer)
    opened(page, chapter)
    settle(page)

    context.set_offline(True)
    at_end(page, "离线写的。")
    state(page, "offline")
    context.set_offline(False)
    state(page, "saved", timeout=40_000)

    assert stored(inside, chapter).endswith("第二段。离线写的。")
    with inside():
        assert ChapterSave.objects.filter(chapter=chapter).count() == 2


@once
def test_a_second_tab_takes_over_and_both_texts_are_merged(
    page, context, newcomer, inside, chapter
):
    enter(page, newcomer)
    opened(page, chapter)
    second = context.new_page()
    opened(second, chapter)
    expect(second.locator("[data-banner=held]")).to_be_visible()
    expect(second.locator(".cm-content")).to_have_attribute("contenteditable", "false")

    with second.expect_navigation():
        button(second, "Write here instead").click()
    expect(second.locator(".cm-content")).to_have_attribute("contenteditable", "true")
    at_end(second, "她加的。")
    state(second, "saved")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("我加的。")
    banner = page.locator("[data-banner=lost]")
    expect(banner).to_be_visible(timeout=SAVED_MS)
    go(page, banner.get_by_role("link"))
    button(page, "Save the merged text").click()

    page.wait_for_url(f"**{place(chapter)}")
    assert stored(inside, chapter) == "我加的。第一段。\n第二段。她加的。"
    with inside():
        assert ChapterVersion.objects.filter(chapter=chapter, change_type="conflict").count() == 1


@once
def test_a_killed_browser_offers_what_it_kept(
    playwright, newcomer, inside, chapter, tmp_path, address
):
    options = {**serving.LAUNCH, "base_url": address, "locale": "en-US"}
    first = playwright.chromium.launch_persistent_context(str(tmp_path / "profile"), **options)
    page = first.new_page()
    enter(page, newcomer)
    opened(page, chapter)
    settle(page)
    page.route("**/api/v1/chapters/**", lambda route: route.abort())
    at_end(page, "从未保存。")
    time.sleep(1)
    _kill(tmp_path / "profile")

    again = playwright.chromium.launch_persistent_context(str(tmp_path / "profile"), **options)
    page = again.new_page()
    # Cookies are written every half minute only; what was typed is kept for the person all the same.
    enter(page, newcomer)
    opened(page, chapter)
    button(page, "Use what I typed").click()
    state(page, "saved")
    again.close()

    assert stored(inside, chapter).endswith("第二段。从未保存。")


@once
def test_an_input_method_is_left_alone_until_it_is_done(page, context, newcomer, inside, chapter):
    enter(page, newcomer)
    opened(page, chapter)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    devtools = context.new_cdp_session(page)
    sent = []
    page.on("request", lambda one: sent.append(one) if one.method == "PATCH" else None)

    for part in ("n", "ni", "ni h", "ni ha", "ni hao"):
        devtools.send(
            "Input.imeSetComposition",
            {"text": part, "selectionStart": len(part), "selectionEnd": len(part)},
        )
        page.wait_for_timeout(700)
    assert sent == []
    devtools.send("Input.insertText", {"text": "你好"})
    page.keyboard.type("！")
    state(page, "saved")

    assert stored(inside, chapter) == "第一段。\n第二段。你好！"


@once
def test_without_javascript_a_chapter_is_saved_and_a_conflict_shown(
    browser, newcomer, inside, chapter, address
):
    plain = browser.new_context(base_url=address, java_script_enabled=False, locale="en-US")
    page, other = plain.new_page(), plain.new_page()
    enter(page, newcomer)
    for one in (page, other):
        one.goto(place(chapter))
    page.locator("textarea").fill("第一段，改了。\n第二段。")
    go(page, button(page, "Save"))
    other.locator("textarea").fill("第一段，也改了。\n第二段。")
    go(other, button(other, "Save"))

    expect(other.get_by_role("heading", level=1)).to_have_text("Put two texts together")
    other.locator("input[value=theirs]").check()
    go(other, button(other, "Save the merged text"))
    assert stored(inside, chapter) == "第一段，改了。\n第二段。"
    plain.close()


def _kill(profile: Path) -> None:
    """End the browser of a profile as a power cut would."""
    found = subprocess.run(
        ["pgrep", "-f", f"user-data-dir={profile}"], capture_output=True, text=True, check=False
    )
    for number in found.stdout.split():
        os.kill(int(number), signal.SIGKILL)
