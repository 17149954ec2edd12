"""Laws of texts: how they are counted, compared and merged."""

import json
import random
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.prose import differences, merging
from studio.prose.counting import count

VECTORS = json.loads((Path(__file__).parent / "vectors" / "counting.json").read_text())
ROOT = Path(__file__).resolve().parents[2]
settings.register_profile("prose", max_examples=60, deadline=None)
brief = settings.get_profile("prose")
# Few different paragraphs, so that they repeat, move and clash.
lines = st.lists(st.sampled_from(["", "夜", "雨", "他走了。", "她没有说话。", "end"]), max_size=12)
texts = lines.map("\n".join)


def test_counts_are_those_of_the_vectors():
    found = [{"text": one["text"], **_counted(one["text"])} for one in VECTORS]

    assert found == VECTORS
    assert len({one["text"] for one in VECTORS}) >= 120


def _counted(text: str) -> dict[str, int]:
    found = count(text)
    return {"words": found.words, "words_plain": found.words_plain, "chars": found.chars}


@brief
@given(st.lists(st.text(max_size=30).filter(lambda one: "\n" not in one), max_size=8))
def test_lines_count_apart(pieces):
    whole = count("\n".join(pieces))

    assert whole.words == sum(count(piece).words for piece in pieces)
    assert whole.chars == sum(count(piece).chars for piece in pieces)


def test_both_languages_read_one_table():
    table = (ROOT / "studio/prose/ranges.json").read_text()
    module = (ROOT / "static/js/studio/ranges.js").read_text()

    assert json.loads(module.partition("export default")[2].rstrip(";\n")) == json.loads(table)


@brief
@given(texts, texts)
def test_all_hunks_make_the_new_text_and_none_the_old_one(old, new):
    hunks = differences.compare(old, new)

    assert differences.apply(old, hunks) == new
    assert differences.apply(old, []) == old
    assert (not hunks) == (old == new)


@brief
@given(st.text(max_size=60), st.text(max_size=60))
def test_pieces_of_a_paragraph_spell_both_sides(old, new):
    pieces = differences.inside(old, new)

    assert "".join(one.text for one in pieces if one.kind != "added") == old
    assert "".join(one.text for one in pieces if one.kind != "removed") == new


def test_a_moved_paragraph_is_called_moved():
    first, second = "他推开门，走进了院子。", "院子里没有人，只有一口井。"

    hunks = differences.compare(f"{first}\n{second}\n末", f"{second}\n末\n{first}")

    assert {line for hunk in hunks for line in hunk.moved} == {first}


def test_long_paragraphs_are_compared_by_sentence():
    old = "".join(f"这是第{number}句话。" for number in range(1000))
    new = old.replace("这是第7句话。", "这是第七句。").replace("这是第991句话。", "")

    pieces = differences.inside(old, new)

    assert "七句。" in [one.text for one in pieces if one.kind == "added"]
    assert sum(len(one.text) for one in pieces if one.kind != "same") < 60


def test_a_paragraph_that_would_take_long_is_shown_as_a_whole():
    began = time.process_time()
    pieces = differences.inside("x" + "a" * 3999 + "y", "z" + "a" * 3000 + "w")

    assert [one.kind for one in pieces] == ["removed", "added"]
    assert time.process_time() - began < 1


@brief
@given(texts, texts)
def test_what_one_side_alone_changed_is_taken(base, other):
    assert merging.merge(base, base, other).text == other
    assert merging.merge(base, other, base).text == other
    assert merging.merge(base, other, other).text == other
    for merged in (
        merging.merge(base, base, other),
        merging.merge(base, other, base),
        merging.merge(base, other, other),
    ):
        assert merged.clean


@brief
@given(texts, texts, texts)
def test_a_clash_holds_both_sides_and_choosing_one_everywhere_gives_that_side(base, mine, theirs):
    merged = merging.merge(base, mine, theirs)

    assert [line for hunk in merged.hunks for line in hunk.mine] == mine.split("\n")
    assert [line for hunk in merged.hunks for line in hunk.theirs] == theirs.split("\n")
    assert [line for hunk in merged.hunks for line in hunk.base] == base.split("\n")
    changed = [hunk for hunk in merged.hunks if hunk.kind != merging.SAME]
    assert merging.resolve(merged, [hunk.mine for hunk in changed]) == mine
    assert merging.resolve(merged, [hunk.theirs for hunk in changed]) == theirs


def test_neighbouring_paragraphs_merge_and_the_same_one_clashes():
    base = "一\n二\n三"

    clean = merging.merge(base, "一！\n二\n三", "一\n二！\n三")
    clash = merging.merge(base, "一！\n二\n三", "一？\n二\n三")

    assert (clean.clean, clean.text) == (True, "一！\n二！\n三")
    assert [hunk.kind for hunk in clash.hunks] == [merging.CLASH, merging.SAME]


@brief
@given(st.lists(st.integers(0, 59), max_size=6), st.lists(st.integers(0, 59), max_size=6))
def test_what_neither_side_touched_survives(mine, theirs):
    base = [f"段落{number}" for number in range(60)]

    merged = merging.merge(
        "\n".join(base),
        "\n".join(_edited(base, mine, "我")),
        "\n".join(_edited(base, theirs, "她")),
    )

    kept = set(merged.text.split("\n"))
    assert all(base[at] in kept for at in range(60) if at not in {*mine, *theirs})
    assert merged.clean == (not set(mine) & set(theirs))


def _edited(base: list[str], places: list[int], sign: str) -> list[str]:
    return [f"{line}{sign}" if at in places else line for at, line in enumerate(base)]


def test_a_megabyte_with_twenty_edits_takes_less_than_a_second():
    luck = random.Random(7)
    base = [
        "" if number % 2 else "".join(luck.choices("天地玄黄宇宙洪荒日月盈昃辰宿列张，。", k=60))
        for number in range(11_000)
    ]
    places = luck.sample(range(len(base)), 40)
    mine, theirs = _edited(base, places[:20], "我"), _edited(base, places[20:], "她")

    began = time.process_time()
    merged = merging.merge("\n".join(base), "\n".join(mine), "\n".join(theirs))
    took = time.process_time() - began

    assert merged.clean
    assert took < 1
