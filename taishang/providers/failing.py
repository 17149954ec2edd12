"""What a failure means: exceptions of the wire, statuses and error bodies, told as one of the closed classes."""

import re
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from laojun import outbound_async
from laojun.destinations import BlockedAddress
from taishang.providers.errors import ErrorClass, ProviderError
from taishang.providers.text import mended

TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|maximum context|too (long|many (input )?tokens)"
    r"|exceeds? .{0,40}(context|tokens)|prompt is too long",
    re.IGNORECASE,
)
FILTERED = re.compile(r"content.?(filter|policy|management)|moderation|risk control", re.IGNORECASE)
NO_CREDIT = re.compile(
    r"insufficient.{0,3}(quota|balance|credit)|exceeded your current quota|credit balance|billing|arrears",
    re.IGNORECASE,
)
BY_STATUS = {
    401: ErrorClass.AUTH,
    402: ErrorClass.PROVIDER_QUOTA,
    403: ErrorClass.PERMISSION,
    404: ErrorClass.MODEL_MISSING,
    408: ErrorClass.SERVER,
    409: ErrorClass.SERVER,
    429: ErrorClass.RATE_LIMITED,
}
BY_CODE = {
    "invalid_api_key": 401,
    "authentication_error": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "insufficient_quota": 429,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "overloaded_error": 529,
}
MAX_RETRY_AFTER_SECONDS = 86_400


def from_status(status: int, body: Any, headers: Mapping[str, str] | None = None) -> ProviderError:
    """An answer that is an error. `body` is its JSON, or None where it was none."""
    headers = headers or {}
    error = _error_of(body)
    said = " ".join(str(error.get(key) or "") for key in ("code", "type", "message"))
    return ProviderError(
        _class_of(status, said, has_body=bool(said.strip())),
        mended(str(error.get("message") or error.get("code") or f"status {status}")),
        http_status=status,
        retry_after=_retry_after(headers),
        request_id=request_id(headers),
    )


def from_body(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> ProviderError:
    """An error that came with status 200, or in the middle of a stream."""
    error = _error_of(body)
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    known = (BY_CODE.get(str(error.get(key))) for key in ("code", "type"))
    return from_status(status or next(filter(None, known), None) or 500, body, headers)


def from_wire(error: BaseException, *, begun: bool) -> ProviderError:
    """An exchange that broke, `begun` after something had arrived."""
    for cause in _causes(error):
        if isinstance(cause, ProviderError):
            return cause
        if isinstance(cause, BlockedAddress):
            return ProviderError(ErrorClass.BLOCKED_ADDRESS)
        if isinstance(cause, outbound_async.ReplyTooLarge):
            return ProviderError(ErrorClass.PROTOCOL, str(cause))
        if isinstance(cause, ssl.SSLError):
            return ProviderError(ErrorClass.TLS, str(cause))
    if begun:
        return ProviderError(ErrorClass.PROTOCOL, "the connection was cut before the answer ended")
    return ProviderError(ErrorClass.CONNECT, type(error).__name__)


def request_id(headers: Mapping[str, str]) -> str:
    return (headers.get("x-request-id") or headers.get("request-id") or "")[:200]


def _class_of(status: int, said: str, *, has_body: bool) -> ErrorClass:
    if status < 400 or (status == 404 and not has_body):
        return ErrorClass.PROTOCOL
    if status in {400, 402, 429} and NO_CREDIT.search(said):
        return ErrorClass.PROVIDER_QUOTA
    if status in {400, 403, 413, 422} or status >= 500:
        if TOO_LONG.search(said):
            return ErrorClass.CONTEXT_TOO_LONG
        if status < 500 and FILTERED.search(said):
            return ErrorClass.CONTENT_FILTER
    if status >= 500:
        return ErrorClass.SERVER
    return BY_STATUS.get(status, ErrorClass.BAD_REQUEST)


def _error_of(body: Any) -> Mapping[str, Any]:
    """The error inside a body: `{"error": {…}}`, `{"error": "…"}`, or the fields at the top."""
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error", body)
    if isinstance(inner, Mapping):
        return inner
    return {"message": str(inner)} if inner else {}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    given = headers.get("retry-after", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS) if seconds == seconds else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _depth in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__
