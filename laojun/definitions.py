"""What may be set: every key with its type, default, bounds and places. Apps above add theirs in `ready()`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.registry import Store

GLOBAL, WORKSPACE = "global", "workspace"
INTEGER, BOOLEAN, TEXT, CHOICE, NAMES = "integer", "boolean", "text", "choice", "names"
MAX_TEXT = 4000
MAX_NAMES = 200
MAX_NAME = 130
MAX_LIMIT = 1_000_000
MEBIBYTE, GIBIBYTE = 1024**2, 1024**3
Reader = Callable[[str], Any]


class UnknownKey(LookupError):
    """No app declares this key."""

    code = "unknown_key"


class InvalidValue(ValueError):
    """The value does not fit its definition. `code` is invalid_type, out_of_bounds or conflicts_with."""

    def __init__(self, key: str, code: str, message: Any) -> None:
        super().__init__(f"{key}: {code}")
        self.key = key
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Definition:
    """One setting. `check(value, read)` compares it with others, whose values in force `read(key)` gives.

    `low` and `high` bound a number, the length of a text, or the count of names. With `capped`, a workspace
    may lower the platform's value but not raise it. An `optional` text may be left empty. `after(workspace_id)` runs
    in the transaction of a change.
    """

    key: str
    kind: str
    default: Any
    title: Any
    help: Any = ""
    group: str = "platform"
    scopes: frozenset[str] = frozenset({GLOBAL})
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    unit: Any = ""
    secret: bool = False
    capped: bool = False
    optional: bool = False
    applies: str = "next_request"
    check: Callable[[Any, Reader], Any] | None = None
    after: Callable[[int | None], Any] | None = None

    def clean(self, value: Any) -> Any:
        """The value as it is stored. Raises InvalidValue; nothing is converted that a person did not mean."""
        cleaned = CLEANERS[self.kind](self, value)
        if self.kind == CHOICE and cleaned not in self.choices:
            raise InvalidValue(self.key, "out_of_bounds", _("Choose one of the listed values."))
        return cleaned

    def fitting(self, stored: Any) -> Any:
        """A stored value, or the default where today's definition no longer allows it."""
        try:
            return self.clean(stored)
        except InvalidValue:
            return self.default


def _integer(definition: Definition, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue(definition.key, "invalid_type", _("Enter a whole number."))
    _bounded(definition, value)
    return value


def _boolean(definition: Definition, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(definition.key, "invalid_type", _("Choose yes or no."))
    return value


def _text(definition: Definition, value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise InvalidValue(definition.key, "invalid_type", _("Enter text."))
    _bounded(definition, len(value), high=MAX_TEXT)
    return value


def _names(definition: Definition, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InvalidValue(definition.key, "invalid_type", _("Enter a list of names."))
    names = list(dict.fromkeys(name.strip() for name in value if name.strip()))
    if any(len(name) > MAX_NAME or "\x00" in name for name in names):
        raise InvalidValue(definition.key, "out_of_bounds", _("A name has at most 130 characters."))
    _bounded(definition, len(names), high=MAX_NAMES)
    return names


def _bounded(definition: Definition, number: int, *, high: int | None = None) -> None:
    low, top = definition.low, high if definition.high is None else definition.high
    if (low is not None and number < low) or (top is not None and number > top):
        message = _("Allowed: %(low)s to %(high)s.") % {"low": low or 0, "high": top or "∞"}
        raise InvalidValue(definition.key, "out_of_bounds", message)


CLEANERS: dict[str, Callable[[Definition, Any], Any]] = {
    INTEGER: _integer,
    BOOLEAN: _boolean,
    TEXT: _text,
    CHOICE: _text,
    NAMES: _names,
}
definitions: Store[Definition] = Store("settings")


def define(definition: Definition) -> None:
    """Add a setting. Called in `ready()` of the app that reads it."""
    definitions.add(definition.key, definition)


def known(key: str) -> Definition:
    """Raises UnknownKey."""
    found = definitions.get(key)
    if found is None:
        raise UnknownKey(key)
    return found


SUBJECTS = {
    "caller": _("person or key"),
    "user": _("person"),
    "workspace": _("workspace"),
    "tab": _("tab of one chapter"),
    "network": _("network"),
    "account": _("account"),
    "family": _("signed-in program"),
    "name": _("typed name"),
    "name_network": _("typed name and network"),
    "address": _("typed address"),
}
GROUPS = {
    "ai": _("Models and quotas"),
    "storage": _("Files and storage"),
    "auth": _("Signing in"),
    "outbound": _("Outbound requests"),
    "email": _("E-mail"),
    "plugins": _("Plugins"),
    "generation": _("Generation"),
    "retention": _("Retention"),
    "backup": _("Backups"),
    "limits": _("Rate limits"),
    "platform": _("Platform"),
}
