"""What tokens cost: exact decimals, rounded once, and unknown where a price is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from taishang.models import ModelCall, ModelPrice

PLACES = Decimal("0.0000000001")
PER_TOKENS = Decimal(1000)


def plain(cost: Decimal) -> str:
    """An amount without the zeros behind its last digit, and without an exponent."""
    text = f"{cost:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Prices:
    """Per 1,000 tokens in the platform's currency; None is unknown. `price_id` is the row that says so."""

    input: Decimal | None = None
    cached: Decimal | None = None
    output: Decimal | None = None
    price_id: int | None = None

    def cost(self, *, input_tokens: int, output_tokens: int, cached: int = 0) -> Decimal | None:
        """What these tokens cost, rounded half-even at 10 places; None where a price that matters is unknown."""
        parts = (
            (input_tokens - cached, self.input),
            (cached, self.cached),
            (output_tokens, self.output),
        )
        total = Decimal(0)
        for tokens, price in parts:
            if tokens and price is None:
                return None
            total += tokens * (price or Decimal(0))
        return (total / PER_TOKENS).quantize(PLACES, rounding=ROUND_HALF_EVEN)

    def as_texts(self) -> list[str | None]:
        return [
            None if price is None else str(price)
            for price in (self.input, self.cached, self.output)
        ]

    @classmethod
    def of_call(cls, call: ModelCall) -> Prices:
        """The prices of a call's start, as its row keeps them."""
        texts = call.prices or [None, None, None]
        known = [None if text is None else Decimal(text) for text in texts]
        return cls(known[0], known[1], known[2], call.price_id)

    @classmethod
    def of_row(cls, price: ModelPrice | None) -> Prices:
        """What a price says, in the platform's currency."""
        if price is None:
            return cls()
        entered, cached, answered = price.rates
        return cls(entered, cached, answered, price.pk)
