"""How a call of a plugin ended, whatever it ran in."""

from dataclasses import dataclass, replace
from typing import Any

MAX_DETAIL = 2000

# Every way a call can fail; "" is success. The names stand in delivery rows and in the API.
CODES = frozenset(
    {
        "",
        "timeout",
        "crashed",
        "too_large",
        "invalid_json",
        "invalid_output",
        "input_too_large",
        "abandoned",
        "circuit_open",
        "not_permitted",
        "not_configured",
        "connection_failed",
        "blocked_address",
        "redirected",
        "refused",
        "gone",
        "fuel_exhausted",
        "memory_exceeded",
        "module_invalid",
        "module_refused",
        "module_missing",
    }
)


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
