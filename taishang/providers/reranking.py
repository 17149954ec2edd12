"""The rerank dialect of Jina, Cohere, vLLM and llama.cpp. Pure."""

import math
from collections.abc import Mapping
from typing import Any

from taishang.providers import completions
from taishang.providers.base import Event, RerankPrompt, Scores, Usage
from taishang.providers.errors import ErrorClass, ProviderError


def request(model_id: str, prompt: RerankPrompt) -> dict[str, Any]:
    return {
        "model": model_id,
        "query": prompt.query,
        "documents": list(prompt.documents),
        "return_documents": False,
    }


def read(found: Any, count: int) -> tuple[Scores, list[Event]]:
    """Scores in the order of the documents, and the usage if it was told. Raises ProviderError(protocol)."""
    rows = found.get("results")
    scores: dict[int, float] = {}
    for row in rows if isinstance(rows, list) else []:
        index, score = (
            (row.get("index"), row.get("relevance_score"))
            if isinstance(row, Mapping)
            else (None, None)
        )
        if completions.is_count(index) and isinstance(score, int | float) and math.isfinite(score):
            scores[index] = float(score)
    if set(scores) != set(range(count)):
        raise ProviderError(ErrorClass.PROTOCOL, f"{len(scores)} scores came for {count} documents")
    return Scores([scores[place] for place in range(count)]), _usage(found.get("usage"))


def _usage(given: Any) -> list[Event]:
    if not isinstance(given, Mapping):
        return []
    tokens = given.get("prompt_tokens", given.get("total_tokens"))
    return [Usage(tokens, 0)] if completions.is_count(tokens) else []
