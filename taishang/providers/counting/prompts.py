"""Tokens of a whole prompt: what is said, and what the protocol wraps around it."""

from collections.abc import Mapping
from typing import Any

import orjson

from taishang.providers.base import ChatPrompt, EmbeddingPrompt, Prompt
from taishang.providers.counting.counts import Count, count

# Source: OpenAI Cookbook, "How to count tokens": 3 around each message, 3 before the answer.
AROUND_MESSAGE = 3
BEFORE_ANSWER = 3
# A picture of 1024 x 1024 at high detail is 765 to 1,105 tokens.
PICTURE = Count(1100, exact=False)


def count_prompt(prompt: Prompt, tokenizer: str) -> Count:
    """What a prompt will be billed as input, as far as it can be known. Exact only for plain text."""
    if isinstance(prompt, EmbeddingPrompt):
        return _sum(_input(entry, tokenizer) for entry in prompt.inputs)
    if isinstance(prompt, ChatPrompt):
        return _chat(prompt, tokenizer)
    pair = count(prompt.query, tokenizer)
    return _sum(pair + count(document, tokenizer) for document in prompt.documents)


def _chat(prompt: ChatPrompt, tokenizer: str) -> Count:
    total = Count(BEFORE_ANSWER, exact=True)
    for message in prompt.messages:
        total += Count(AROUND_MESSAGE, exact=True) + _message(message, tokenizer)
    for described in (*prompt.tools, prompt.response_format):
        if described:
            text = orjson.dumps(described).decode()
            total += Count(count(text, tokenizer).tokens, exact=False)
    return total


def _message(message: Mapping[str, Any], tokenizer: str) -> Count:
    total = count(str(message.get("role", "")), tokenizer)
    for name in ("name", "tool_call_id"):
        if message.get(name):
            total += count(str(message[name]), tokenizer)
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    for part in parts:
        total += count(str(part["text"]), tokenizer) if part.get("text") is not None else PICTURE
    for call in message.get("tool_calls") or []:
        text = orjson.dumps(call).decode()
        total += Count(count(text, tokenizer).tokens, exact=False)
    return total


def _input(entry: Any, tokenizer: str) -> Count:
    return count(entry, tokenizer) if isinstance(entry, str) else Count(len(entry), exact=True)


def _sum(counts: Any) -> Count:
    return sum(counts, Count(0, exact=True))
