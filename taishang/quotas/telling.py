"""What is left of the quotas, as the headers of an AI reply: tightest first, after the limits of the request itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from taishang.quotas.standing import TOKENS, Scope


def headers(scopes: Sequence[Scope], *, now: datetime) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` of the token quotas that have a limit; nothing where none has."""
    limited = [scope for scope in scopes if scope.unit == TOKENS and scope.limit is not None]
    ordered = sorted(limited, key=_share_left)
    if not ordered:
        return {}
    return {
        "RateLimit-Policy": ", ".join(
            f'"{scope.name}";q={scope.limit};w={_seconds(scope.begins_at, scope.resets_at)}'
            for scope in ordered
        ),
        "RateLimit": ", ".join(
            f'"{scope.name}";r={scope.remaining};t={_seconds(now, scope.resets_at)}'
            for scope in ordered
        ),
    }


def openai_headers(scopes: Sequence[Scope], *, now: datetime) -> dict[str, str]:
    """The same of the tightest quota, as OpenAI's clients read it."""
    limited = [scope for scope in scopes if scope.unit == TOKENS and scope.limit is not None]
    if not limited:
        return {}
    tightest = min(limited, key=_share_left)
    return {
        "x-ratelimit-limit-tokens": str(tightest.limit),
        "x-ratelimit-remaining-tokens": str(tightest.remaining),
        "x-ratelimit-reset-tokens": f"{_seconds(now, tightest.resets_at)}s",
    }


def _share_left(scope: Scope) -> float:
    return float(scope.remaining or 0) / float(scope.limit or 1)


def _seconds(since: datetime, until: datetime) -> int:
    return max(0, int((until - since).total_seconds()))
