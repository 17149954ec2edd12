"""OpenAI's own client, unchanged, against a process of ours."""

import asyncio
import time

import openai
import pytest

pytestmark = pytest.mark.usefixtures("served")
SAY = [{"role": "user", "content": "Say hello"}]


@pytest.fixture
def client(office, served):
    with openai.OpenAI(base_url=f"{served}/api/openai/v1", api_key=office.key) as made:
        yield made


def waited(office, status, seconds=10):
    """The office's calls once all of them are settled."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        calls = office.calls()
        if calls and all(call.status == status for call in calls):
            return calls
        time.sleep(0.05)
    raise AssertionError([call.status for call in office.calls()])


def test_it_lists_the_models_one_may_use(client, office):
    office.model("ok")

    names = [model.id for model in client.models.list()]

    assert "ok" in names
    assert client.models.retrieve("ok").owned_by == "workspace"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing/of the kind")


def test_it_chats(client, office):
    office.model("ok")

    answer = client.chat.completions.create(model="ok", messages=SAY, temperature=0.3)

    assert answer.choices[0].message.content == "Hello world!"
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (9, 3)
    assert answer.model == "ok@1"
    [call] = office.calls()
    assert (call.status, call.purpose, call.input_tokens) == ("succeeded", "openai", 9)
    assert call.api_key_id is not None


def test_it_streams_with_usage(client, office):
    office.model("words:20:0.01")

    with client.chat.completions.create(
        model="words-20-0.01", messages=SAY, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)

    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == "".join(f"word{place} " for place in range(20))
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.completion_tokens) == ([], 20)
    assert waited(office, "succeeded")[0].is_streaming


def test_a_stream_says_nothing_of_usage_unless_it_is_asked(client, office):
    office.model("ok")

    chunks = list(client.chat.completions.create(model="ok", messages=SAY, stream=True))

    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_tools_are_called(client, office):
    office.model("ok")
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}

    answer = client.chat.completions.create(model="ok", messages=SAY, tools=[tool])

    [call] = answer.choices[0].message.tool_calls
    assert (call.id, call.function.name) == ("call_1", "look")
    assert call.function.arguments == '{"place": "北京"}'
    assert answer.choices[0].finish_reason == "tool_calls"


def test_it_embeds_by_default_and_as_numbers(client, office):
    office.model("ok", "embedding")

    default = client.embeddings.create(model="ok", input=["one", "three"])
    numbers = client.embeddings.create(model="ok", input="one", encoding_format="float")

    assert [row.embedding for row in default.data] == [[3.0, 0.5, 0.5, 0.5], [5.0, 0.5, 0.5, 0.5]]
    assert numbers.data[0].embedding == [3.0, 0.5, 0.5, 0.5]
    assert default.usage.prompt_tokens == 4


@pytest.mark.parametrize("given", ["one", ["one"], [1, 2, 3], [[1, 2, 3]]])
def test_all_four_forms_of_input_are_taken(client, office, given):
    office.model("ok", "embedding")

    assert client.embeddings.create(model="ok", input=given).data[0].embedding[0] == 3.0


def test_a_used_up_quota_is_told_and_not_asked_again(office, served):
    office.model("ok")
    office.quota(monthly_quota=1)
    client = openai.OpenAI(base_url=f"{served}/api/openai/v1", api_key=office.key, max_retries=5)
    started = time.monotonic()

    with pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(model="ok", messages=SAY)

    assert refused.value.code == "insufficient_quota"
    assert refused.value.body["scope"] == "workspace"
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert time.monotonic() - started < 5
    assert office.upstream.total == 0
    assert office.calls() == []


@pytest.mark.parametrize("is_streaming", [False, True])
@pytest.mark.parametrize(
    ("model", "error", "code"),
    [
        ("busy", openai.RateLimitError, "provider_rate_limited"),
        ("no-credit", openai.RateLimitError, "provider_provider_quota"),
        ("missing", openai.NotFoundError, "provider_model_missing"),
        ("forbidden", openai.InternalServerError, "provider_permission"),
        ("too-long", openai.BadRequestError, "context_length_exceeded"),
        ("filtered", openai.BadRequestError, "provider_content_filter"),
        ("not-json", openai.InternalServerError, "provider_protocol"),
    ],
)
def test_faults_of_a_provider_are_told_by_their_status(
    office, served, model, error, code, is_streaming
):
    office.model(model)
    client = openai.OpenAI(base_url=f"{served}/api/openai/v1", api_key=office.key, max_retries=0)

    with pytest.raises(error) as refused:
        client.chat.completions.create(model=model, messages=SAY, stream=is_streaming)

    assert refused.value.code == code
    assert refused.value.message
    assert waited(office, "failed")


@pytest.mark.parametrize("model", ["cut", "malformed", "error-in-stream", "huge-line"])
def test_a_fault_in_the_middle_keeps_what_arrived(office, client, model):
    office.model(model)
    heard = []

    with pytest.raises(openai.APIError) as broken:
        heard.extend(client.chat.completions.create(model=model, messages=SAY, stream=True))

    assert "".join(chunk.choices[0].delta.content or "" for chunk in heard) == "Some"
    assert broken.value.code.startswith("provider_")
    assert office.upstream.hits[model] == 1


def test_a_client_that_leaves_stops_the_call(office, served):
    office.model("drip")

    async def leave() -> str:
        address = f"{served}/api/openai/v1"
        async with openai.AsyncOpenAI(base_url=address, api_key=office.key) as client:
            stream = await client.chat.completions.create(model="drip", messages=SAY, stream=True)
            said = ""
            async for chunk in stream:
                said += chunk.choices[0].delta.content or ""
                if said.endswith("...."):
                    await stream.close()
                    return said
        raise AssertionError("it ended by itself")

    asyncio.run(leave())

    deadline = time.monotonic() + 3
    while office.upstream.open and time.monotonic() < deadline:
        time.sleep(0.02)
    assert office.upstream.open == 0
    assert waited(office, "cancelled")[0].output_tokens > 0


@pytest.mark.parametrize("key", ["nonsense", "tlk_nonsense"])
def test_a_wrong_key_is_told_in_their_words(served, key):
    client = openai.OpenAI(base_url=f"{served}/api/openai/v1", api_key=key)

    with pytest.raises(openai.AuthenticationError) as refused:
        client.models.list()

    assert refused.value.code == "token_invalid"
