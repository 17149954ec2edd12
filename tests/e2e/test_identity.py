"""Opening an account by letter, getting back in, second factors, passkeys, and ending what runs elsewhere."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.utils import translation
from playwright.sync_api import BrowserContext, Page, expect

from tests.accounts.codes import App
from tests.e2e import serving
from tests.e2e.conftest import TAGS
from tests.e2e.steps import button, go, heading, link, sign_in
from tests.factories import PASSWORD, Account
from tests.rig.mailbox import Mailbox, link_of, open_mailbox

pytestmark = pytest.mark.browser
NEW = "another four unrelated words"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as found:
        yield found


@pytest.fixture(scope="module")
def mailing(mailbox, e2e_environment, tmp_path_factory) -> Iterator[str]:
    """An installation with a mail server, a worker for its letters, and a name that passkeys accept."""
    environment = {**e2e_environment, "EMAIL_URL": mailbox.url}
    folder = tmp_path_factory.mktemp("mailing")
    with serving.served(folder, environment, host="localhost") as url:
        command = [sys.executable, "-m", "tests.e2e.working", "--slots", "1", "--queues", "email"]
        surroundings = {**os.environ, **environment, "PUBLIC_URL": url}
        process = subprocess.Popen(command, env=surroundings)
        yield url
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def browser_context_args(mailing, language) -> dict[str, object]:
    viewport = {"width": 1440, "height": 900}
    return {"base_url": mailing, "viewport": viewport, "locale": TAGS[language]}


def _sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    main = page.locator("main")
    go(page, main.get_by_role("button", name=translation.gettext("Sign out")))


def _enrol(page: Page) -> App:
    page.goto("/accounts/2fa/totp/activate/")
    page.locator("details summary").first.click()
    app = App(page.locator("#totp-secret").inner_text().strip())
    page.locator("#id_code").fill(app.code())
    button(page, "Switch on").click()
    heading(page, translation.gettext("Recovery codes"))
    return app


def test_an_account_is_opened_by_the_letter(watched, mailbox, language):
    page, name = watched.page, f"new{secrets.token_hex(4)}"
    page.goto("/accounts/signup/")
    page.locator("#id_email").fill(f"{name}@example.com")
    page.locator("#id_username").fill(name)
    page.locator("#id_password1").fill(PASSWORD)
    button(page, "Open an account").click()

    heading(page, translation.gettext("Look into your mail"))
    watched.look()
    button(page, "Send the letter again").click()
    letter = mailbox.wait_for(f"{name}@example.com")
    assert letter["Subject"] == translation.gettext("Confirm your address")
    mailbox.wait_for(f"{name}@example.com", after=1)
    page.goto(link_of(letter))
    watched.look()
    button(page, "Confirm the address").click()

    heading(page, name)
    page.goto(link_of(letter))
    expect(page.locator("main")).to_contain_text(
        translation.gettext("This link was used already, or is older than a day.")
    )
    watched.look()


def test_a_forgotten_password_is_replaced_by_the_letter(watched, mailbox, newcomer, language):
    page = watched.page
    page.goto("/accounts/login/")
    link(page, "Password forgotten?").click()
    watched.look()
    page.locator("#id_email").fill(newcomer.email.upper())
    button(page, "Send the letter").click()
    heading(page, translation.gettext("Look into your mail"))
    watched.look()

    page.goto(link_of(mailbox.wait_for(newcomer.email)))
    page.locator("#id_password1").fill(NEW)
    expect(page.locator(".meter")).to_have_attribute("data-score", re.compile("[34]"))
    watched.look()
    button(page, "Change the password").click()
    heading(page, translation.gettext("The password is changed"))
    watched.look()
    told = mailbox.wait_for(newcomer.email, after=1)
    assert told["Subject"] == translation.gettext("Your password was changed")

    sign_in(page, newcomer.email, NEW)
    heading(page, newcomer.user.username)


def test_a_second_factor_is_set_up_and_asked_for(watched, mailbox, newcomer, language):
    page = watched.page
    sign_in(page, newcomer.email)
    page.goto("/security/")
    watched.look()
    page.locator("section", has=page.locator("#factors-title")).get_by_role("link").click()
    watched.look()
    page.goto("/accounts/2fa/totp/activate/")
    watched.look()
    app = _enrol(page)
    expect(page.locator(".codes li")).to_have_count(10)
    watched.look()
    told = mailbox.wait_for(newcomer.email)
    assert told["Subject"] == translation.gettext("Second factor added")
    _sign_out(page)

    sign_in(page, newcomer.email)
    heading(page, translation.gettext("Your second factor"))
    watched.look()
    page.locator("#id_code").fill("000000")
    page.get_by_role("button", name=translation.gettext("Sign in"), exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    watched.look()
    page.locator("#id_code").fill(app.code(ahead=1))
    page.get_by_role("button", name=translation.gettext("Sign in"), exact=True).click()

    heading(page, newcomer.user.username)


def test_a_passkey_signs_in_without_a_password(watched, newcomer, language):
    page = watched.page
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    sign_in(page, newcomer.email)

    page.goto("/accounts/2fa/webauthn/add/")
    watched.look()
    button(page, "Make the passkey").click()
    heading(page, translation.gettext("Recovery codes"))
    page.goto("/accounts/2fa/")
    expect(page.locator("tbody tr")).to_have_count(1)
    watched.look()
    _sign_out(page)
    page.goto("/accounts/login/")
    watched.look()
    button(page, "Sign in with a passkey").click()

    heading(page, newcomer.user.username)


def test_another_device_is_signed_out_from_here(watched, newcomer, browser, mailing, language):
    page = watched.page
    sign_in(page, newcomer.email)
    elsewhere: BrowserContext = browser.new_context(base_url=mailing, locale=TAGS[language])
    other = elsewhere.new_page()
    sign_in(other, newcomer.email)
    expect(other.get_by_role("heading", level=1)).to_contain_text(newcomer.user.username)

    page.goto("/security/")
    page.locator(".card-head").get_by_role(
        "button", name=translation.gettext("Sign the others out")
    ).click()
    page.locator("#confirm [data-confirm-yes]").click()
    expect(page.locator(".toast").first).to_be_visible()
    watched.look()

    other.goto("/settings/")
    expect(other).to_have_url(re.compile("/accounts/login/"))
    elsewhere.close()


def test_an_account_is_closed_and_opened_again(watched, newcomer, language):
    page = watched.page
    sign_in(page, newcomer.email)
    page.goto("/account/closing/")
    watched.look()
    button(page, "Close the account").click()
    heading(page, translation.gettext("Your account is closed"))
    watched.look()

    sign_in(page, newcomer.email)
    heading(page, translation.gettext("Open your account again?"))
    watched.look()
    button(page, "Open it again").click()
    sign_in(page, newcomer.email)

    heading(page, newcomer.user.username)


def test_the_pages_hold_on_a_phone(watched, newcomer: Account, language):
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        page.goto(path)
        watched.look()
    sign_in(page, newcomer.email)
    for path in (
        "/security/",
        "/profile/",
        "/settings/",
        "/accounts/email/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/password/change/",
        "/account/closing/",
    ):
        page.goto(path)
        watched.look()
