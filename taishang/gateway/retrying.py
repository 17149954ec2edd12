"""When a failed try is made again, when another model answers, and how long to wait in between."""

from __future__ import annotations

import random
from collections.abc import Sequence

from taishang.gateway.hops import Hop
from taishang.gateway.targets import Target
from taishang.providers.errors import ErrorClass, ProviderError

MAX_RETRIES = 2
FIRST_PAUSE_SECONDS = 0.5
MAX_RETRY_AFTER_SECONDS = 20.0
FALLS_BACK = frozenset(
    {
        ErrorClass.RATE_LIMITED,
        ErrorClass.PROVIDER_QUOTA,
        ErrorClass.SERVER,
        ErrorClass.CONNECT,
        ErrorClass.FIRST_TOKEN_TIMEOUT,
        ErrorClass.BREAKER_OPEN,
    }
)


def pause(hop: Hop, error: ProviderError) -> float | None:
    """Seconds until the same provider is asked again, None when it is not: never once something has arrived."""
    if hop.has_content or hop.tries > MAX_RETRIES or not error.is_retryable:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= MAX_RETRY_AFTER_SECONDS else None
    return random.uniform(0, FIRST_PAUSE_SECONDS * 2 ** (hop.tries - 1))  # noqa: S311 full jitter


def others(hop: Hop, chain: Sequence[Target]) -> list[Target]:
    """Who may answer instead of a call that failed before anything arrived, in their order."""
    if hop.has_content or hop.fault is None:
        return []
    behind = list(chain)[list(chain).index(hop.target) + 1 :] if hop.target in chain else []
    if hop.fault.error_class == ErrorClass.CONTEXT_TOO_LONG:
        mine = hop.target.model.context_window
        return [target for target in behind if target.model.context_window > mine]
    return behind if hop.fault.error_class in FALLS_BACK else []
