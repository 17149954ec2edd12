"""Embeddings on this machine: 384 dimensions, nearer by meaning, without any network."""

import asyncio

import pytest

from taishang.providers.base import Connection, Done, EmbeddingPrompt, Usage, Vectors, provider_for
from taishang.providers.errors import ProviderError


def embedded(inputs, input_type="passage", **options):
    async def ask():
        provider = await provider_for(Connection("local", "multilingual-e5-small"), client=object())
        prompt = EmbeddingPrompt(inputs, input_type, **options)
        return [event async for event in provider.execute(prompt)]

    return asyncio.run(ask())


def dot(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_what_means_the_same_is_nearer_in_two_languages():
    [question] = embedded(["a cat on a mat"], "query")[0].vectors
    cat, database = embedded(["猫坐在垫子上", "PostgreSQL 是一个数据库"])[0].vectors

    assert len(question) == 384
    assert dot(question, cat) > dot(question, database)


def test_a_question_is_not_placed_where_a_passage_is():
    assert embedded(["猫"], "query")[0].vectors != embedded(["猫"])[0].vectors


def test_many_texts_come_in_pieces_and_are_counted():
    events = embedded([f"text {place}" for place in range(10)])

    assert [event.start for event in events if isinstance(event, Vectors)] == [0, 8]
    assert isinstance(events[-2], Usage)
    assert events[-2].input_tokens > 10
    assert isinstance(events[-1], Done)


def test_tokens_of_openai_are_read_as_text():
    by_tokens = embedded([[15339, 1917]])[0].vectors[0]
    by_text = embedded(["hello world"])[0].vectors[0]

    assert dot(by_tokens, by_text) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "a" * 20_000])
def test_odd_texts_have_a_place_too(text):
    assert len(embedded([text])[0].vectors[0]) == 384


def test_other_dimensions_are_refused():
    with pytest.raises(ProviderError, match="384"):
        embedded(["x"], dimensions=100)


def test_numbers_that_are_no_tokens_are_refused():
    with pytest.raises(ProviderError):
        embedded([[10**9]])
