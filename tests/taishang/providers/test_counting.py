"""Tokens are counted without leaving the machine, and quickly whatever the text is."""

import random
import time

import pytest

from taishang.providers.base import ChatPrompt, EmbeddingPrompt, RerankPrompt
from taishang.providers.counting import Count, count, count_prompt, decoded

MIXED = "你好，世界。Hello world."
TABLES = ["o200k", "cl100k", "qwen", "deepseek"]


@pytest.mark.parametrize(
    ("tokenizer", "tokens"), [("o200k", 7), ("cl100k", 10), ("qwen", 7), ("deepseek", 7)]
)
def test_tables_count_as_their_models_do(tokenizer, tokens):
    assert count(MIXED, tokenizer) == Count(tokens, exact=True)


def test_without_tables_it_is_a_guess():
    assert count("你好", "estimate") == Count(3, exact=False)
    assert count("a" * 35, "unheard of") == Count(11, exact=False)
    assert count("a" * 35, "server") == Count(11, exact=False)


def test_a_guess_reserves_more():
    assert Count(100, exact=True).to_reserve == 100
    assert Count(100, exact=False).to_reserve == 127


@pytest.mark.parametrize("tokenizer", TABLES)
@pytest.mark.parametrize(
    "text",
    ["A" * 1_200_000, "<|endoftext|><|im_start|>", "\ud800", "", "x\x00y"],
    ids=["one run", "special", "half a pair", "nothing", "nul"],
)
def test_odd_texts_are_counted(tokenizer, text):
    started = time.monotonic()

    found = count(text, tokenizer)

    assert found.tokens > 0 or not text
    assert time.monotonic() - started < 20


def test_a_run_of_chinese_takes_no_square_of_time():
    text = "".join(chr(random.Random(7).randint(0x4E00, 0x9000)) for _ in range(4000))
    count("warm", "deepseek")
    started = time.monotonic()

    assert count(text, "deepseek").tokens > 1000
    assert time.monotonic() - started < 5


def test_tokens_of_openai_become_text_again():
    assert decoded([15339, 1917], "cl100k") == "hello world"
    with pytest.raises(ValueError, match="no tokens"):
        decoded([10**9], "cl100k")
    with pytest.raises(ValueError, match="no tables"):
        decoded([1], "estimate")


def test_a_talk_counts_what_the_protocol_wraps_around_it():
    prompt = ChatPrompt([{"role": "user", "content": "hello world"}])

    assert count_prompt(prompt, "o200k") == Count(3 + 3 + 1 + 2, exact=True)


def test_pictures_and_tools_are_only_guessed():
    parts = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    picture = count_prompt(ChatPrompt([{"role": "user", "content": parts}]), "o200k")
    tools = ChatPrompt([{"role": "user", "content": "x"}], tools=[{"type": "function"}])

    assert (picture.tokens > 1000, picture.exact) == (True, False)
    assert not count_prompt(tools, "o200k").exact


def test_texts_and_documents_are_counted():
    assert count_prompt(EmbeddingPrompt(["hello world", [1, 2, 3]]), "o200k") == Count(
        5, exact=True
    )
    assert count_prompt(RerankPrompt("hello", ["a", "b"]), "o200k") == Count(4, exact=True)
