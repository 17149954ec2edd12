"""The settings of the foundation itself, and those that every app below and above reads."""

from email.utils import parseaddr
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.registry import LimitClass, limit_classes
from laojun.definitions import (
    BOOLEAN,
    CHOICE,
    GIBIBYTE,
    GLOBAL,
    INTEGER,
    MAX_LIMIT,
    MEBIBYTE,
    NAMES,
    SUBJECTS,
    TEXT,
    WORKSPACE,
    Definition,
    Reader,
    define,
)


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
