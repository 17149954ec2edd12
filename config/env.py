"""The typed environment: every variable is read once, through one of these functions.

`NAME_FILE` names a file that holds the value of `NAME`. A wrong value stops the start with the variable's
name, the shape that is expected, and what to do.
"""

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off", ""}


class Keeper(Protocol):
    """Keeps secrets that nobody gave: makes one at the first use."""

    def secret(self, name: str) -> str: ...


_environment = environ.FileAwareEnv()
read_names: set[str] = set()


def _raw(name: str) -> str | None:
    read_names.add(name)
    try:
        value = _environment.str(name, default=None)
    except (OSError, ImproperlyConfigured) as error:
        raise _wrong(name, "a readable file", f"check {name}_FILE") from error
    return value.strip() if isinstance(value, str) else None


def _wrong(name: str, shape: str, remedy: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} must be {shape}: {remedy}.")


def text(name: str, default: str = "") -> str:
    value = _raw(name)
    return default if value is None else value


def boolean(name: str, *, default: bool) -> bool:
    value = _raw(name)
    if value is None:
        return default
    if value.lower() in YES:
        return True
    if value.lower() in NO:
        return False
    raise _wrong(name, "true or false", f"it is {len(value)} characters of something else")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value = _raw(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError as error:
        raise _wrong(
            name, f"a whole number from {low} to {high}", "correct it or unset it"
        ) from error
    if not low <= number <= high:
        raise _wrong(name, f"a whole number from {low} to {high}", "correct it or unset it")
    return number


def names(name: str, default: tuple[str, ...] = ()) -> list[str]:
    value = _raw(name)
    if value is None:
        return list(default)
    return [part.strip() for part in value.split(",") if part.strip()]


def path(name: str, default: Path) -> Path:
    value = _raw(name)
    return (Path(value) if value else default).expanduser().resolve()


def url(name: str, *, schemes: tuple[str, ...], default: str = "") -> str:
    value = _raw(name)
    if not value:
        return default
    if urlsplit(value).scheme not in schemes:
        raise _wrong(name, f"an address that starts with {' or '.join(schemes)}", "correct it")
    return value


def secret(name: str, keeper: Keeper, *, embedded: bool) -> str:
    """A secret has no default in code: it is given, or an embedded installation makes its own once."""
    value = _raw(name)
    if value:
        return value
    if embedded:
        return keeper.secret(name.lower())
    raise _wrong(name, "set", f"give it, or {name}_FILE, a long random value")
