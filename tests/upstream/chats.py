"""Answers of chat models, in both dialects."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.upstream import faults
from tests.upstream.replies import Pieces, data


def words_of(model: str) -> tuple[list[str], float]:
    if model.startswith("words:"):
        _, count, *gap = model.split(":")
        return [f"word{place} " for place in range(int(count))], float(gap[0]) if gap else 0.0
    return ["Hello", " world", "!"], 0.0


HEAD = {"id": "c1", "object": "chat.completion.chunk"}


async def completions(model: str, body: Any) -> Pieces:
    def delta(change: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": change, "finish_reason": finish}
        return data({**HEAD, "model": model, "choices": [choice]})

    words, gap = words_of(model)
    if model != "empty":
        yield delta({"role": "assistant", "content": ""})
        async for piece in _said(model, body, delta):
            yield piece
        async for piece in _spoken(words if not body.get("tools") else [], gap, delta):
            yield piece
        if model != "no-finish":
            yield delta({}, "tool_calls" if body.get("tools") else "stop")
        if model != "no-usage" and body.get("stream_options", {}).get("include_usage"):
            yield data({**HEAD, "model": model, "choices": [], "usage": _usage(model, len(words))})
    yield b"data: [DONE]\n\n"


async def _said(model: str, body: Any, delta: Callable[..., bytes]) -> Pieces:
    async for piece in faults.of(model, lambda text: delta({"content": text})):
        yield piece
    if body.get("tools"):
        async for piece in _tool_call(delta):
            yield piece


async def _spoken(words: list[str], gap: float, delta: Callable[..., bytes]) -> Pieces:
    for word in words:
        yield delta({"content": word})
        if gap:
            await asyncio.sleep(gap)


def _usage(model: str, words: int) -> dict[str, Any]:
    return {
        "prompt_tokens": 9,
        "completion_tokens": -5 if model == "negative-usage" else words,
        "prompt_tokens_details": {"cached_tokens": 4},
    }


def completion(model: str) -> dict[str, Any]:
    return {
        "id": "c1", "object": "chat.completion", "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello world!"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3},
    }  # fmt: skip


async def messages(model: str) -> Pieces:
    def told(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\n".encode() + data({"type": kind, **more})

    def said(text: str) -> bytes:
        return told("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    words, gap = words_of(model)
    usage = {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 1}
    if model == "empty":
        return
    yield told(
        "message_start", message={"model": model, "usage": {} if model == "no-usage" else usage}
    )
    yield told("ping")
    yield told("content_block_start", index=0, content_block={"type": "text", "text": ""})
    async for piece in faults.of(model, said):
        yield piece
    for word in words:
        yield said(word)
        if gap:
            await asyncio.sleep(gap)
    if model == "no-finish":
        return
    output = -5 if model == "negative-usage" else len(words)
    counted = {} if model == "no-usage" else {"output_tokens": output}
    yield told("message_delta", delta={"stop_reason": "end_turn"}, usage=counted)
    yield told("message_stop")


def message() -> dict[str, Any]:
    return {
        "type": "message", "model": "ok", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "Hello world!"}], "usage": {"input_tokens": 9, "output_tokens": 3},
    }  # fmt: skip


async def _tool_call(delta: Callable[..., bytes]) -> Pieces:
    call = {"index": 0, "id": "call_1", "type": "function"}
    yield delta({"tool_calls": [{**call, "function": {"name": "look", "arguments": ""}}]})
    for part in ('{"pl', 'ace": "', '北京"}'):
        yield delta({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
