"""What is known of models by their names, so that nobody has to look up a window or a dimension."""

from __future__ import annotations

from typing import Any

from taishang.models import Kind

# Beginning of a name → what its models are like; the longest beginning that fits decides. Sizes in tokens.
CHAT: dict[str, dict[str, Any]] = {
    "gpt-5": {"context_window": 400_000, "max_output_tokens": 128_000, "tokenizer": "o200k"},
    "gpt-4.1": {"context_window": 1_047_576, "max_output_tokens": 32_768, "tokenizer": "o200k"},
    "gpt-4o": {"context_window": 128_000, "max_output_tokens": 16_384, "tokenizer": "o200k"},
    "gpt-4-turbo": {"context_window": 128_000, "max_output_tokens": 4_096, "tokenizer": "cl100k"},
    "gpt-3.5-turbo": {"context_window": 16_385, "max_output_tokens": 4_096, "tokenizer": "cl100k"},
    "o3": {"context_window": 200_000, "max_output_tokens": 100_000, "tokenizer": "o200k"},
    "o4": {"context_window": 200_000, "max_output_tokens": 100_000, "tokenizer": "o200k"},
    "claude-3": {"context_window": 200_000, "max_output_tokens": 4_096},
    "claude-3-5": {"context_window": 200_000, "max_output_tokens": 8_192},
    "claude-3-7": {"context_window": 200_000, "max_output_tokens": 64_000},
    "claude-opus": {"context_window": 200_000, "max_output_tokens": 32_000},
    "claude-sonnet": {"context_window": 200_000, "max_output_tokens": 64_000},
    "claude-haiku": {"context_window": 200_000, "max_output_tokens": 64_000},
    "deepseek-chat": {
        "context_window": 128_000,
        "max_output_tokens": 8_192,
        "tokenizer": "deepseek",
    },
    "deepseek-reasoner": {
        "context_window": 128_000,
        "max_output_tokens": 64_000,
        "tokenizer": "deepseek",
    },
    "qwen": {"context_window": 32_768, "max_output_tokens": 8_192, "tokenizer": "qwen"},
    "llama3": {"context_window": 8_192, "max_output_tokens": 4_096},
}
SEES_AND_CALLS = ("gpt-5", "gpt-4.1", "gpt-4o", "o3", "o4", "claude-")
CALLS = (*SEES_AND_CALLS, "gpt-4-turbo", "gpt-3.5-turbo", "deepseek-chat", "qwen")
EMBEDDING: dict[str, dict[str, Any]] = {
    "text-embedding-3-small": {"embedding_dimension": 1536, "tokenizer": "cl100k"},
    "text-embedding-3-large": {"embedding_dimension": 3072, "tokenizer": "cl100k"},
    "text-embedding-ada-002": {"embedding_dimension": 1536, "tokenizer": "cl100k"},
    "bge-m3": {"embedding_dimension": 1024},
    "bge-large": {"embedding_dimension": 1024},
    "bge-small": {"embedding_dimension": 512},
    "nomic-embed-text": {"embedding_dimension": 768},
    "mxbai-embed-large": {"embedding_dimension": 1024},
}
EMBEDDING_BATCH = 256
EMBEDDING_WINDOW = 8_192


def known(model_id: str, kind: str) -> dict[str, Any]:
    """Columns of a model of this name, as far as they are known."""
    name = model_id.lower().rpartition("/")[2]
    if kind == Kind.EMBEDDING:
        usual = {"max_batch": EMBEDDING_BATCH, "context_window": EMBEDDING_WINDOW}
        return usual | _longest(EMBEDDING, name)
    if kind == Kind.RERANK:
        return {"max_batch": EMBEDDING_BATCH}
    found = dict(_longest(CHAT, name))
    found["supports_vision"] = name.startswith(SEES_AND_CALLS)
    found["supports_json_schema"] = found["supports_vision"] and not name.startswith("claude-")
    found["supports_function_calling"] = name.startswith(CALLS)
    return found


def names(kind: str, provider: str) -> list[str]:
    """What a provider's models are called, to pick from while typing."""
    if kind == Kind.EMBEDDING:
        return [one for one in EMBEDDING if provider != "openai" or one.startswith("text-")]
    beginnings = {
        "openai": ("gpt", "o3", "o4"),
        "anthropic": ("claude",),
        "deepseek": ("deepseek",),
        "ollama": ("qwen", "llama", "deepseek"),
    }.get(provider)
    return [one for one in CHAT if beginnings is None or one.startswith(beginnings)]


def name_for(model_id: str) -> str:
    """What we call a model that nobody has named: as its provider does, without what our references use."""
    kept = "".join(char if char != "@" and char.isprintable() else "-" for char in model_id)
    return kept.strip()[:100] or "model"


def _longest(table: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    fitting = [beginning for beginning in table if name.startswith(beginning)]
    return table[max(fitting, key=len)] if fitting else {}
