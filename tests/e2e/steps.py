"""What every journey does: find a control by its words in the page's language, press it, sign in."""

from django.utils import translation
from playwright.sync_api import Locator, Page, expect

from tests.factories import PASSWORD, Account


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=translation.gettext(name), exact=True)


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=translation.gettext(name), exact=True)


def field(page: Page, name: str) -> Locator:
    return page.get_by_label(translation.gettext(name), exact=True)


def heading(page: Page, text: str) -> None:
    """The page's title says `text`."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(text)


def go(page: Page, control: Locator) -> None:
    """Press what leads to another page, and wait until that is loaded."""
    with page.expect_navigation():
        control.click()


def press(page: Page, name: str) -> None:
    """Press the button that leads to another page, and wait until that is loaded."""
    go(page, button(page, name))


def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    page.goto("/accounts/login/")
    field(page, "E-mail or user name").fill(login)
    page.locator("#id_password").fill(password)
    press(page, "Sign in")


def enter(page: Page, account: Account) -> None:
    """Sign in, and be greeted."""
    sign_in(page, account.email, account.password)
    heading(page, account.user.username)
