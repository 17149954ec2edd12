"""A member asks whether the log is whole, sees the verdict, and takes an export that a stranger can check."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation
from playwright.sync_api import expect

from accounts.signing_keys import AUDIT
from laojun.chain import offline
from tests.e2e.steps import button, enter

pytestmark = pytest.mark.browser
VERDICT_MS = 40_000


@pytest.fixture(scope="session")
def keeper(address, e2e_environment) -> Iterator[None]:
    """A worker that seals and verifies."""
    command = [sys.executable, "-m", "tests.e2e.working", "--slots", "1"]
    process = subprocess.Popen(
        [*command, "--queues", "maintenance"], env={**os.environ, **e2e_environment}
    )
    yield
    process.terminate()
    process.wait(timeout=20)


def test_a_member_verifies_the_log_and_takes_it_along(watched, newcomer, keeper):
    page = watched.page
    enter(page, newcomer)
    page.goto("/workspace/audit/")
    expect(page.get_by_text(translation.gettext("Not verified yet"))).to_be_visible()
    watched.look()

    button(page, "Verify now").click()

    expect(page.locator(".alert-good")).to_be_visible(timeout=VERDICT_MS)
    watched.look()
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON").click()
    key = AUDIT.current().public.public_bytes_raw().hex()
    lines = Path(download.value.path()).read_bytes().splitlines(keepends=True)
    assert offline.check(lines, key).state in {"intact", "unknown"}
    spoilt = [lines[0].replace(b'"result":"ok"', b'"result":"denied"'), *lines[1:]]
    assert offline.check(spoilt, key).state == "tampered"


def test_on_a_phone_nothing_is_cut_off(watched, newcomer, keeper):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page, newcomer)
    page.goto("/workspace/audit/")
    watched.look()


def test_an_operator_verifies_every_chain(watched, operator, keeper):
    page = watched.page
    enter(page, operator)
    page.goto("/admin/laojun/auditchain/")

    button(page, "Verify every chain").click()

    expect(page.locator(".alert-good")).to_be_visible(timeout=VERDICT_MS)
