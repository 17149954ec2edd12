"""How a call of a plugin ended, whatever it ran in."""

from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

MAX_DETAIL = 2000

# Every way a call can fail, in words for people; "" is success. The codes stand in delivery rows and in the API.
WORDS = {
    "abandoned": _("switched off while it ran"),
    "blocked_address": _("its address is not allowed"),
    "circuit_open": _("left out: it failed too often"),
    "connection_failed": _("not reachable"),
    "crashed": _("broke off"),
    "fuel_exhausted": _("computed too long"),
    "gone": _("wants no more"),
    "input_too_large": _("too much to ask"),
    "invalid_json": _("the answer is no JSON"),
    "invalid_output": _("the answer does not fit the hook"),
    "memory_exceeded": _("took too much memory"),
    "module_invalid": _("its program does not compile"),
    "module_missing": _("its program is missing"),
    "module_refused": _("its program asks for what is not given"),
    "not_configured": _("address or secret is missing"),
    "not_permitted": _("nobody agreed to this host"),
    "redirected": _("answered with a redirect"),
    "refused": _("answered with an error"),
    "timeout": _("took too long"),
    "too_large": _("the answer is too large"),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came back. `code` is empty on success; then `output` holds the plugin's JSON.

    `log` is what the plugin said aside; `retry_after` is what a receiver asked for. Units: bytes, ms, seconds.
    """

    code: str = ""
    output: Any = None
    detail: str = ""
    log: str = ""
    status_code: int | None = None
    retry_after: float | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    duration_ms: int = 0

    @property
    def is_ok(self) -> bool:
        return not self.code

    def failed(self, code: str, detail: str = "") -> "Outcome":
        """The same call, judged a failure after all; its output is thrown away whole."""
        return replace(self, code=code, detail=detail[:MAX_DETAIL], output=None)
