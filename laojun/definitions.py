"""What may be set: every key with its type, default, bounds and places. Apps above add theirs in `ready()`."""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.registry import LimitClass, Store, limit_classes

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


def _default_is_available(value: Any, read: Reader) -> Any:
    if value not in read("ai.models.available"):
        return _("Choose one of the available models.")
    return None


def _holds_the_default(value: Any, read: Reader) -> Any:
    if read("ai.models.default") not in value:
        return _("The default model must stay available.")
    return None


def _longer_than_access(value: Any, read: Reader) -> Any:
    if value <= read("auth.jwt_expires_in"):
        return _("A refresh token must outlive an access token.")
    return None


def _shorter_than_refresh(value: Any, read: Reader) -> Any:
    if value >= read("auth.refresh_token_expires_in"):
        return _("An access token must expire before its refresh token.")
    return None


def _is_a_sender(value: Any, _read: Reader) -> Any:
    if value:
        try:
            validate_email(parseaddr(value)[1])
        except ValidationError:
            return _("Enter an address.")
        if "\n" in value or "\r" in value:
            return _("Enter an address.")
    return None


def declare() -> None:
    """The settings of the foundation itself, and those every app below and above reads."""
    anywhere = frozenset({GLOBAL, WORKSPACE})
    for definition in (
        Definition(
            "ai.models.default",
            TEXT,
            "gpt-4-turbo",
            _("Default model"),
            _("Used where nobody chose another one."),
            group="ai",
            scopes=anywhere,
            low=1,
            high=100,
            check=_default_is_available,
        ),
        Definition(
            "ai.models.available",
            NAMES,
            ["gpt-4-turbo", "gpt-3.5-turbo", "claude-3-opus"],
            _("Available models"),
            _("The models people may choose."),
            group="ai",
            scopes=anywhere,
            low=1,
            check=_holds_the_default,
        ),
        Definition(
            "ai.rate_limit_per_minute",
            INTEGER,
            20,
            _("AI calls per minute"),
            _("Of one person."),
            group="ai",
            scopes=anywhere,
            low=1,
            high=10_000,
            capped=True,
        ),
        Definition(
            "ai.free_tier_monthly_tokens",
            INTEGER,
            100_000,
            _("Tokens per month in the free plan"),
            group="ai",
            low=0,
            high=10**9,
        ),
        Definition(
            "storage.max_file_size",
            INTEGER,
            10 * MEBIBYTE,
            _("Largest file"),
            _("Larger uploads are refused."),
            group="storage",
            scopes=anywhere,
            low=1024,
            high=5 * GIBIBYTE,
            unit=_("bytes"),
        ),
        Definition(
            "storage.user_quota_bytes",
            INTEGER,
            GIBIBYTE,
            _("Storage of one person"),
            _("In each workspace."),
            group="storage",
            scopes=anywhere,
            low=0,
            high=10**15,
            unit=_("bytes"),
            capped=True,
        ),
        Definition(
            "storage.workspace_quota_bytes",
            INTEGER,
            20 * GIBIBYTE,
            _("Storage of a workspace"),
            group="storage",
            scopes=anywhere,
            low=0,
            high=10**15,
            unit=_("bytes"),
            capped=True,
        ),
        Definition(
            "storage.signed_url_seconds",
            INTEGER,
            300,
            _("Life of a download link"),
            _("Unless another one is chosen for a link."),
            group="storage",
            low=30,
            high=86_400,
            unit=_("seconds"),
        ),
        Definition(
            "storage.temp_file_seconds",
            INTEGER,
            3600,
            _("Life of a temporary file"),
            group="storage",
            low=60,
            high=86_400,
            unit=_("seconds"),
        ),
        Definition(
            "auth.jwt_expires_in",
            INTEGER,
            7200,
            _("Life of an access token"),
            group="auth",
            low=300,
            high=7200,
            unit=_("seconds"),
            check=_shorter_than_refresh,
        ),
        Definition(
            "auth.refresh_token_expires_in",
            INTEGER,
            604_800,
            _("Life of a refresh token"),
            group="auth",
            low=301,
            high=90 * 86_400,
            unit=_("seconds"),
            check=_longer_than_access,
        ),
        Definition(
            "outbound.timeout_seconds",
            INTEGER,
            10,
            _("Longest outbound request"),
            group="outbound",
            low=1,
            high=120,
            unit=_("seconds"),
        ),
        Definition(
            "outbound.max_response_bytes",
            INTEGER,
            10 * MEBIBYTE,
            _("Largest outbound reply"),
            group="outbound",
            low=64 * 1024,
            high=100 * MEBIBYTE,
            unit=_("bytes"),
        ),
        Definition(
            "ui.default_language",
            CHOICE,
            "zh-CN",
            _("Language of new accounts"),
            group="platform",
            scopes=anywhere,
            choices=("zh-CN", "en"),
        ),
        Definition(
            "notifications.retention_days",
            INTEGER,
            30,
            _("Read notices are kept"),
            group="platform",
            low=1,
            high=365,
            unit=_("days"),
        ),
        Definition(
            "logs.retention_days",
            INTEGER,
            90,
            _("System logs are kept"),
            group="platform",
            low=7,
            high=365,
            unit=_("days"),
        ),
        Definition(
            "logs.level",
            CHOICE,
            "INFO",
            _("Least severity that is kept"),
            _("Every process obeys within five seconds."),
            group="platform",
            choices=("DEBUG", "INFO", "WARNING", "ERROR"),
        ),
        Definition(
            "email.host",
            TEXT,
            "",
            _("Mail server"),
            _("Empty: the one of EMAIL_URL, or letters as files where that is not set."),
            group="email",
            high=253,
            optional=True,
        ),
        Definition(
            "email.port",
            INTEGER,
            587,
            _("Port of the mail server"),
            _("465 speaks TLS from the first byte."),
            group="email",
            low=1,
            high=65_535,
        ),
        Definition(
            "email.username",
            TEXT,
            "",
            _("Name at the mail server"),
            group="email",
            high=254,
            optional=True,
        ),
        Definition(
            "email.from",
            TEXT,
            "",
            _("Sender of letters"),
            _("Empty: MAIL_FROM."),
            group="email",
            high=254,
            check=_is_a_sender,
            optional=True,
        ),
        Definition(
            "email.use_tls",
            BOOLEAN,
            True,  # noqa: FBT003
            _("Encrypt the way to the mail server"),
            group="email",
        ),
        Definition(
            "email.password",
            TEXT,
            "",
            _("Password of the mail server"),
            _("Kept encrypted and never shown."),
            group="email",
            secret=True,
        ),
    ):
        define(definition)
    limit_classes.each(_define_limit)


def _define_limit(_name: str, entry: LimitClass) -> None:
    """Each limit class is a setting, but for those whose setting says more elsewhere."""
    if entry.own_setting:
        return
    define(
        Definition(
            entry.setting,
            INTEGER,
            entry.limit,
            entry.label,
            format_lazy(
                _("Of each {subject}, in {seconds} seconds."),
                subject=SUBJECTS[entry.subject],
                seconds=entry.window_s,
            ),
            group="limits",
            low=1,
            high=MAX_LIMIT,
        )
    )


SUBJECTS = {
    "caller": _("person or key"),
    "user": _("person"),
    "workspace": _("workspace"),
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
