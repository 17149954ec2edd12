"""What would be sent, for the person who decides: every part with its text, reason and tokens, what is left out, the cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from studio.context.building import Built, told


def preview(built: Built) -> dict[str, Any]:
    """Units: tokens; costs in the platform's currency, None where the price is unknown."""
    fitted = built.fitted
    return {
        "context_sha256": built.sha256,
        "model": str(built.model),
        "note": built.note,
        "parts": [{**told(one), "text": one.text, "is_fixed": one.is_fixed} for one in fitted.kept],
        "dropped": [{**told(one), "text": one.text, "is_fixed": False} for one in fitted.dropped],
        "calls": len(built.calls),
        "context_tokens": fitted.tokens,
        "budget": fitted.budget,
        "window": built.model.context_window,
        "temperature": built.params["temperature"],
        "max_tokens": built.params["max_tokens"],
        "least_cost": _money(built.least_cost),
        "most_cost": _money(built.most_cost),
    }


def _money(cost: Decimal | None) -> str | None:
    return None if cost is None else str(cost)
