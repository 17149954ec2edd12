"""How a call of a provider can end badly: a closed list of classes, each with a sentence that says how to mend it."""

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _


class ErrorClass(StrEnum):
    """What went wrong, as callers, statistics and the fallback rules tell it apart."""

    AUTH = "auth"
    PERMISSION = "permission"
    MODEL_MISSING = "model_missing"
    RATE_LIMITED = "rate_limited"
    PROVIDER_QUOTA = "provider_quota"
    CONNECT = "connect"
    FIRST_TOKEN_TIMEOUT = "first_token_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    TOTAL_TIMEOUT = "total_timeout"
    TLS = "tls"
    BAD_REQUEST = "bad_request"
    CONTEXT_TOO_LONG = "context_too_long"
    CONTENT_FILTER = "content_filter"
    SERVER = "server"
    PROTOCOL = "protocol"
    BLOCKED_ADDRESS = "blocked_address"
    BREAKER_OPEN = "breaker_open"
    KEY_UNREADABLE = "key_unreadable"
    ORPHANED = "orphaned"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


MENDING: dict[ErrorClass, Any] = {
    ErrorClass.AUTH: _("The provider does not accept the key. Enter a key that is valid there."),
    ErrorClass.PERMISSION: _(
        "The key is valid but may not use this model. Ask the provider to open it for the key, or choose another model."
    ),
    ErrorClass.MODEL_MISSING: _(
        "The provider has no model of this name. Compare the model's name with the provider's list."
    ),
    ErrorClass.RATE_LIMITED: _(
        "The provider takes no more requests right now. Wait a moment, then try again."
    ),
    ErrorClass.PROVIDER_QUOTA: _(
        "The account at the provider has no credit left. Top it up there, or choose another model."
    ),
    ErrorClass.CONNECT: _(
        "Nothing answers at this address. Check the base URL, and whether the server runs."
    ),
    ErrorClass.FIRST_TOKEN_TIMEOUT: _(
        "The model did not begin to answer in time. Try again, or raise the model's time to the first token."
    ),
    ErrorClass.IDLE_TIMEOUT: _(
        "The model fell silent in the middle of its answer. What had arrived is kept; try again."
    ),
    ErrorClass.TOTAL_TIMEOUT: _(
        "The answer took longer than the model may take. Ask for a shorter one, or raise the model's total time."
    ),
    ErrorClass.TLS: _(
        "The server's certificate is not valid for this address. Check the base URL, or mend the certificate."
    ),
    ErrorClass.BAD_REQUEST: _(
        "The provider refused the request. Compare the model's options with what the provider allows."
    ),
    ErrorClass.CONTEXT_TOO_LONG: _(
        "The text is longer than the model can read. Shorten it, or choose a model with a larger window."
    ),
    ErrorClass.CONTENT_FILTER: _(
        "The provider's filter stopped this text. Word it differently, or choose another model."
    ),
    ErrorClass.SERVER: _("The provider has a fault of its own. Try again in a few minutes."),
    ErrorClass.PROTOCOL: _(
        "The answer is not what this protocol promises. Check that the base URL and the kind of provider belong together."
    ),
    ErrorClass.BLOCKED_ADDRESS: _(
        "This address may not be reached from here. Use a public one, or ask an operator to open it."
    ),
    ErrorClass.BREAKER_OPEN: _(
        "This provider failed several times in a row and is left alone for a moment. Try again shortly."
    ),
    ErrorClass.KEY_UNREADABLE: _("The stored key cannot be read any more. Enter it again."),
    ErrorClass.ORPHANED: _(
        "The process that ran this call ended before it was finished. What had arrived is kept; try again."
    ),
    ErrorClass.CANCELLED: _("The call was stopped. What had arrived is kept."),
    ErrorClass.UNKNOWN: _("Something unexpected happened. Try again, or ask an operator."),
}

# Worth asking the same provider again, as long as nothing has arrived.
RETRYABLE = frozenset({ErrorClass.RATE_LIMITED, ErrorClass.CONNECT, ErrorClass.SERVER})
MAX_DETAIL = 500


class ProviderError(Exception):
    """A call failed. `detail` is the provider's own words, at most 500 characters, not yet redacted.

    Units: `retry_after` seconds, as the provider asked for, or None.
    """

    def __init__(
        self,
        error_class: ErrorClass,
        detail: str = "",
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(f"{error_class}: {detail[:MAX_DETAIL]}")
        self.error_class = error_class
        self.detail = detail[:MAX_DETAIL]
        self.http_status = http_status
        self.retry_after = retry_after
        self.request_id = request_id

    @property
    def code(self) -> str:
        return f"provider_{self.error_class}"

    @property
    def is_retryable(self) -> bool:
        return self.error_class in RETRYABLE

    @property
    def mending(self) -> str:
        return str(MENDING[self.error_class])
