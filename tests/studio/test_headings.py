"""What a book's text says about its chapters, judged on books whose chapters are known."""

from time import perf_counter

import pytest

from studio.prose.dividing import divide
from studio.prose.numerals import number
from tests.studio import novels

HEADINGS = {
    "ideographic space": lambda n, t: f"第{novels.chinese_numeral(n)}回　{t}",
    "nothing between": lambda n, t: f"第{novels.chinese_numeral(n)}回{t}",
    "arabic": lambda n, t: f"第{n}章 {t}",
    "wide digits": lambda n, t: (
        f"第{str(n).translate(str.maketrans('0123456789', '０１２３４５６７８９'))}章：{t}"
    ),
    "digit string": lambda n, t: f"第{novels.digit_string(n)}章 {t}",
    "old numerals": lambda n, t: f"第{novels.old_numeral(n)}回 {t}",
    "roman": lambda n, t: f"第{novels.roman(n)}章 {t}",
    "indented by tabs": lambda n, t: f"\t\t第 {n} 章\t{t}",
    "in brackets": lambda n, t: f"【第{n}章】{t}",
    "markdown": lambda n, t: f"## 第{n}章 {t}",
    "book before": lambda n, t: f"正文 第{n}章 {t}",
}


def found(text: str) -> list[tuple[int, str, str]]:
    return [
        (piece.ordinal, piece.title, text[piece.body : piece.end].strip().split("\n")[0].strip())
        for piece in divide(text)
        if piece.kind == "chapter" and not piece.is_skipped
    ]


@pytest.mark.parametrize("name", HEADINGS)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_exactly_the_chapters_of_a_book_are_found(name, gap):
    novel = novels.chinese_novel(count=60, heading=HEADINGS[name], gap=gap, seed=len(name))

    assert found(novel.text) == novel.chapters


def test_volumes_stand_above_chapters():
    novel = novels.chinese_novel(volumes=True)
    pieces = divide(novel.text)

    assert [piece.ordinal for piece in pieces if piece.kind == "volume"] == [1, 2, 3]
    assert found(novel.text) == novel.chapters


def test_an_english_book_with_hard_wrapped_lines():
    novel = novels.english_novel()

    assert found(novel.text) == novel.chapters


def test_every_character_belongs_to_exactly_one_piece():
    for novel in (novels.chinese_novel(volumes=True), novels.english_novel()):
        end = 0
        for piece in divide(novel.text):
            assert piece.start == end or not novel.text[end : piece.start].strip()
            assert piece.start <= piece.body <= piece.end
            end = piece.end
        assert end == len(novel.text)


def test_what_a_person_should_look_at_is_flagged():
    body = "他走了很久很久，雨一直下个不停。\n" * 40
    numbers = (1, 2, 4, 5, 5, 3, 6)
    text = "".join(f"\n\n第{n}章 风{place}\n\n{body}" for place, n in enumerate(numbers))
    flags = [(piece.ordinal, piece.flags) for piece in divide(text)]

    assert (4, ("gap",)) in flags
    assert (5, ("repeat",)) in flags
    assert (3, ("order",)) in flags
    assert "short" in divide(text + "\n\n第7章 末\n\n短")[-1].flags
    assert "long" in divide(text + "\n\n第7章 末\n\n" + body * 60)[-1].flags


CASES = {
    "prologue": (
        "楔子\n\n话说。\n\n第一章 起\n\n他来了。\n\n第二章 承\n\n她走了。\n\n尾声\n\n完。\n",
        [None, 1, 2, None],
    ),
    "no headings": ("他来了。\n她走了。\n", [None]),
    "empty": ("", [None]),
    "sections stay inside": (
        "第一章 起\n\n第一节 甲\n文。\n第二节 乙\n文。\n\n第二章 承\n\n文。\n\n第三章 合\n\n文。",
        [1, 2, 3],
    ),
    "only sections": ("第一节 甲\n\n文。\n\n第二节 乙\n\n文。\n", [1, 2]),
    "volume and chapter in a line": (
        "第一卷 风 第一章 甲\n\n文。\n\n第一卷 风 第二章 乙\n\n文。\n",
        [1, 2],
    ),
    "bare numerals": ("I.\n\nText.\n\nII.\n\nText.\n\nIII.\n\nText.\n", [1, 2, 3]),
    "words": ("Chapter One\n\nA.\n\nChapter Two\n\nB.\n\nEpilogue\n\nC.\n", [1, 2, None]),
    "written twice": ("第一章 甲\n\n第一章 甲\n\n文。\n\n第二章 乙\n\n文。\n", [1, 2]),
    "an outline without text": ("第一章 甲\n第二章 乙\n第三章 丙\n", [1, 2, 3]),
    "body that runs on": (
        "第一章 甲\n\n他翻开那本旧书慢慢地读到了\n第二章 那里写着一行\n小字，便合上了。\n\n第二章 乙\n\n文。\n",
        [1, 2],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_hard_cases(name):
    text, ordinals = CASES[name]

    assert [each.ordinal for each in divide(text) if each.kind == "chapter"] == ordinals


def test_numbers_in_every_writing():
    for text, value in {"廿一": 21, "卅": 30, "一〇八": 108, "一百零八": 108, "一百二十": 120, "壹佰": 100, "１２": 12, "XLIV": 44,
                        "Ⅻ": 12, "twenty-one": 21, "the third": 3, "一万零三": 10003, "他": None, "": None, "9" * 9: None}.items():  # fmt: skip
        assert number(text) == value, text


def test_a_preview_of_two_and_a_half_megabytes_takes_no_three_seconds():
    novel = novels.chinese_novel(count=120)
    text = novel.text * (850_000 // len(novel.text) + 1)
    started = perf_counter()

    divide(text)

    assert perf_counter() - started < 3
