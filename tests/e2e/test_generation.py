"""A newcomer turns the sample into a back end, takes it over, takes it back; an operator sees the same job."""

import io
import os
import re
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Iterator

import pytest
from django.utils import translation
from playwright.sync_api import Page, expect

from tests.e2e.steps import button, enter, link
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser
JOB_MS = 120_000


@pytest.fixture(scope="session")
def worker(address, e2e_environment) -> Iterator[None]:
    """A real worker on the journeys' database."""
    command = [sys.executable, "-m", "tests.e2e.working", "--slots", "1"]
    command += ["--queues", "generation,default"]
    process = subprocess.Popen(command, env={**os.environ, **e2e_environment})
    yield
    process.terminate()
    process.wait(timeout=20)


def _tab(page: Page, name: str):
    return page.get_by_role("tab", name=re.compile(rf"^{translation.gettext(name)}"))


def _sign_up(page: Page) -> str:
    name = f"maker{secrets.token_hex(4)}"
    page.goto("/accounts/signup/")
    page.locator("#id_email").fill(f"{name}@example.com")
    page.locator("#id_username").fill(name)
    page.locator("#id_password1").fill(PASSWORD)
    button(page, "Open an account").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    return name


def _generate(page: Page) -> str:
    """Run the sample and wait for its review; returns the job's address."""
    page.goto("/generation/")
    button(page, "Try the sample").click()
    page.wait_for_url(re.compile(r"/generation/[0-9a-f-]{36}/$"))
    expect(page.locator("#review")).to_be_visible(timeout=JOB_MS)
    return page.url


def test_from_sign_up_to_a_downloaded_back_end_and_back(watched, language, worker):
    page = watched.page
    _sign_up(page)

    page.goto("/generation/")
    watched.look()
    _generate(page)
    watched.look()

    _tab(page, "Endpoints").click()
    page.locator(".picks a", has_text="/api/books").first.click()
    detail = page.locator("#endpoint-detail")
    expect(detail.get_by_role("heading", level=2)).to_contain_text("/api/books")
    detail.locator(".evidence").first.click()
    expect(page.locator("#source .source-line[data-target]")).to_contain_text("books")
    watched.look()
    _tab(page, "Files").click()
    page.locator("#file-list a", has_text="actions.py").click()
    expect(page.locator("#file-detail .diff-line-added").first).to_be_visible()
    _tab(page, "Checks").click()
    expect(page.locator(".check-row")).to_have_count(10)

    link(page, "Apply all").click()
    watched.look()
    button(page, "Apply").click()
    page.wait_for_url(re.compile(r"/projects/reading-club/"))
    watched.look()

    with page.expect_download() as waiting:
        link(page, "Download ZIP").click()
    with zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes())) as packed:
        names = packed.namelist()
    assert {"manage.py", "api/actions.py", "README.md", "FRONTEND.md"} <= set(names)

    link(page, "Undo").first.click()
    watched.look()
    button(page, "Undo this version").click()
    expect(page.locator(".timeline-item").first).to_contain_text("3")
    watched.look()


def test_a_part_brings_along_what_it_needs(watched, newcomer, worker):
    page = watched.page
    enter(page, newcomer)
    address = _generate(page)

    page.goto(f"{address}?tab=endpoints")
    page.locator(".pick", has_text="/api/meetings").first.locator("input").check()
    button(page, "Apply selection").click()
    expect(page.locator(".badge-info")).to_be_visible()
    watched.look()
    button(page, "Apply").click()
    expect(page.locator(".alert-good")).to_be_visible(timeout=JOB_MS)
    link(page, "Open the project").click()

    expect(page.locator(".timeline-item").first).to_contain_text("2")


def test_the_keyboard_walks_ticks_and_opens(watched, newcomer, worker):
    page = watched.page
    enter(page, newcomer)
    address = _generate(page)
    page.goto(f"{address}?tab=endpoints")
    expect(page.locator("#endpoint-detail h2")).to_be_visible()

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-count-of=review]")).to_have_text("1")
    page.keyboard.press("/")
    page.keyboard.type("meetings")

    assert page.locator(".pick:visible").count() == 4


def test_the_pages_hold_on_a_phone(watched, newcomer, worker):
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 780})
    enter(page, newcomer)
    address = _generate(page)

    for tab in ("overview", "endpoints", "models", "files", "checks", "decisions"):
        page.goto(f"{address}?tab={tab}")
        watched.look()
    for path in ("/generation/", "/generation/new/", "/projects/"):
        page.goto(path)
        watched.look()


def test_an_operator_finds_the_job_and_its_stages(watched, operator, worker):
    page = watched.page
    enter(page, operator)
    job = _generate(page).rstrip("/").rpartition("/")[2]

    page.goto(f"/admin/taishang/generationjob/{job}/change/")

    expect(page.locator(".step-succeeded")).to_have_count(8)
    page.goto("/admin/")
    expect(page.locator(".plot-canvas canvas").first).to_be_visible(timeout=15_000)
