"""How a prompt is written in each protocol."""

import pytest

from taishang.providers.base import ChatPrompt, Done, ToolCall

TOOL = {
    "type": "function",
    "function": {"name": "look", "description": "Looks", "parameters": {"type": "object"}},
}
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "One"},
    {"role": "user", "content": [{"type": "text", "text": "Two"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "seen"},
]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_tool_call_arrives_in_pieces(asker, provider):
    if provider == "anthropic":
        pytest.skip("its dialect here has no tools")
    events = asker(provider)("ok", ChatPrompt(TALK[:2], tools=[TOOL]))

    calls = [event for event in events if isinstance(event, ToolCall)]
    assert (calls[0].id, calls[0].name) == ("call_1", "look")
    assert "".join(call.arguments for call in calls) == '{"place": "北京"}'
    assert isinstance(events[-1], Done)
    assert events[-1].finish_reason == "tool_calls"


def test_openai_is_asked_for_usage_and_by_the_newer_name(asker, upstream):
    prompt = ChatPrompt(TALK, {"max_tokens": 9, "temperature": 0.5}, response_format={"type": "x"})

    asker("openai")("ok", prompt, params={"top_p": 0.9, "model": "other", "temperature": 1})

    body = upstream.bodies[-1][2]
    assert body["stream_options"] == {"include_usage": True}
    assert (body["max_completion_tokens"], body["temperature"], body["top_p"]) == (9, 0.5, 0.9)
    assert (body["model"], body["response_format"]) == ("ok", {"type": "x"})
    assert body["messages"] == TALK


def test_others_are_asked_by_the_older_name(asker, upstream):
    asker("deepseek")("ok", ChatPrompt(TALK, {"max_tokens": 9}))

    assert upstream.bodies[-1][2]["max_tokens"] == 9


def test_anthropic_lifts_the_system_and_merges_neighbours(asker, upstream):
    prompt = ChatPrompt(TALK, {"temperature": 1.7, "stop": "END"}, tools=[TOOL])

    asker("anthropic")("ok", prompt)

    path, headers, body = upstream.bodies[-1]
    assert path == "/v1/messages"
    assert headers["authorization"] == "Bearer key"
    assert body["system"] == "Be brief."
    assert (body["max_tokens"], body["temperature"]) == (4096, 1)
    assert body["stop_sequences"] == ["END"]
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert [block["text"] for block in body["messages"][0]["content"]] == ["One", "Two"]
    assert body["messages"][1]["content"][0]["input"] == {"a": 1}
    assert body["messages"][2]["content"][0]["tool_use_id"] == "c1"
    assert body["tools"][0]["input_schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {"type": "auto"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "look"}}, {"type": "tool", "name": "look"}),
    ],
)
def test_anthropic_is_told_which_tool(asker, upstream, given, expected):
    asker("anthropic")("ok", ChatPrompt(TALK, tools=[TOOL], tool_choice=given))

    assert upstream.bodies[-1][2]["tool_choice"] == expected


def test_pictures_reach_anthropic_as_data(asker, upstream):
    url = {"url": "data:image/png;base64,AAAA"}
    parts = [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": url}]

    asker("anthropic")("ok", ChatPrompt([{"role": "user", "content": parts}]))

    source = upstream.bodies[-1][2]["messages"][0]["content"][1]["source"]
    assert source == {"type": "base64", "media_type": "image/png", "data": "AAAA"}
