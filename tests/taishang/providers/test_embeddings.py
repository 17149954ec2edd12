"""Vectors: in order, of one length, finite, and as many as were asked for."""

import pytest

from taishang.providers.base import Done, EmbeddingPrompt, RerankPrompt, Scores, Usage, Vectors
from taishang.providers.errors import ErrorClass, ProviderError

TWO = EmbeddingPrompt(inputs=["one", "three"])


@pytest.mark.parametrize("provider", ["openai", "openai_compatible", "ollama"])
def test_vectors_come_in_the_order_of_their_texts(asker, provider):
    events = asker(provider)("ok", TWO, dimension=4)

    assert events == [
        Vectors(0, [[3.0, 0.5, 0.5, 0.5], [5.0, 0.5, 0.5, 0.5]]),
        Usage(4, 0),
        Done("stop", "ok", "req-1"),
    ]


def test_many_texts_go_in_batches(asker, upstream):
    prompt = EmbeddingPrompt(inputs=["x" * length for length in range(1, 6)])

    events = asker("openai")("ok", prompt, max_batch=2)

    assert [event.start for event in events if isinstance(event, Vectors)] == [0, 2, 4]
    assert Usage(10, 0) in events
    assert upstream.hits["ok"] == 3


def test_token_lists_are_passed_on(asker, upstream):
    asker("openai")("ok", EmbeddingPrompt(inputs=[[1, 2, 3]]))

    assert upstream.bodies[-1][2]["input"] == [[1, 2, 3]]


def test_fewer_dimensions_are_asked_for(asker, upstream):
    events = asker("openai")("ok", EmbeddingPrompt(inputs=["a"], dimensions=2), dimension=4)

    assert events[0] == Vectors(0, [[1.0, 0.5]])
    assert upstream.bodies[-1][2]["dimensions"] == 2


@pytest.mark.parametrize("provider", ["openai", "openai_compatible"])
@pytest.mark.parametrize("model", ["fewer", "wrong-dimension", "not-finite", "misnumbered"])
def test_wrong_vectors_are_refused(asker, provider, model):
    with pytest.raises(ProviderError) as refused:
        asker(provider)(model, TWO, dimension=4)

    assert refused.value.error_class == ErrorClass.PROTOCOL


@pytest.mark.parametrize("model", ["no-usage", "negative-usage"])
def test_vectors_without_a_count_are_still_vectors(asker, model):
    events = asker("openai")(model, TWO)

    assert [type(event) for event in events] == [Vectors, Done]


def test_documents_are_scored_in_their_order(asker):
    events = asker("openai_compatible")("ok", RerankPrompt("q", ["a", "abc"]))

    assert events == [Scores([1.0, 3.0]), Usage(7, 0), Done("stop", "ok", "req-1")]


def test_missing_scores_are_refused(asker):
    with pytest.raises(ProviderError) as refused:
        asker("openai_compatible")("fewer", RerankPrompt("q", ["a", "abc"]))

    assert refused.value.error_class == ErrorClass.PROTOCOL


def test_a_chat_provider_that_cannot_embed_says_so(asker):
    with pytest.raises(ProviderError) as refused:
        asker("anthropic")("ok", TWO)

    assert refused.value.error_class == ErrorClass.BAD_REQUEST
