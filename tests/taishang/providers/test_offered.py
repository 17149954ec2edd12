"""Which providers there are, and that those for tests are never offered to people."""

import asyncio
import os
import subprocess
import sys

import pytest

from taishang.providers.base import (
    PROVIDERS,
    ChatPrompt,
    Connection,
    Done,
    EmbeddingPrompt,
    Provider,
    RerankPrompt,
    UnknownProvider,
    provider_for,
)
from taishang.providers.checks import no_provider_for_tests
from taishang.providers.errors import ErrorClass, ProviderError

OFFERED = {"openai", "anthropic", "deepseek", "ollama", "openai_compatible", "local"}


def test_these_are_offered():
    assert {spec.key for spec in PROVIDERS.values() if not spec.for_tests} == OFFERED


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_the_code_of_each_is_where_it_says(name):
    assert issubclass(PROVIDERS[name].load(), Provider)


def test_an_unknown_provider_is_refused():
    with pytest.raises(UnknownProvider):
        asyncio.run(provider_for(Connection("nobody", "m")))


def test_providers_for_tests_stop_the_start(settings):
    assert no_provider_for_tests() == []

    settings.OFFER_TEST_PROVIDERS = False

    assert {error.id for error in no_provider_for_tests()} == {"taishang.E010"}


def test_the_product_itself_offers_none_for_tests():
    program = (
        "import django; django.setup()\n"
        "from taishang.providers.base import PROVIDERS\n"
        "print(*sorted(PROVIDERS))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(done.stdout.split()) == OFFERED


def heard(name, prompt, **connection):
    async def ask():
        provider = await provider_for(Connection(name, "m", **connection))
        return [event async for event in provider.execute(prompt)]

    return asyncio.run(ask())


@pytest.mark.parametrize("name", ["echo", "scripted"])
@pytest.mark.parametrize(
    "prompt",
    [
        ChatPrompt([{"role": "user", "content": "one two"}]),
        EmbeddingPrompt(["one"]),
        RerankPrompt("q", ["a", "b"]),
    ],
)
def test_those_for_tests_end_as_all_do(name, prompt):
    assert isinstance(heard(name, prompt)[-1], Done)


def test_a_script_can_fail():
    script = {"script": [{"text": "a"}, {"error": "server", "status": 500}]}

    with pytest.raises(ProviderError) as refused:
        heard("scripted", ChatPrompt([]), params=script)

    assert (refused.value.error_class, refused.value.http_status) == (ErrorClass.SERVER, 500)
