"""What is billed for what arrived: the provider's count where it can be believed, else our own."""

from __future__ import annotations

from dataclasses import dataclass

from taishang.models import ModelCall
from taishang.providers.base import Usage
from taishang.providers.counting import Count, count

ABSURD = 10
# Below this, hidden parts of a prompt weigh more than the prompt.
SMALL_TOKENS = 100


@dataclass(frozen=True)
class Bill:
    """Units: tokens. `is_odd` says that the provider's count could not be believed."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    source: str = ""
    is_odd: bool = False


@dataclass(frozen=True)
class Measure:
    """What we know ourselves: the prompt's tokens, the longest answer that was allowed, the text that arrived."""

    prompt: Count
    most_output: int
    answered: str
    tokenizer: str


def bill(usage: Usage | None, measure: Measure, *, has_content: bool) -> Bill:
    """Nothing arrived and nothing was counted: nothing is billed. Cost: counts the answer where it must."""
    if usage is not None and _is_believable(usage, measure):
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        return Bill(usage.input_tokens, usage.output_tokens, cached, ModelCall.UsageSource.PROVIDER)
    if not has_content:
        return Bill(is_odd=usage is not None)
    answered = count(measure.answered, measure.tokenizer)
    is_exact = answered.exact and measure.prompt.exact
    source = ModelCall.UsageSource.TOKENIZER if is_exact else ModelCall.UsageSource.ESTIMATE
    return Bill(measure.prompt.tokens, answered.tokens, 0, source, is_odd=usage is not None)


def _is_believable(usage: Usage, measure: Measure) -> bool:
    if min(usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) < 0:
        return False
    if usage.input_tokens > ABSURD * max(measure.prompt.tokens, SMALL_TOKENS):
        return False
    if usage.output_tokens <= max(measure.most_output, SMALL_TOKENS):
        return True
    ours = count(measure.answered, measure.tokenizer).tokens
    return usage.output_tokens <= ABSURD * ours
