"""What is taken from a model's answer: its text without thoughts and fences, and JSON that proves itself."""

import json
import random

import pytest

from studio.agents import behaviour, builtin, variables
from studio.prose import answers, reports

RAW = (
    "雨停了。",
    "<think>Let me see.</think>雨停了。\n\n他起身。",
    "```markdown\n雨停了。\n他起身。\n```\n",
    "<think>a</think>\n```\n雨停了。\n```",
    "开头 <THINK>b</THINK>结尾",
    "a < b 与 `code` 与 <thing>",
    "```\n只有开头",
    "<think>从不结束",
    "``` 不是围栏",
    "尾巴 <thi",
)


def test_thoughts_and_fences_go_whatever_the_borders_of_the_pieces():
    wanted = [
        "雨停了。",
        "雨停了。\n\n他起身。",
        "雨停了。\n他起身。",
        "雨停了。",
        "开头 结尾",
        "a < b 与 `code` 与 <thing>",
        "只有开头",
        "",
        "``` 不是围栏",
        "尾巴 <thi",
    ]
    assert [answers.clean(raw) for raw in RAW] == wanted
    assert answers.clean("thinking aloud</think>\n雨停了。") == "雨停了。"


def test_what_was_shown_while_it_arrived_is_never_taken_back():
    for raw in RAW:
        shown = ""
        for size in range(len(raw) + 1):
            now = answers.clean(raw[:size], has_ended=False)
            assert now.startswith(shown), (raw, size, shown, now)
            shown = now
        assert answers.clean(raw).startswith(shown)
        assert "think" not in shown.lower() or "<think>" not in raw.lower()


def remark(**changes):
    given = {"kind": "consistency", "severity": 3, "message": "手伤了又好了", "suggestion": "改"}
    return {**given, "quotes": ["他的右手缠着厚厚的绷带"], **changes}


CHAPTERS = {
    "c1": "雨夜。他的右手缠着厚厚的绷带，血还在渗。",
    "c2": "第二天，他用右手举起了斧头劈柴。",
}


def test_a_remark_holds_only_with_words_that_stand_in_a_chapter():
    listed = [
        remark(),
        remark(quotes=["他用右手举起了斧头", "他从未写过的一句话呀"]),
        remark(quotes=["这一句并不在任何一章里"]),
        remark(quotes=["右手"]),
        remark(quotes=["绷带" * 40]),
        remark(kind="politics"),
        remark(quotes=[]),
        remark(quotes="他的右手缠着厚厚的绷带"),
        "nonsense",
        remark(message="  "),
        remark(message="同一处，换个说法"),
    ]
    found = reports.findings(
        f"好的：\n```json\n{json.dumps({'findings': listed})}\n```", chapters=CHAPTERS
    )

    assert [(one.quotes[0].chapter, one.quotes[0].position) for one in found.findings] == [
        ("c1", 3),
        ("c2", 4),
    ]
    assert [len(one.quotes) for one in found.findings] == [1, 1]
    assert found.dropped == 8


def test_an_answer_without_the_json_that_was_asked_for_is_refused():
    for text in (
        "",
        "没有问题",
        "{",
        "[[[[" * 1000,
        '{"other": []}',
        '{"findings": 3}',
        '"findings"',
    ):
        with pytest.raises(reports.Unreadable):
            reports.findings(text, chapters=CHAPTERS)
        with pytest.raises(reports.Unreadable):
            reports.outline(text)
    assert reports.findings('x {"a": 1} {"findings": []}', chapters=CHAPTERS).dropped == 0


def test_an_outline_is_read_within_its_limits():
    chapters = [{"title": f"第{n}", "synopsis": "s" * 5000, "evil": 1} for n in range(400)]
    given = {
        "volumes": [{"title": "上\x00卷\ud800", "chapters": [*chapters, 3, {"title": " "}]}, 7, {}]
    }

    (volume,) = reports.outline(json.dumps(given))

    assert volume["title"] == "上卷"
    assert len(volume["chapters"]) == reports.MOST_CHAPTERS
    assert len(volume["chapters"][0]["synopsis"]) == reports.MOST_SYNOPSIS
    assert set(volume["chapters"][0]) == {"title", "synopsis"}


def test_sliders_become_parameters():
    for given, temperature, tokens in (
        ({}, 0.84, 1400),
        ({"creativity": 0, "formality": 0.8}, 0.2, 1400),
        ({"creativity": 1, "detailLevel": 1}, 1.2, 2000),
        ({"creativity": 0.5, "detailLevel": 0}, 0.75, 500),
    ):
        found = behaviour.parameters(given, most_output=4096)
        assert (found["temperature"], found["max_tokens"]) == (temperature, tokens)
    assert behaviour.parameters({"detailLevel": 1}, most_output=900)["max_tokens"] == 900
    assert behaviour.traits({"formality": 1, "emotionLevel": 0, "pacing": "fast"}) == [
        "formality:high",
        "emotionLevel:low",
        "pacing:fast",
    ]


def test_variables_are_a_closed_list_and_replaced_once():
    prompt = "《{{ work.title }}》{{mood}} {{nonsense}} {{ work.title}} {{"
    assert variables.unknown(prompt, ["mood"]) == ["nonsense"]
    values = {"work.title": "{{language}}", "mood": "静", "language": "zh"}
    assert variables.filled(prompt, values) == "《{{language}}》静 {{nonsense}} {{language}} {{"


def test_every_built_in_agent_speaks_both_languages():
    for recipe in builtin.RECIPES:
        for language in builtin.LANGUAGES:
            words = builtin.wording(recipe.key, language)
            assert words.name
            assert words.description
            assert variables.unknown(words.prompt, ()) == []
            assert builtin.fixed(f"contract.{recipe.output_mode}", language)
            for trait in ("formality:high", "detailLevel:low", "pacing:slow"):
                assert builtin.lines("traits", language)[trait]
    assert {recipe.key for recipe in builtin.RECIPES} >= set(builtin.BY_TYPE.values())
    assert all(
        set(builtin.lines("wishes", one)) == set(builtin.BY_TYPE) for one in builtin.LANGUAGES
    )


def test_random_pieces_of_random_answers_hold_the_same_law():
    chance = random.Random(7)
    alphabet = ["<think>", "</think>", "```", "\n", "字", " ", "<", "`", "a"]
    for _ in range(300):
        raw = "".join(chance.choices(alphabet[0:1] + alphabet[2:], k=12)) + "</think>字"
        shown = ""
        for size in range(len(raw) + 1):
            now = answers.clean(raw[:size], has_ended=False)
            assert now.startswith(shown)
            shown = now
