"""Photographs every page in both themes, both languages and three widths: `make shots`.

Signs in as the demonstration's people, walks from page to page, and takes one picture of each kind of address.
The pictures and an index of them come into `shots/` under the data directory.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import django
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.e2e import serving
from tests.e2e.watching import settle

THEMES = ("light", "dark")
LANGUAGES = {"zh": "zh-CN", "en": "en"}
WIDTHS = {360: 740, 768: 1024, 1440: 900}
MAX_PAGES = 40
MAX_HEIGHT = 6000
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+|(?<=/problems/)[a-z_]+")
NEVER = (
    "/accounts/logout",
    "/static/",
    "/api/",
    "/admin/jsi18n",
    "/download",
    "/content",
    "/export",
)
SIGNED_OUT = (
    "/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/nothing/",
)
STARTS = {
    "demo@example.com": ("/", "/profile/", "/security/", "/problems/", "/problems/not_found/"),
    "operator@example.com": ("/dev/parts/", "/admin/"),
}


@dataclass(frozen=True)
class Shot:
    """One picture: which page, how it was looked at, and where it is kept."""

    name: str
    theme: str
    language: str
    width: int

    @property
    def file(self) -> str:
        return f"{self.name}.{self.theme}.{self.language}.{self.width}.png"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if not serving.CHROMIUM.exists():
        sys.exit("chromium is missing: apt-get install chromium fonts-noto-cjk")
    folder = Path(settings.DATA_DIR) / "shots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with TemporaryDirectory() as scratch:
        environment = {"DATA_DIR": str(settings.DATA_DIR), "DEMO": "true", "DEBUG": "false"}
        with serving.served(Path(scratch), environment) as address, sync_playwright() as driver:
            browser = driver.chromium.launch(**serving.LAUNCH)
            shots = list(_photograph(browser, address, folder))
            browser.close()
    _write_index(folder, shots)
    sys.stdout.write(f"{len(shots)} pictures: {folder / 'index.html'}\n")


def _photograph(browser: Browser, address: str, folder: Path) -> Iterator[Shot]:
    yield from _rounds(browser, address, folder, "out", SIGNED_OUT, None)
    for login, starts in STARTS.items():
        state = _signed_in(browser, address, login)
        paths = _walk(browser, address, starts, state)
        yield from _rounds(browser, address, folder, login.partition("@")[0], paths, state)


def _signed_in(browser: Browser, address: str, login: str) -> object:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.fill("[name=login]", login)
    page.fill("[name=password]", settings.SERVERS.secret("demo_password"))
    with page.expect_navigation():
        page.click("form:has([name=password]) .button-primary")
    if "/accounts/login" in page.url:
        sys.exit(f"{login} cannot sign in: run `manage.py seed_demo` first")
    state = context.storage_state()
    context.close()
    return state


def _walk(
    browser: Browser, address: str, starts: tuple[str, ...], state: object
) -> tuple[str, ...]:
    """One address of each kind that can be reached from the starts by links."""
    context = browser.new_context(base_url=address, storage_state=state)
    page = context.new_page()
    found: dict[str, str] = {}
    waiting = list(starts)
    while waiting and len(found) < MAX_PAGES:
        path = waiting.pop(0)
        kind = IDENTIFIER.sub("*", path)
        if kind in found or path.startswith(NEVER) or any(part in path for part in NEVER):
            continue
        try:
            page.goto(path)
        except PlaywrightError:
            # A download, not a page.
            continue
        settle(page)
        found[kind] = path
        hrefs = page.eval_on_selector_all("a[href]", "all => all.map((one) => one.href)")
        waiting += [urlsplit(href).path for href in hrefs if href.startswith(address)]
    context.close()
    return tuple(found.values())


def _rounds(
    browser: Browser,
    address: str,
    folder: Path,
    who: str,
    paths: tuple[str, ...],
    state: object,
) -> Iterator[Shot]:
    for theme, language, width in product(THEMES, LANGUAGES, WIDTHS):
        context = browser.new_context(
            base_url=address,
            storage_state=state,
            color_scheme=theme,
            locale=LANGUAGES[language],
            viewport={"width": width, "height": WIDTHS[width]},
        )
        page = context.new_page()
        _prefer(context, page, address, theme=theme, language=language)
        for path in paths:
            name = f"{who}{IDENTIFIER.sub('x', path).replace('/', '_').rstrip('_')}"
            shot = Shot(name, theme, language, width)
            _take(page, path, theme, folder / shot.file)
            yield shot
        context.close()


def _prefer(
    context: BrowserContext, page: Page, address: str, *, theme: str, language: str
) -> None:
    """The language by the form that a person would use, the theme by the device and the page itself."""
    cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": LANGUAGES[language], "url": address}
    context.add_cookies([cookie, {"name": "theme", "value": theme, "url": address}])
    context.add_init_script(f"localStorage.setItem('adminTheme', '\"{theme}\"')")
    page.goto("/")
    form = page.locator("form[action='/language/']").first
    if form.count() and form.locator(f"button[value='{LANGUAGES[language]}']").count():
        with page.expect_navigation():
            form.evaluate("form => form.requestSubmit(form.querySelector('button'))")


def _take(page: Page, path: str, theme: str, file: Path) -> None:
    page.goto(path)
    settle(page)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    size = page.viewport_size or {"width": 1440, "height": 900}
    height = min(page.evaluate("document.documentElement.scrollHeight"), MAX_HEIGHT)
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=str(file))
    page.set_viewport_size(size)


def _write_index(folder: Path, shots: list[Shot]) -> None:
    rows = []
    for name in dict.fromkeys(shot.name for shot in shots):
        links = "".join(
            f'<a href="{escape(shot.file)}"><img src="{escape(shot.file)}" loading="lazy"'
            f' width="220" alt="{escape(shot.file)}"><br>{shot.theme} {shot.language} {shot.width}</a>'
            for shot in shots
            if shot.name == name
        )
        rows.append(f"<h2>{escape(name)}</h2><p>{links}</p>")
    style = "body{font:14px system-ui;margin:24px}p{display:flex;flex-wrap:wrap;gap:12px}"
    page = f"<!DOCTYPE html><meta charset=utf-8><title>Pages</title><style>{style}</style>"
    (folder / "index.html").write_text(page + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
