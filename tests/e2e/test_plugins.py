"""A plugin's life in the browser: agreed to, upgraded, taken back, revoked, found modified."""

import re
import secrets

import pytest
from django.core.files.storage import default_storage
from django.utils import translation
from playwright.sync_api import Page, expect

from accounts import tenancy
from laojun.plugins import scanning
from tests.e2e.steps import enter, go, press
from tests.laojun.plugins.making import HOST, Author, catalogued, signed

pytestmark = pytest.mark.browser
MORE = ["event:task", "data:sql.rows", HOST]


@pytest.fixture
def shelf(operator, django_db_blocker):
    """Two plugins of one publisher and one of another, in the catalogue."""
    tag = f"t{secrets.token_hex(3)}"
    with django_db_blocker.unblock():
        leaky, sound = Author(f"Leaky {tag}"), Author(f"Sound {tag}")
        keys = {"leaky": leaky.trusted(patterns=[f"{tag}-*"]), "sound": sound.trusted()}

        def put(name: str, author: Author, version: str = "1.0.0", **changes):
            slug = f"{tag}-{name}"
            data = signed(author, slug, version, publisher=author.name, **changes)
            return catalogued(operator, data)

        versions = {
            "courier": put("courier", leaky),
            "scribe": put("scribe", sound),
            "clerk": put("clerk", sound),
        }
    return {"put": put, "leaky": leaky, "keys": keys, **versions}


def _switch_on(page: Page, version) -> str:
    page.goto(f"/workspace/plugins/catalogue/{version.plugin_id}/")
    page.locator("input[type=password]").first.fill("whsec_dGVzdHRlc3R0ZXN0")
    press(page, "Agree and switch on")
    expect(page).to_have_url(re.compile(r"/workspace/plugins/\d+/$"))
    return page.url


def _state(page: Page, words: str) -> None:
    expect(page.locator("section .badge").first).to_contain_text(translation.gettext(words))


def test_a_plugin_is_agreed_to_upgraded_and_taken_back(watched, newcomer, shelf, django_db_blocker):
    page = watched.page
    enter(page, newcomer)
    page.goto("/workspace/plugins/")
    watched.look()
    go(page, page.get_by_role("link", name=re.compile(shelf["courier"].plugin.slug)))
    watched.look()

    _switch_on(page, shelf["courier"])
    _state(page, "working")
    watched.look()
    with django_db_blocker.unblock():
        shelf["put"]("courier", shelf["leaky"], "1.1.0", permissions=MORE)
    page.reload()
    go(page, page.get_by_role("link", name=re.compile("1.1.0")))
    expect(page.locator(".consent .badge-accent")).to_have_count(1)
    watched.look()
    press(page, "Agree and upgrade")
    expect(page.locator("dd").filter(has_text="1.1.0").first).to_be_visible()
    press(page, "Roll back")

    expect(page.locator("dd").filter(has_text="1.0.0").first).to_be_visible()
    _state(page, "working")
    watched.look()


def test_a_revoked_key_and_a_changed_byte_stop_their_own_plugin_alone(
    watched, browser, newcomer, operator, shelf, browser_context_args, django_db_blocker
):
    page = watched.page
    enter(page, newcomer)
    pages = {name: _switch_on(page, shelf[name]) for name in ("courier", "scribe", "clerk")}
    context = browser.new_context(**browser_context_args)
    console = context.new_page()
    enter(console, operator)

    console.goto(f"/admin/laojun/pluginkey/{shelf['keys']['leaky'].pk}/change/")
    console.locator("select[name=reason]").select_option("compromised")
    go(console, console.locator("button[value=revoke]"))
    page.goto(pages["courier"])
    _state(page, "its key was revoked")
    watched.look()
    with django_db_blocker.unblock():
        _flip_a_bit(shelf["scribe"])
        scanning.scan()
    page.goto(pages["scribe"])
    _state(page, "modified")
    watched.look()

    page.goto(pages["clerk"])
    _state(page, "working")
    console.goto("/admin/laojun/plugin/scan/")
    expect(console.get_by_text(shelf["scribe"].plugin.slug)).to_be_visible()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_plugins_hold_on_a_phone(watched, newcomer, shelf, theme):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 800})
    enter(page, newcomer)
    used = _switch_on(page, shelf["clerk"])
    offer = f"/workspace/plugins/catalogue/{shelf['courier'].plugin_id}/"

    for address in ("/workspace/plugins/", offer, used):
        page.goto(address)
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        watched.look()


def _flip_a_bit(version) -> None:
    with tenancy.platform_scope(reason="test"):
        path = default_storage.path(version.package_file.storage_path)
    with open(path, "r+b") as file:  # noqa: PTH123
        file.seek(60)
        byte = file.read(1)
        file.seek(60)
        file.write(bytes([byte[0] ^ 1]))
