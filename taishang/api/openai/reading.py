"""Requests of OpenAI's clients, read into prompts of ours."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.serializers import Serializer
from taishang.providers.base import ChatPrompt, EmbeddingPrompt
from taishang.providers.counting import count_prompt

MAX_MESSAGES = 2000
MAX_IMAGES = 100
MAX_IMAGE_CHARACTERS = 10 * 1024 * 1024 * 4 // 3
MAX_INPUTS = 2048
MAX_INPUT_TOKENS = 300_000
MAX_TOOLS = 128
MAX_STOPS = 16
ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
PASSED = (
    "temperature",
    "top_p",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "parallel_tool_calls",
    "reasoning_effort",
)
HEADER_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
MAX_IGNORED = 20


class StreamOptionsIn(serializers.Serializer):
    include_usage = serializers.BooleanField(required=False, default=False)


class ChatIn(Serializer):
    """What is known of a chat completion's request; the rest is named in `X-Ignored-Params` and dropped."""

    model = serializers.CharField(max_length=150)
    messages = serializers.ListField(
        child=serializers.DictField(), allow_empty=False, max_length=MAX_MESSAGES
    )
    stream = serializers.BooleanField(required=False, allow_null=True)
    stream_options = StreamOptionsIn(required=False, allow_null=True)
    temperature = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=2)
    top_p = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=1)
    max_tokens = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    max_completion_tokens = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    stop = serializers.JSONField(required=False, allow_null=True)
    seed = serializers.IntegerField(required=False, allow_null=True)
    presence_penalty = serializers.FloatField(
        required=False, allow_null=True, min_value=-2, max_value=2
    )
    frequency_penalty = serializers.FloatField(
        required=False, allow_null=True, min_value=-2, max_value=2
    )
    parallel_tool_calls = serializers.BooleanField(required=False, allow_null=True)
    reasoning_effort = serializers.CharField(required=False, allow_null=True, max_length=20)
    tools = serializers.ListField(
        child=serializers.DictField(), required=False, allow_null=True, max_length=MAX_TOOLS
    )
    tool_choice = serializers.JSONField(required=False, allow_null=True)
    response_format = serializers.DictField(required=False, allow_null=True)
    n = serializers.IntegerField(required=False, allow_null=True)
    logprobs = serializers.BooleanField(required=False, allow_null=True)
    top_logprobs = serializers.IntegerField(required=False, allow_null=True)


class EmbeddingsIn(Serializer):
    """What is known of an embeddings request."""

    model = serializers.CharField(max_length=150)
    input = serializers.JSONField()
    encoding_format = serializers.ChoiceField(["float", "base64"], required=False, allow_null=True)
    dimensions = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=16_000
    )


@dataclass(frozen=True)
class Chat:
    """A chat request as it was understood."""

    model: str
    prompt: ChatPrompt
    is_streaming: bool
    wants_usage: bool
    ignored: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Embeddings:
    """An embeddings request as it was understood."""

    model: str
    prompt: EmbeddingPrompt
    as_base64: bool
    ignored: Sequence[str] = field(default=())


def known(body: Any, form: type[serializers.Serializer]) -> tuple[Any, list[str]]:
    """The fields of a body that the form knows, and the names of the others that a header can carry."""
    if not isinstance(body, Mapping):
        return body, []
    names = set(form().fields)
    others = sorted(name for name in body if name not in names and HEADER_NAME.fullmatch(name))
    return {name: value for name, value in body.items() if name in names}, others[:MAX_IGNORED]


def chat(given: Mapping[str, Any], ignored: Sequence[str]) -> Chat:
    """Raises Invalid and Refused (`unsupported_parameter`). `given` has passed `ChatIn`."""
    if (given.get("n") or 1) != 1:
        raise _unsupported("n")
    for name in ("logprobs", "top_logprobs"):
        if given.get(name):
            raise _unsupported(name)
    faults = list(_faults(given["messages"]))
    if faults:
        raise Invalid(faults)
    params = {name: given[name] for name in PASSED if given.get(name) is not None}
    most = given.get("max_completion_tokens") or given.get("max_tokens")
    if most:
        params["max_tokens"] = most
    if given.get("stop"):
        params["stop"] = _stop(given["stop"])
    prompt = ChatPrompt(
        given["messages"],
        params,
        tools=given.get("tools") or (),
        tool_choice=given.get("tool_choice"),
        response_format=_format(given.get("response_format")),
    )
    options = given.get("stream_options") or {}
    return Chat(
        given["model"],
        prompt,
        bool(given.get("stream")),
        bool(options.get("include_usage")),
        ignored,
    )


def embeddings(given: Mapping[str, Any], ignored: Sequence[str]) -> Embeddings:
    """Raises Invalid. `given` has passed `EmbeddingsIn`."""
    inputs = _inputs(given["input"])
    prompt = EmbeddingPrompt(inputs, "passage", given.get("dimensions"))
    if count_prompt(prompt, "cl100k").tokens > MAX_INPUT_TOKENS:
        raise _invalid("/input", _("At most %(most)s tokens at once.") % {"most": MAX_INPUT_TOKENS})
    return Embeddings(given["model"], prompt, given.get("encoding_format") == "base64", ignored)


def _faults(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for place, message in enumerate(messages):
        at = f"/messages/{place}"
        if message.get("role") not in ROLES:
            yield field_error(f"{at}/role", "invalid_choice", _("No such role."))
        if not _are_calls(message.get("tool_calls")):
            yield field_error(f"{at}/tool_calls", "invalid", _("These are no tool calls."))
        yield from _content_faults(at, message)
    pictures = sum(map(_is_picture, _parts(messages)))
    if pictures > MAX_IMAGES:
        most = _("At most %(most)s pictures.") % {"most": MAX_IMAGES}
        yield field_error("/messages", "max_length", most)


def _content_faults(at: str, message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    content = message.get("content")
    if not isinstance(content, list):
        if not isinstance(content, str) and not _may_be_silent(message):
            yield field_error(f"{at}/content", "invalid", _("Content is text or a list of parts."))
        return
    for index, part in enumerate(content):
        if not _is_part(part):
            words = _("A part is text, or a picture of at most 10 MB.")
            yield field_error(f"{at}/content/{index}", "invalid", words)


def _parts(messages: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    for message in messages:
        content = message.get("content")
        yield from content if isinstance(content, list) else ()


def _may_be_silent(message: Mapping[str, Any]) -> bool:
    return message.get("content") is None and bool(message.get("tool_calls"))


def _is_picture(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "image_url"


def _is_part(part: Any) -> bool:
    if not isinstance(part, Mapping):
        return False
    if part.get("type") == "text":
        return isinstance(part.get("text"), str)
    given = part.get("image_url")
    url = given.get("url") if isinstance(given, Mapping) else None
    if part.get("type") != "image_url" or not isinstance(url, str):
        return False
    # What lies elsewhere is named to the provider as it is; nobody here fetches it.
    return len(url) <= MAX_IMAGE_CHARACTERS and url.startswith(
        ("data:image/", "https://", "http://")
    )


def _are_calls(calls: Any) -> bool:
    if calls is None:
        return True
    return isinstance(calls, list) and all(
        isinstance(call, Mapping)
        and isinstance(call.get("id"), str)
        and isinstance(call.get("function"), Mapping)
        and isinstance(call["function"].get("name"), str)
        and isinstance(call["function"].get("arguments"), str)
        for call in calls
    )


def _stop(given: Any) -> list[str]:
    stops = [given] if isinstance(given, str) else given
    if not isinstance(stops, list) or not all(isinstance(stop, str) and stop for stop in stops):
        raise _invalid("/stop", _("A text or a list of texts."))
    if len(stops) > MAX_STOPS:
        raise _invalid("/stop", _("At most %(most)s texts.") % {"most": MAX_STOPS})
    return stops


def _format(given: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Plain text is what every model answers anyway."""
    if given is None or given.get("type") == "text":
        return None
    if given.get("type") not in {"json_object", "json_schema"}:
        raise _invalid("/response_format/type", _("text, json_object or json_schema."))
    return given


def _inputs(given: Any) -> list[Any]:
    """Texts or token lists, whatever of the four forms was sent."""
    inputs = [given] if isinstance(given, str) or _are_tokens(given) else given
    if not isinstance(inputs, list) or not inputs:
        raise _invalid("/input", _("A text, a list of texts, tokens, or a list of token lists."))
    if len(inputs) > MAX_INPUTS:
        raise _invalid("/input", _("At most %(most)s inputs.") % {"most": MAX_INPUTS})
    for place, entry in enumerate(inputs):
        if not entry or not (isinstance(entry, str) or _are_tokens(entry)):
            raise _invalid(f"/input/{place}", _("Neither text nor tokens, or empty."))
    return inputs


def _are_tokens(given: Any) -> bool:
    return (
        isinstance(given, list)
        and bool(given)
        and all(isinstance(token, int) and not isinstance(token, bool) for token in given)
        and min(given) >= 0
        and max(given) < 2**31
    )


def _unsupported(name: str) -> Refused:
    message = _("This parameter is not supported here.")
    errors = [field_error(f"/{name}", "unsupported_parameter", message)]
    return Invalid(errors, code="unsupported_parameter")


def _invalid(pointer: str, message: str) -> Invalid:
    return Invalid([field_error(pointer, "invalid", message)])
