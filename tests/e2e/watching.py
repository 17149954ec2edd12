"""What no page may do: complain in the console, break the policy, scroll sideways, jump, shut people out."""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

AXE = Path(__file__).parent / "vendor" / "axe-core@4.14.1" / "axe.min.js"
MAX_SHIFT = 0.1
QUIET_MS = 3000
# The feed refuses a cursor of rights that changed, and the page begins anew; the browser logs the refusal.
FEED, STALE = "/api/v1/sync/?", ("status of 400", "status of 410")
SERIOUS = {"serious", "critical"}
LISTEN = """
window.__seen = {shift: 0, policy: []};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__seen.shift += entry.value;
}).observe({type: "layout-shift", buffered: true});
document.addEventListener("securitypolicyviolation", (event) =>
  window.__seen.policy.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
CUT_OFF = """
[...document.querySelectorAll("button, .button, h1, h2, th, .badge, .tab")]
  .filter((one) => one.offsetParent && !one.matches(".visually-hidden") && one.scrollWidth > one.clientWidth + 1
    && getComputedStyle(one).overflow !== "visible" && getComputedStyle(one).textOverflow !== "ellipsis")
  .map((one) => one.textContent.trim().slice(0, 60))
"""

SHOWN_ALTHOUGH_HIDDEN = """
[...document.querySelectorAll("[hidden]")].filter((one) => one.offsetParent)
  .map((one) => one.outerHTML.slice(0, 80))
"""


@dataclass
class Watch:
    """Collects what goes wrong on a page while somebody works on it."""

    page: Page
    faults: list[str] = field(default_factory=list)
    probing: bool = False

    def __post_init__(self) -> None:
        self.page.add_init_script(LISTEN)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))

    def _console(self, message: Any) -> None:
        if message.type == "error" and not self.probing:
            address = message.location["url"]
            if FEED not in address or not any(status in message.text for status in STALE):
                self.faults.append(f"console: {message.text} {address}")

    def look(self) -> None:
        """Judge the page as it stands now."""
        settle(self.page)
        where = self.page.url
        seen = self.page.evaluate("window.__seen ?? {shift: 0, policy: []}")
        self.faults += [f"{where}: policy: {report}" for report in seen["policy"]]
        if seen["shift"] > MAX_SHIFT:
            self.faults.append(f"{where}: layout shift {seen['shift']:.2f}")
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            self.faults.append(f"{where}: scrolls sideways by {wide} px")
        self.faults += [f"{where}: cut off: {text}" for text in self.page.evaluate(CUT_OFF)]
        shown = self.page.evaluate(SHOWN_ALTHOUGH_HIDDEN)
        self.faults += [f"{where}: shown although hidden: {html}" for html in shown]
        # axe measures with styles of its own, which the policy rightly stops.
        self.probing = True
        self.faults += [f"{where}: {fault}" for fault in barriers(self.page)]
        self.page.evaluate("window.__seen = {shift: 0, policy: []}")
        self.probing = False

    def assert_clean(self) -> None:
        assert not self.faults, "\n".join(self.faults)


def settle(page: Page) -> None:
    """Wait until the page has fetched its parts; a page that listens to a stream never falls quite silent."""
    with suppress(PlaywrightTimeout):
        page.wait_for_load_state("networkidle", timeout=QUIET_MS)


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def barriers(page: Page) -> list[str]:
    """axe's findings that keep somebody out, one line each."""
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"axe {rule['id']} ({rule['impact']}): {node['target']} {node['html'][:160]}"
        for rule in found["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"][:3]
    ]
