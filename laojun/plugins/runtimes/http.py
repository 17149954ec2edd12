"""Plugins that are a service elsewhere: a signed POST through the outbound guard, JSON there and JSON back.

Signatures follow Standard Webhooks, so that a receiver verifies them with any library of that name.
"""

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson
from standardwebhooks import Webhook

from laojun import outbound
from laojun.outbound import BlockedAddress, Limits, NotConnected, OutboundFailed, Reply
from laojun.plugins.outcomes import Outcome
from laojun.plugins.vocabulary import NET

PURPOSE = "webhook"
MAX_RETRY_AFTER_SECONDS = 3600.0
MIN_SECONDS = 0.1
REDIRECTS = range(300, 400)


@dataclass(frozen=True)
class Endpoint:
    """Where a plugin listens, and the secrets it knows: the newest first, the former one while both are good."""

    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Letter:
    """What is sent. `id` stays the same however often it is sent."""

    id: str
    content: bytes
    content_type: str = "application/json"


def run(
    *,
    endpoint: Endpoint,
    granted: frozenset[str],
    letter: Letter,
    seconds: float,
    max_out: int,
) -> Outcome:
    """Send one letter and read the answer, within time and size. Raises nothing for what the receiver does.

    Tried again at once where no byte had been sent. A redirect is a failure: the signature names no other place.
    """
    if not endpoint.url or not endpoint.secrets:
        return Outcome(code="not_configured")
    if f"{NET}{urlsplit(endpoint.url).hostname}" not in granted:
        return Outcome(code="not_permitted", detail="no permission for this host")
    began = time.monotonic()
    limits = Limits(seconds=seconds, max_bytes=max_out)
    try:
        reply = _posted(endpoint, letter, limits, began)
    except BlockedAddress:
        return _failed("blocked_address", letter, began)
    except outbound.ReplyTooLarge:
        return _failed("too_large", letter, began)
    except OutboundFailed as error:
        code = "timeout" if "Timeout" in str(error) else "connection_failed"
        return _failed(code, letter, began, detail=str(error))
    return _judged(reply, letter, began)


def _posted(endpoint: Endpoint, letter: Letter, limits: Limits, began: float) -> Reply:
    headers = signed_headers(endpoint.secrets, letter, datetime.now(UTC))
    try:
        return outbound.post(
            endpoint.url, purpose=PURPOSE, headers=headers, content=letter.content, limits=limits
        )
    except NotConnected:
        rest = (limits.seconds or 0.0) - (time.monotonic() - began)
        if rest < MIN_SECONDS:
            raise
        again = replace(limits, seconds=rest)
        return outbound.post(
            endpoint.url, purpose=PURPOSE, headers=headers, content=letter.content, limits=again
        )


def signed_headers(secrets: tuple[str, ...], letter: Letter, at: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks, one signature for each secret, and nothing of ours besides."""
    text = letter.content.decode()
    signatures = [Webhook(secret).sign(letter.id, at, text) for secret in secrets]
    return {
        "content-type": letter.content_type,
        "user-agent": "taishang-laojun-webhooks/1",
        "webhook-id": letter.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _judged(reply: Reply, letter: Letter, began: float) -> Outcome:
    facts = Outcome(
        status_code=reply.status,
        bytes_out=len(letter.content),
        bytes_in=len(reply.body),
        duration_ms=_since(began),
        retry_after=retry_after(reply.headers, datetime.now(UTC)),
    )
    if reply.status == 410:
        return facts.failed("gone")
    if reply.status in REDIRECTS:
        return facts.failed("redirected", "redirects are not followed")
    if not 200 <= reply.status < 300:
        return facts.failed("refused", f"status {reply.status}")
    if not reply.body:
        return facts
    try:
        output = orjson.loads(reply.body)
    except ValueError:
        return facts.failed("invalid_json")
    return replace(facts, output=output)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait a receiver asks for, in seconds or as a date; an hour at most, nonsense is no wish."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_SECONDS)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)


def _failed(code: str, letter: Letter, began: float, *, detail: str = "") -> Outcome:
    return Outcome(
        code=code, detail=detail, bytes_out=len(letter.content), duration_ms=_since(began)
    )


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
