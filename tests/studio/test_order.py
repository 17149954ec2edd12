"""Rank keys, the order of a work, its numbers and its bin."""

import random

import pytest

from accounts import tenancy
from studio import bin as binned
from studio import joining, naming, ordering, ranks, works
from studio.models import Chapter, ChapterVersion, Volume, Work
from studio.ordering import Place
from tests.studio import rows


@pytest.fixture
def desk(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        yield alice, rows.work(alice)


def titles(work):
    return [line.chapter.title for line in naming.outline(Work.objects.get(pk=work.pk)).lines]


def labels(work):
    return [line.label for line in naming.outline(Work.objects.get(pk=work.pk)).lines]


def test_there_is_always_a_key_between_two_and_spread_ones_are_in_order():
    chance = random.Random(7)
    for count in (0, 1, 61, 62, 5000):
        keys = ranks.spread(count)
        assert keys == sorted(set(keys))
        assert len(keys) == count
    keys = []
    for _round in range(3000):
        at = chance.randint(0, len(keys))
        left, right = keys[at - 1] if at else None, keys[at] if at < len(keys) else None
        key = ranks.between(left, right)
        assert left is None or left < key
        assert right is None or key < right
        assert key[-1] != "0"
        keys.insert(at, key)
    for left, right in (("b", "a"), ("a", "a"), (None, "")):
        with pytest.raises(ValueError, match="no key lies"):
            ranks.between(left, right)


def test_chapters_move_within_and_across_volumes_and_numbers_follow(desk):
    alice, work = desk
    by = rows.principal(alice)
    one, two = rows.volume(work, alice, "上"), rows.volume(work, alice, "下")
    made = {
        name: rows.chapter(work, alice, title=name, volume_id=volume)
        for name, volume in (("序", None), ("甲", one.pk), ("乙", one.pk), ("丙", two.pk))
    }
    ordering.mark(chapter=made["序"], principal=by, is_numbered=False)
    assert labels(work) == ["序", "第1章 甲", "第2章 乙", "第3章 丙"]

    move = {"work": work, "principal": by}
    ordering.move(**move, ids=[made["丙"].pk], place=Place(one.pk, before=made["甲"].pk))
    assert titles(work) == ["序", "丙", "甲", "乙"]
    ordering.move(**move, ids=[made["乙"].pk, made["甲"].pk], place=Place(two.pk))
    ordering.move_volume(volume=two, principal=by, before=one.pk, after=None)
    assert labels(work) == ["序", "第1章 乙", "第2章 甲", "第3章 丙"]
    settings = {"numbering": "volume", "chapterNamingPattern": "{vcn}·{cn} {title}"}
    works.change(work=work, principal=by, wishes={"settings": settings})
    assert labels(work) == ["序", "一·一 乙", "一·二 甲", "二·一 丙"]
    seen = Work.objects.get(pk=work.pk).structure_revision
    for place in (Place(one.pk, after=made["甲"].pk), Place(work.pk), Place(before=work.pk)):
        with pytest.raises(ordering.OrderConflict):
            ordering.move(**move, ids=[made["丙"].pk], place=place)
    with pytest.raises(ordering.OutlineStale):
        ordering.move(**move, ids=[made["丙"].pk], place=Place(), seen=seen - 1)
    with pytest.raises(works.BadSettings):
        works.change(work=work, principal=by, wishes={"settings": {"chapterNamingPattern": "{x}"}})


def test_a_scope_whose_keys_grew_too_long_is_spread_anew(desk):
    alice, work = desk
    by = rows.principal(alice)
    first, last = rows.chapter(work, alice, title="首"), rows.chapter(work, alice, title="尾")
    middle = [rows.chapter(work, alice, title=str(number)) for number in range(2)]
    for number in range(120):
        moving = middle[number % 2]
        ordering.move(work=work, principal=by, ids=[moving.pk], place=Place(after=first.pk))
    keys = list(Chapter.objects.filter(work=work).values_list("order_index", flat=True))
    assert max(map(len, keys)) <= ranks.MAX_LENGTH
    assert titles(work) == ["首", "1", "0", "尾"]
    assert last.pk


def test_the_bin_takes_and_gives_back_words_places_and_what_left_with_it(desk):
    alice, work = desk
    by = rows.principal(alice)
    part = rows.volume(work, alice, "卷")
    made = [
        rows.chapter(work, alice, text="字" * number, title=str(number), volume_id=part.pk)
        for number in (1, 2, 3)
    ]

    binned.bin_chapters(principal=by, work_id=work.pk, ids=[made[1].pk])
    work.refresh_from_db()
    assert (titles(work), work.total_words, work.chapters_count) == (["1", "3"], 4, 2)
    ordering.move(work=work, principal=by, ids=[made[0].pk], place=Place(part.pk))
    binned.restore_chapter(chapter=made[1], principal=by)
    assert titles(work) == ["2", "3", "1"]

    binned.bin_chapters(principal=by, work_id=work.pk, ids=[made[0].pk])
    binned.bin_volume(volume=part, principal=by)
    assert titles(work) == []
    binned.restore_chapter(chapter=made[2], principal=by)
    assert Chapter.objects.get(pk=made[2].pk).volume_id is None
    part.refresh_from_db()
    assert binned.restore_volume(volume=part, principal=by) == 1
    binned.restore_chapter(chapter=made[0], principal=by)
    work.refresh_from_db()
    assert (titles(work), work.total_words, work.chapters_count) == (["3", "2", "1"], 6, 3)
    with pytest.raises(binned.NotInBin):
        binned.restore_chapter(chapter=made[0], principal=by)
    binned.bin_work(work=work, principal=by)
    work.refresh_from_db()
    with pytest.raises(binned.TitleDiffers):
        binned.purge_work(work=work, principal=by, title="别的")
    binned.purge_work(work=work, principal=by, title=work.title)
    assert not Volume.objects.filter(work_id=work.pk).exists()


def test_a_chapter_is_split_and_joined_again_without_losing_a_sign(desk):
    alice, work = desk
    by = rows.principal(alice)
    chapter = rows.chapter(work, alice, text="前文后文", title="一")
    revision = Chapter.objects.get(pk=chapter.pk).revision

    tail = joining.split(chapter=chapter, principal=by, at=2, base_revision=revision, title="二")

    chapter.refresh_from_db()
    work.refresh_from_db()
    assert (chapter.content, tail.content, work.total_words) == ("前文", "后文", 4)
    assert titles(work) == ["一", "二"]
    joining.merge_next(chapter=chapter, principal=by, base_revision=chapter.revision)
    chapter.refresh_from_db()
    work.refresh_from_db()
    assert (chapter.content, titles(work), work.total_words) == ("前文\n后文", ["一"], 4)
    stored = ChapterVersion.objects.filter(chapter=chapter).values_list("content", flat=True)
    assert {"前文后文", "前文"} <= set(stored)
    with pytest.raises(ordering.OrderConflict):
        joining.merge_next(chapter=chapter, principal=by, base_revision=chapter.revision)
