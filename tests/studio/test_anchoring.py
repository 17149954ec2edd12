import random

import pytest

from studio.prose import anchoring
from studio.prose.anchoring import Anchor, NothingToHold, find, renew, take

WORDS = (
    "夜色如墨，长街上只剩一盏灯。",
    "他点了点头，说道：",
    "“你来晚了。”老人没有抬头。",
    "The rain had stopped an hour ago. ",
    "林黛玉放下书卷，望向窗外的竹影。",
    "船在江心打转，桨声渐远。",
    "She said nothing, as ever. ",
    "𠮷野家的灯笼👨‍👩‍👧在风里摇晃。",
)


def prose(rng: random.Random, sentences: int) -> str:
    """Sentences of their own, and now and then one that stands everywhere."""
    made = []
    for _ in range(sentences):
        own = "".join(chr(0x4E00 + rng.randrange(3_000)) for _ in range(rng.randrange(8, 30)))
        made.append(f"{own}。" if rng.random() < 0.7 else rng.choice(WORDS))
    return "".join(made)


def edit(rng: random.Random, letters: list[tuple[str, int]], fresh: int) -> list[tuple[str, int]]:
    """One edit of a text whose letters carry an identity: typed, deleted, moved, pasted again."""
    start = rng.randrange(len(letters) + 1)
    end = min(len(letters), start + rng.randrange(1, 60))
    kind = rng.choice(["type", "type", "delete", "move", "copy", "replace"])
    piece = letters[start:end]
    typed = [(letter, fresh + n) for n, letter in enumerate(prose(rng, rng.randrange(1, 3)))]
    if kind == "type":
        return letters[:start] + typed + letters[start:]
    if kind == "replace":
        return letters[:start] + typed + letters[end:]
    rest = letters if kind == "copy" else letters[:start] + letters[end:]
    if kind == "delete":
        return rest if len(rest) > 400 else letters
    place = rng.randrange(len(rest) + 1)
    return rest[:place] + piece + rest[place:]


def test_after_500_random_edits_an_anchor_is_right_or_orphaned_and_never_wrong() -> None:
    held = lost = 0
    for seed in range(2):
        rng = random.Random(seed)
        text = prose(rng, 80)
        letters = [(letter, number) for number, letter in enumerate(text)]
        kept = []
        for _ in range(10):
            start = rng.randrange(len(text) - 320)
            anchor = take(text, start, start + rng.choice([0, 2, 8, 20, 90, 300]))
            kept.append((anchor, letters[anchor.start][1], letters[anchor.end - 1][1]))
        for number in range(500):
            letters = edit(rng, letters, (number + 1) * 1_000_000)
            text = "".join(letter for letter, _ in letters)
            following = []
            for anchor, first, last in kept:
                renewed, state = renew(anchor, text)
                if state == "orphaned":
                    lost += 1
                    assert renewed == anchor
                else:
                    held += 1
                    begins, ends = letters[renewed.start], letters[renewed.end - 1]
                    assert (begins[1], ends[1]) == (first, last), (seed, number, anchor.quote)
                following.append((renewed, first, last))
            kept = following
    assert held > 1_000, (held, lost)


def test_a_place_is_found_by_its_words_and_refused_where_two_are_alike() -> None:
    text = prose(random.Random(9), 20)
    anchor = take(text, 100, 130)

    assert find(anchor, text).state == "anchored"
    shifted = find(anchor, "楔子\n" + text)
    assert (shifted.state, shifted.start, shifted.end) == ("moved", 103, 133)
    assert find(anchor, text[:100] + text[130:]).state == "orphaned"
    passage = text[60:170]
    assert find(anchor, "新章" + passage + text).state == "orphaned"
    beheaded = text[:95] + "改了五个字" + text[100:]
    assert find(anchor, "序" + beheaded).start == 101


def test_a_long_range_keeps_what_is_written_inside_it() -> None:
    text = prose(random.Random(3), 80)
    anchor = take(text, 50, 600)

    grown = text[:300] + "新写的一段。" + text[300:]

    assert len(anchor.quote) == anchoring.MAX_QUOTE
    assert find(anchor, grown) == anchoring.Place("moved", 50, 606)


def test_bad_ranges_and_texts_too_short_are_refused() -> None:
    for start, end in ((-1, 3), (4, 3), (0, 99)):
        with pytest.raises(ValueError, match="range"):
            take("一二三四五六七八九十", start, end)
    with pytest.raises(NothingToHold):
        take("短", 0, 1)
    assert take("一二三四五六七八九十", 9, 9) == Anchor(2, 10, "三四五六七八九十", "一二", "")
