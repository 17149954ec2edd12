"""Chat prompts as Anthropic's Messages, and its events as ours. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from taishang.providers import completions, failing
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

DEFAULT_MAX_TOKENS = 4096
FINISHED = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
CHOICES = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}
# Parameters of chat completions that this protocol has under the same name.
SAME = frozenset({"temperature", "top_p", "top_k"})
Block = dict[str, Any]


def request(connection: Connection, prompt: ChatPrompt) -> dict[str, Any]:
    """The body of a request: system lifted out, equal neighbouring roles merged, `max_tokens` always there."""
    params = {**connection.params, **prompt.params}
    body: dict[str, Any] = {name: params[name] for name in SAME if params.get(name) is not None}
    if "temperature" in body:
        body["temperature"] = min(body["temperature"], 1)
    if params.get("stop"):
        stop = params["stop"]
        body["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    system = [_text_of(entry) for entry in prompt.messages if _is_system(entry)]
    if system:
        body["system"] = "\n\n".join(system)
    most = params.get("max_tokens") or connection.max_output_tokens or DEFAULT_MAX_TOKENS
    body |= {
        "model": connection.model_id,
        "max_tokens": most,
        "messages": _turns([entry for entry in prompt.messages if not _is_system(entry)]),
    }
    if connection.streams:
        body["stream"] = True
    return body | _tools(prompt, params)


class Reader:
    """Reads the events of one stream."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._model = ""
        self._usage: dict[str, Any] = {}
        self._reason = ""
        self._ended = False

    def read(self, event: Any, headers: Mapping[str, str]) -> list[Event]:
        """Raises ProviderError for an error in the stream, and for what is no event."""
        if not isinstance(event, Mapping):
            raise ProviderError(ErrorClass.PROTOCOL, "an event is not a JSON object")
        if event.get("type") == "error" or event.get("error"):
            raise failing.from_body(event, headers)
        kind = event.get("type")
        if kind == "message_start":
            message = _mapping(event.get("message"))
            self._model = str(message.get("model") or "")
            self._usage |= _mapping(message.get("usage"))
        elif kind == "message_delta":
            self._reason = str(_mapping(event.get("delta")).get("stop_reason") or self._reason)
            self._usage |= _mapping(event.get("usage"))
        elif kind == "message_stop":
            self._ended = True
        elif kind in {"content_block_start", "content_block_delta"}:
            return _content(event)
        return []

    def end(self) -> list[Event]:
        """Raises ProviderError where the stream ended too early."""
        if not self._ended and not self._reason:
            detail = "the stream was cut" if self._model else "the answer is empty"
            raise ProviderError(ErrorClass.PROTOCOL, detail)
        done = Done(FINISHED.get(self._reason, "stop"), self._model[:200], self._request_id)
        return [*usage_of(self._usage), done]


def whole(found: Any, request_id: str) -> list[Event]:
    """The events of an answer that came in one piece."""
    blocks = found.get("content")
    if not isinstance(blocks, list):
        raise ProviderError(ErrorClass.PROTOCOL, "the answer is empty")
    events: list[Event] = []
    for place, block in enumerate(blocks):
        kept = _mapping(block)
        events += _started(place, kept)
        if kept.get("type") == "tool_use":
            arguments = orjson.dumps(kept.get("input") or {}).decode()
            events.append(ToolCall(place, arguments=arguments))
    reason = FINISHED.get(str(found.get("stop_reason")), "stop")
    done = Done(reason, str(found.get("model") or "")[:200], request_id)
    return [*events, *usage_of(found.get("usage")), done]


def usage_of(found: Any) -> list[Event]:
    """Usage as a list of none or one. What was read from or written to the cache is input too."""
    given = _mapping(found)
    read = given.get("cache_read_input_tokens") or 0
    written = given.get("cache_creation_input_tokens") or 0
    parts = (given.get("input_tokens"), given.get("output_tokens"), read, written)
    if not all(completions.is_count(number) for number in parts):
        return []
    return [Usage(given["input_tokens"] + read + written, given["output_tokens"], read)]


def _content(event: Mapping[str, Any]) -> list[Event]:
    given = event.get("index")
    place = given if completions.is_count(given) else 0
    if event["type"] == "content_block_start":
        return _started(place, _mapping(event.get("content_block")))
    delta = _mapping(event.get("delta"))
    kind = delta.get("type")
    if kind == "text_delta":
        return _pieces(Text, delta.get("text"))
    if kind == "thinking_delta":
        return _pieces(Thought, delta.get("thinking"))
    if kind == "input_json_delta":
        return [ToolCall(place, arguments=str(delta.get("partial_json") or ""))]
    return []


def _started(place: int, block: Mapping[str, Any]) -> list[Event]:
    if block.get("type") == "tool_use":
        return [ToolCall(place, str(block.get("id") or ""), str(block.get("name") or ""))]
    if block.get("type") == "thinking":
        return _pieces(Thought, block.get("thinking"))
    return _pieces(Text, block.get("text"))


def _pieces(kind: type[Text] | type[Thought], text: Any) -> list[Event]:
    if text is not None and not isinstance(text, str):
        raise ProviderError(ErrorClass.PROTOCOL, "a piece of text is not text")
    return [kind(text)] if text else []


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.get("role") == "assistant" else "user"
        blocks = _blocks(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Mapping[str, Any]) -> list[Block]:
    if message.get("role") == "tool":
        return [
            {
                "type": "tool_result",
                "tool_use_id": message.get("tool_call_id", ""),
                "content": _text_of(message),
            }
        ]
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    blocks = [_part(part) for part in parts if part.get("type") != "text" or part.get("text")]
    return blocks + [_tool_use(call) for call in message.get("tool_calls") or []]


def _part(part: Mapping[str, Any]) -> Block:
    if part.get("type") != "image_url":
        return {"type": "text", "text": part.get("text", "")}
    given = part.get("image_url")
    url = str(given.get("url", "") if isinstance(given, Mapping) else given)
    if not url.startswith("data:"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    head, _, data = url.partition(",")
    kind = head.removeprefix("data:").partition(";")[0]
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def _tool_use(call: Mapping[str, Any]) -> Block:
    function = _mapping(call.get("function"))
    try:
        given = orjson.loads(function.get("arguments") or "{}")
    except orjson.JSONDecodeError:
        given = {}
    return {
        "type": "tool_use",
        "id": call.get("id", ""),
        "name": function.get("name", ""),
        "input": given if isinstance(given, dict) else {},
    }


def _tools(prompt: ChatPrompt, params: Mapping[str, Any]) -> dict[str, Any]:
    if not prompt.tools:
        return {}
    functions = [_mapping(tool.get("function")) for tool in prompt.tools]
    tools = [
        {
            "name": function.get("name", ""),
            "description": function.get("description") or "",
            "input_schema": function.get("parameters") or {"type": "object"},
        }
        for function in functions
    ]
    choice = _choice(prompt.tool_choice)
    if params.get("parallel_tool_calls") is False and choice["type"] != "none":
        choice = {**choice, "disable_parallel_tool_use": True}
    return {"tools": tools, "tool_choice": choice}


def _choice(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return {"type": "tool", "name": _mapping(given.get("function")).get("name", "")}
    return CHOICES.get(given or "auto", CHOICES["auto"])


def _is_system(message: Mapping[str, Any]) -> bool:
    return message.get("role") in {"system", "developer"}


def _text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or "") for part in content or [])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
