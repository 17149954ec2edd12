"""Events of the gateway, written as OpenAI's clients read them."""

import array
import base64
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from taishang.gateway import Answer
from taishang.gateway.events import Event, Text, Thought, ToolCall, Usage

DONE = b"data: [DONE]\n\n"
HEARTBEAT = b": still here\n\n"


class ChunkWriter:
    """Writes one stream: one id, the role first, the reason of its end last, usage where it was asked for."""

    def __init__(self, call_id: object, model: str, *, wants_usage: bool) -> None:
        self._head = {
            "id": f"chatcmpl-{call_id}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }
        self._wants_usage = wants_usage
        self._started_tools: set[int] = set()

    def first(self) -> bytes:
        return self._delta({"role": "assistant", "content": ""})

    def piece(self, event: Event) -> bytes:
        """A piece of the answer; nothing for what this protocol has no word for."""
        if isinstance(event, Text):
            return self._delta({"content": event.text})
        if isinstance(event, Thought):
            return self._delta({"reasoning_content": event.text})
        if isinstance(event, ToolCall):
            return self._delta({"tool_calls": [self._tool(event)]})
        return b""

    def last(self, finish_reason: str, usage: Usage | None) -> bytes:
        end = self._delta({}, finish_reason)
        if self._wants_usage and usage is not None:
            end += self._data({"choices": [], "usage": usage_of(usage)})
        return end + DONE

    def _tool(self, event: ToolCall) -> dict[str, Any]:
        function: dict[str, Any] = {"arguments": event.arguments}
        if event.index in self._started_tools:
            return {"index": event.index, "function": function}
        self._started_tools.add(event.index)
        function["name"] = event.name
        return {"index": event.index, "id": event.id, "type": "function", "function": function}

    def _delta(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return self._data({"choices": [choice], **({"usage": None} if self._wants_usage else {})})

    def _data(self, more: Mapping[str, Any]) -> bytes:
        return b"data: " + orjson.dumps({**self._head, **more}) + b"\n\n"


def error(body: Mapping[str, Any]) -> bytes:
    """What ends a stream that went wrong; no `[DONE]` follows."""
    return b"data: " + orjson.dumps(body) + b"\n\n"


def completion(answer: Answer) -> dict[str, Any]:
    """A whole answer."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.thought:
        message["reasoning_content"] = answer.thought
    if answer.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in answer.tool_calls
        ]
    elif not answer.text:
        message["content"] = ""
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": answer.finish_reason,
        "logprobs": None,
    }
    return {
        "id": f"chatcmpl-{answer.call_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": answer.model,
        "choices": [choice],
        "usage": usage_of(answer.usage),
    }


def embeddings(answer: Answer, *, as_base64: bool) -> bytes:
    """All vectors as one JSON text. Cost: the time of millions of numbers; not in an event loop."""
    data = [
        {
            "object": "embedding",
            "index": place,
            "embedding": _base64(vector) if as_base64 else list(vector),
        }
        for place, vector in enumerate(answer.vectors)
    ]
    used = answer.usage.input_tokens
    usage = {"prompt_tokens": used, "total_tokens": used}
    body = {"object": "list", "data": data, "model": answer.model, "usage": usage}
    return orjson.dumps(body)


def usage_of(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }


def _base64(vector: Sequence[float]) -> str:
    """Little-endian float32."""
    numbers = array.array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
