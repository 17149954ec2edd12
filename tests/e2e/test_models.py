"""From no model at all to one that is used: connected by the wizard, the wrong key first."""

import re

import pytest
from playwright.sync_api import expect

from accounts import tenancy
from laojun.models import OutboundRule
from tests.e2e.steps import enter, field, go, link, press
from tests.taishang.catalogue.upstream import KEY, NAME, upstream  # noqa: F401

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(newcomer, django_db_blocker):
    """An operator let everybody reach this machine."""
    with django_db_blocker.unblock(), tenancy.platform_scope(reason="tests"):
        rule = OutboundRule.objects.create(
            cidr="127.0.0.0/8",
            port_from=1,
            port_to=65535,
            purposes=["model"],
            reason="journeys",
            created_by="test",
        )
    yield
    with django_db_blocker.unblock(), tenancy.platform_scope(reason="tests"):
        rule.delete()


def test_a_model_is_connected_tried_mended_and_used(watched, newcomer, opened, upstream):  # noqa: F811
    page = watched.page
    enter(page, newcomer)
    page.goto("/models/")
    watched.look()
    go(page, link(page, "Connect a model").first)
    watched.look()
    go(page, page.locator("a[href='/models/connect/openai_compatible/?kind=chat']"))
    field(page, "Address").fill(upstream)
    page.locator("#id_api_key").fill("sk-wrong")
    page.locator("#id_model_id").fill(NAME)
    watched.look()

    press(page, "Next: try it")
    page.locator("[data-part=trial] button").click()
    expect(page.locator("[data-verdict][data-ok=no]")).to_be_visible(timeout=20_000)
    expect(page.locator("#id_api_key_fault")).to_be_visible()
    watched.look()

    page.locator("#id_api_key").fill(KEY)
    press(page, "Save, then try again")
    page.locator("[data-part=trial] button").click()
    expect(page.locator("[data-verdict][data-ok=yes]")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-phase=first]")).to_have_text(re.compile(r"^\d+ ms$"))
    press(page, "Use this model")

    expect(page).to_have_url(re.compile(r"/models/$"))
    expect(page.locator(".model-card")).to_contain_text(NAME)
    expect(page.locator(".model-card .badge-accent")).to_be_visible()
    watched.look()
