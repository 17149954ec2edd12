"""Chat completions: how a prompt is written in them, and what their pieces say. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from taishang.providers import failing
from taishang.providers.base import (
    ChatPrompt,
    Connection,
    Done,
    Event,
    Text,
    Thought,
    ToolCall,
    Usage,
)
from taishang.providers.errors import ErrorClass, ProviderError

# What a row's params may not say: it is the platform's to decide.
OURS = frozenset({"model", "messages", "stream", "stream_options", "n", "tools", "script"})
FINISHED = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
MAX_TOKENS = 10**12


def request(connection: Connection, prompt: ChatPrompt) -> dict[str, Any]:
    """The body of a request; usage is always asked for."""
    own = {name: value for name, value in connection.params.items() if name not in OURS}
    body: dict[str, Any] = {**own, **prompt.params}
    if connection.provider == "openai" and "max_tokens" in body:
        # Its newer models refuse the older name.
        body["max_completion_tokens"] = body.pop("max_tokens")
    body |= {"model": connection.model_id, "messages": list(prompt.messages)}
    if prompt.tools:
        body["tools"] = list(prompt.tools)
        if prompt.tool_choice is not None:
            body["tool_choice"] = prompt.tool_choice
    if prompt.response_format is not None:
        body["response_format"] = prompt.response_format
    if connection.streams:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


class Reader:
    """Reads the chunks of one stream into events."""

    def __init__(self, request_id: str) -> None:
        self.done = False
        self._request_id = request_id
        self._model = ""
        self._finish = ""
        self._usage: list[Event] = []
        self._has_content = False

    def read(self, chunk: Any, headers: Mapping[str, str]) -> list[Event]:
        """Raises ProviderError for an error in the stream, and for what is no chunk."""
        if not isinstance(chunk, Mapping):
            raise ProviderError(ErrorClass.PROTOCOL, "a chunk is not a JSON object")
        if chunk.get("error"):
            raise failing.from_body(chunk, headers)
        self._model = self._model or str(chunk.get("model") or "")
        self._usage = usage_of(chunk.get("usage")) or self._usage
        choice = _first(chunk.get("choices"))
        found = content_of(choice.get("delta"))
        self._has_content = self._has_content or bool(found)
        self._finish = choice.get("finish_reason") or self._finish
        return found

    def end(self) -> list[Event]:
        """Raises ProviderError where the stream ended too early, or had nothing to say."""
        if not self._finish and not (self.done and self._has_content):
            detail = "the stream was cut" if self._has_content else "the answer is empty"
            raise ProviderError(ErrorClass.PROTOCOL, detail)
        return [*self._usage, finished(self._finish, self._model, self._request_id)]


def whole(found: Any, request_id: str) -> list[Event]:
    """The events of an answer that came in one piece."""
    choice = _first(found.get("choices"))
    if not choice:
        raise ProviderError(ErrorClass.PROTOCOL, "the answer is empty")
    content = content_of(choice.get("message"))
    done = finished(
        choice.get("finish_reason") or "stop", str(found.get("model") or ""), request_id
    )
    return [*content, *usage_of(found.get("usage")), done]


def content_of(delta: Any) -> list[Event]:
    """Text, thoughts and tool calls of a `delta` or `message`."""
    if delta is None:
        return []
    if not isinstance(delta, Mapping):
        raise ProviderError(ErrorClass.PROTOCOL, "a delta is not a JSON object")
    found: list[Event] = []
    thought = delta.get("reasoning_content") or delta.get("reasoning")
    if isinstance(thought, str) and thought:
        found.append(Thought(thought))
    for name in ("content", "refusal"):
        text = delta.get(name)
        if isinstance(text, str) and text:
            found.append(Text(text))
        elif text is not None and not isinstance(text, str):
            raise ProviderError(ErrorClass.PROTOCOL, f"{name} is not text")
    return found + _tool_calls(delta.get("tool_calls"))


def usage_of(found: Any) -> list[Event]:
    """Usage as a list of none or one: absent, negative or absurd numbers are no usage."""
    if not isinstance(found, Mapping):
        return []
    details = found.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    cached = found.get("prompt_cache_hit_tokens") if cached is None else cached
    entered, answered = found.get("prompt_tokens"), found.get("completion_tokens", 0)
    if not is_count(entered) or not is_count(answered):
        return []
    read = cached if is_count(cached) and cached <= entered else 0
    return [Usage(entered, answered, read)]


def is_count(number: Any) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_TOKENS


def finished(reason: Any, model: str, request_id: str) -> Done:
    if reason == "insufficient_system_resource":
        raise ProviderError(ErrorClass.SERVER, "the provider ran out of resources")
    return Done(FINISHED.get(str(reason), "stop"), model[:200], request_id)


def _first(choices: Any) -> Mapping[str, Any]:
    if choices is None:
        return {}
    if not isinstance(choices, list) or not all(isinstance(entry, Mapping) for entry in choices):
        raise ProviderError(ErrorClass.PROTOCOL, "choices are not a list of objects")
    return choices[0] if choices else {}


def _tool_calls(calls: Any) -> list[Event]:
    if not calls:
        return []
    if not isinstance(calls, Sequence) or not all(isinstance(call, Mapping) for call in calls):
        raise ProviderError(ErrorClass.PROTOCOL, "tool calls are not a list of objects")
    found: list[Event] = []
    for place, call in enumerate(calls):
        function = call.get("function")
        function = function if isinstance(function, Mapping) else {}
        found.append(
            ToolCall(
                call["index"] if is_count(call.get("index")) else place,
                _text(call.get("id")),
                _text(function.get("name")),
                _text(function.get("arguments")),
            )
        )
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
