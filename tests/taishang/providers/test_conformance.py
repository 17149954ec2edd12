"""Every provider, asked by the same suite: one answer, one end, and each fault told as its own class."""

import asyncio
import contextlib
import time

import httpx2
import pytest

from taishang.providers.base import PROVIDERS, Done, Text, Timeouts, Usage, provider_for
from taishang.providers.errors import MENDING, ErrorClass, ProviderError
from tests.taishang.providers.conftest import HELLO, said

OVER_HTTP = ["openai", "anthropic", "deepseek", "ollama", "openai_compatible", "local"]
FAULTS = {
    "rate-limited": ErrorClass.RATE_LIMITED,
    "no-credit": ErrorClass.PROVIDER_QUOTA,
    "server": ErrorClass.SERVER,
    "overloaded": ErrorClass.SERVER,
    "missing": ErrorClass.MODEL_MISSING,
    "bad-request": ErrorClass.BAD_REQUEST,
    "too-long": ErrorClass.CONTEXT_TOO_LONG,
    "filtered": ErrorClass.CONTENT_FILTER,
    "forbidden": ErrorClass.PERMISSION,
    "error-200": ErrorClass.SERVER,
    "not-json": ErrorClass.PROTOCOL,
    "redirect": ErrorClass.PROTOCOL,
    "empty": ErrorClass.PROTOCOL,
}
AFTER_A_TOKEN = {
    "cut": ErrorClass.PROTOCOL,
    "malformed": ErrorClass.PROTOCOL,
    "no-object": ErrorClass.PROTOCOL,
    "huge-line": ErrorClass.PROTOCOL,
    "error-in-stream": ErrorClass.SERVER,
}

pytestmark = pytest.mark.parametrize("name", OVER_HTTP)


@pytest.fixture
def ask(asker, name):
    return asker(name)


def test_it_says_what_the_model_says(ask):
    events = ask("ok")

    assert said(events) == "Hello world!"
    assert events[-2] == Usage(9, 3, 4)
    assert events[-1] == Done("stop", "ok", "req-1")


def test_a_model_that_does_not_stream_answers_in_one_piece(ask, upstream):
    events = ask("ok", streams=False)

    assert said(events) == "Hello world!"
    assert isinstance(events[-1], Done)
    assert not upstream.bodies[-1][2].get("stream")


@pytest.mark.parametrize(("model", "expected"), FAULTS.items())
def test_each_fault_has_its_class(ask, upstream, model, expected):
    with pytest.raises(ProviderError) as refused:
        ask(model)

    assert refused.value.error_class == expected
    assert upstream.hits[model] == 1, "a provider does not retry by itself"


@pytest.mark.parametrize(("model", "expected"), AFTER_A_TOKEN.items())
def test_what_arrived_before_a_fault_is_given(ask, model, expected):
    kept = []

    with pytest.raises(ProviderError) as refused:
        ask.into(kept, model)

    assert kept == [Text("Some")]
    assert refused.value.error_class == expected


def test_a_wrong_key_is_told_apart(ask):
    with pytest.raises(ProviderError) as refused:
        ask("ok", api_key="wrong")

    assert (refused.value.error_class, refused.value.http_status) == (ErrorClass.AUTH, 401)


def test_nobody_there_is_no_connection(ask):
    with pytest.raises(ProviderError) as refused:
        ask("ok", base_url="http://127.0.0.1:9/v1")

    assert refused.value.error_class == ErrorClass.CONNECT


@pytest.mark.parametrize(
    ("model", "timeouts", "expected"),
    [
        ("hang-before", Timeouts(first=0.3), ErrorClass.FIRST_TOKEN_TIMEOUT),
        ("hang-between", Timeouts(gap=0.3), ErrorClass.IDLE_TIMEOUT),
        ("drip", Timeouts(total=0.6), ErrorClass.TOTAL_TIMEOUT),
    ],
)
def test_each_wait_ends_in_its_own_class(ask, upstream, model, timeouts, expected):
    with pytest.raises(ProviderError) as refused:
        ask(model, timeouts=timeouts)

    assert refused.value.error_class == expected
    assert upstream.hits[model] == 1


@pytest.mark.parametrize(
    ("model", "seconds"), [("rate-limited", 7.0), ("rate-limited-date", 86_400)]
)
def test_it_says_how_long_to_wait(ask, model, seconds):
    with pytest.raises(ProviderError) as refused:
        ask(model)

    assert refused.value.retry_after == seconds
    assert refused.value.is_retryable


@pytest.mark.parametrize("model", ["no-usage", "negative-usage"])
def test_no_usage_is_better_than_a_wrong_one(ask, model):
    events = ask(model)

    assert said(events) == "Hello world!"
    assert not [event for event in events if isinstance(event, Usage)]
    assert isinstance(events[-1], Done)


def test_a_character_cut_in_two_is_joined(ask):
    events = ask("split-utf8")

    assert said(events) == "你😀Hello world!"
    assert events[-1].replaced == 0


def test_what_is_no_text_is_replaced_and_counted(ask):
    bad, surrogates = ask("bad-utf8"), ask("surrogates")

    assert said(bad) == "\ufffd\ufffdHello world!"
    assert said(surrogates) == "😀 \ufffd \ufffdHello world!"
    assert (bad[-1].replaced, surrogates[-1].replaced) == (2, 2)


def test_the_server_key_of_the_environment_stays_here(ask, upstream, monkeypatch):
    for variable in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(variable, "canary")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "canary")

    ask("ok", api_key="")

    _path, headers, _body = upstream.bodies[-1]
    assert "canary" not in str(headers)


@pytest.mark.parametrize("model", ["drip", "hang-between", "hang-before"])
def test_who_leaves_takes_the_upstream_along(ask, upstream, model):
    async def leave() -> None:
        async with httpx2.AsyncClient(timeout=None) as client:
            provider = await provider_for(ask.connection(model), client=client)
            events = provider.execute(HELLO)
            reading = asyncio.ensure_future(_read(events))
            async with asyncio.timeout(20):
                while not upstream.open:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
            await events.aclose()
            await asyncio.sleep(0.2)

    asyncio.run(leave())

    deadline = time.monotonic() + 1
    while upstream.open and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (upstream.open, upstream.aborted) == (0, 1)


async def _read(events):
    async for _event in events:
        pass


def test_a_connection_is_used_again_once_an_answer_was_read(ask, upstream):
    async def twice() -> None:
        async with httpx2.AsyncClient(timeout=None) as client:
            for _time in range(2):
                provider = await provider_for(ask.connection("ok"), client=client)
                async for _event in provider.execute(HELLO):
                    pass

    asyncio.run(twice())

    assert (upstream.hits["ok"], upstream.connections) == (2, 1)


def test_every_class_says_how_to_mend_it(name):
    assert set(MENDING) == set(ErrorClass)
    assert PROVIDERS[name].label
