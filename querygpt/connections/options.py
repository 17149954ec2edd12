"""What may be said of a connection beyond its columns: a short typed list for each driver, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

MAX_SCHEMAS = 20
_NAME = re.compile(r"^[^\x00-\x1f\x7f\"]{1,63}$")


def _schemas(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_SCHEMAS
        and all(isinstance(name, str) and _NAME.match(name) for name in value)
    )


def _file_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


ALLOWED: dict[str, dict[str, Callable[[Any], bool]]] = {
    "postgresql": {"schemas": _schemas, "sslrootcert_file": _file_id},
    "mysql": {"charset": lambda value: value == "utf8mb4", "ssl_ca_file": _file_id},
    "sqlite": {},
    "duckdb": {},
}
# The option that names the file with a server's authority.
AUTHORITY = {"postgresql": "sslrootcert_file", "mysql": "ssl_ca_file"}


def fault(driver: str, given: Any) -> str | None:
    """The path of the first option that is not allowed, or whose value is not of its kind; None when all are."""
    if not isinstance(given, Mapping):
        return "extra_options"
    allowed = ALLOWED.get(driver, {})
    for name, value in given.items():
        judge = allowed.get(name)
        if judge is None or not judge(value):
            return f"extra_options/{name}"[:120]
    return None
