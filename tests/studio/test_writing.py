"""The write path: nothing is overwritten unseen, nothing is lost, and everything accepted stands in the ledger."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction

from accounts import tenancy
from accounts.ids import uuid7
from laojun import configs
from laojun.audit import Actor
from laojun.configs import Change
from laojun.models import Notification
from studio import bin as binned
from studio import drafting, versions
from studio.models import Chapter, ChapterSave, ChapterVersion, Work
from studio.prose import counting
from tests.studio import rows

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HARD = "世界 👩‍👩‍👧 e\u0301 العربية \u200b" + "a" + "\u0301" * 1000 + "\n\t　末"


@pytest.fixture
def desk(alice):
    """Alice at a chapter of a work of hers."""
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        yield alice, work, rows.chapter(work, alice)


def kinds(chapter):
    stored = ChapterVersion.objects.filter(chapter=chapter).order_by("version_number")
    return [(one.change_type, one.content) for one in stored]


def test_a_save_moves_text_counts_ledger_and_totals_together(desk):
    alice, work, chapter = desk

    saved = rows.save(chapter, alice, HARD + "\r\nx\ry", title="第一夜")

    chapter.refresh_from_db()
    work.refresh_from_db()
    text = HARD + "\nx\ny"
    assert chapter.content == text
    assert (saved.revision, chapter.revision, chapter.title) == (2, 2, "第一夜")
    assert saved.content_sha256 == chapter.content_sha256 == drafting.sha256_of(text)
    count = counting.count(text)
    assert saved.counts == count == drafting.counts_of(chapter)
    assert (work.total_words, work.words_plain, work.char_count) == (
        count.words,
        count.words_plain,
        count.chars,
    )
    row = ChapterSave.objects.get(chapter=chapter)
    assert (row.base_revision, row.revision, row.sha256, row.bytes) == (
        1,
        2,
        saved.content_sha256,
        len(text.encode()),
    )


def test_stale_repeated_equal_and_bad_saves_write_nothing(desk):
    alice, _work, chapter = desk
    number = uuid7()
    first = rows.save(chapter, alice, "一", save_id=number, base_revision=1)

    again = rows.save(chapter, alice, "一", save_id=number, base_revision=1)
    equal = rows.save(chapter, alice, "一", base_revision=1)

    assert (again.revision, again.content_sha256) == (first.revision, first.content_sha256)
    assert equal.changed is False
    for text, error in (
        ("二", drafting.Stale),
        ("a\0b", drafting.InvalidText),
        ("a\ud800", drafting.InvalidText),
        ("字" * 2_000_001, drafting.TooLarge),
    ):
        with pytest.raises(error):
            rows.save(chapter, alice, text, base_revision=1)
    chapter.refresh_from_db()
    assert (chapter.content, chapter.revision) == ("一", 2)
    assert ChapterSave.objects.filter(chapter=chapter).count() == 1
    rows.save(chapter, alice, "字" * 2_000_000)


def test_only_the_present_fence_saves_and_views_leave_the_revision(desk):
    alice, _work, chapter = desk
    Chapter.objects.filter(pk=chapter.pk).update(fence=3, view_count=9)

    with pytest.raises(drafting.LockLost):
        rows.save(chapter, alice, "旧", fence=2)
    rows.save(chapter, alice, "新", fence=3, base_revision=1)
    rows.save(chapter, alice, "无", base_revision=2)


def test_a_former_text_is_copied_once_for_each_bucket(desk):
    alice, _work, chapter = desk
    with time_machine.travel(NOON, tick=False):
        rows.save(chapter, alice, "甲")
        rows.save(chapter, alice, "甲乙")
        assert kinds(chapter) == []
        rows.save(chapter, alice, "甲乙丙", tab_id="other")
        assert kinds(chapter) == [("autosave", "甲乙")]
    with time_machine.travel(NOON + timedelta(seconds=181), tick=False):
        rows.save(chapter, alice, "甲乙丙丁", tab_id="other")
        rows.save(chapter, alice, "甲乙丙丁戊", tab_id="other")
    assert [text for _kind, text in kinds(chapter)] == ["甲乙", "甲乙丙"]
    second = ChapterVersion.objects.get(chapter=chapter, version_number=2)
    assert abs(second.created_at - NOON) < timedelta(seconds=1)
    assert second.author_id == alice.user.id


def test_select_all_and_delete_cannot_slip_through_a_bucket(desk):
    alice, _work, chapter = desk
    novel = "夜" * 300
    with time_machine.travel(NOON, tick=False):
        rows.save(chapter, alice, novel)
        rows.save(chapter, alice, "")
        assert kinds(chapter) == [("autosave", novel)]
        rows.save(chapter, alice, novel)
        rows.save(chapter, alice, novel[:-1])
        rows.save(chapter, alice, "")
    assert len(kinds(chapter)) == 1


def test_deeds_leave_what_was_before_and_what_they_wrote(desk):
    alice, _work, chapter = desk
    rows.save(chapter, alice, "草稿")
    rows.save(chapter, alice, "机器写的", kind="ai", origin={"model_id": "echo"})
    rows.save(chapter, alice, "机器写的", kind="manual")
    first = ChapterVersion.objects.get(chapter=chapter, change_type="pre_ai")

    saved = versions.restore(version=first, principal=rows.principal(alice), base_revision=3)

    assert saved.revision == 4
    assert kinds(chapter) == [("pre_ai", "草稿"), ("ai", "机器写的"), ("restore", "草稿")]
    stored = {one.change_type: one for one in ChapterVersion.objects.filter(chapter=chapter)}
    # The version restored from and the point of return stay for ever; equal text is stored once in a row.
    assert stored["pre_ai"].valid_until is None
    assert stored["ai"].valid_until is None
    assert stored["restore"].valid_until is not None
    assert stored["restore"].source_version == 1
    chapter.refresh_from_db()
    assert chapter.ai_version_count == 1


def test_a_losing_text_is_kept_beside_the_chapter(desk):
    alice, _work, chapter = desk
    rows.save(chapter, alice, "他人的")
    keep = {"principal": rows.principal(alice), "kind": "conflict", "text": "我的"}

    made = versions.keep(chapter=chapter, **keep)
    again = versions.keep(chapter=chapter, **keep)
    named = versions.name(version=made, principal=rows.principal(alice), label="好的一版")

    assert made.pk == again.pk
    assert named.valid_until is None
    chapter.refresh_from_db()
    assert (chapter.content, chapter.revision, chapter.version_seq) == ("他人的", 2, 1)


def test_versions_go_to_the_second_and_the_kept_ones_never(desk):
    alice, work, chapter = desk
    other = rows.chapter(work, alice)
    with time_machine.travel(NOON, tick=False):
        for number in range(3):
            rows.save(chapter, alice, f"稿{number}", kind="manual")
        rows.save(other, alice, "独", kind="manual")
    named = ChapterVersion.objects.get(chapter=chapter, version_number=2)
    versions.name(version=named, principal=rows.principal(alice), label="定稿")
    end = ChapterVersion.objects.get(chapter=chapter, version_number=1).valid_until
    assert end == NOON + timedelta(days=30)

    assert versions.expire(now=end - timedelta(seconds=1)) == 0
    assert versions.expire(now=end, dry_run=True) == 1
    assert versions.expire(now=end) == 1
    assert versions.expire(now=end) == 0

    left = ChapterVersion.objects.filter(chapter=chapter).values_list("version_number", flat=True)
    assert sorted(left) == [2, 3]
    assert versions.expire(now=end + timedelta(days=425)) == 0
    assert ChapterVersion.objects.get(chapter=other).content == "独"


def test_the_ledger_and_stored_texts_cannot_be_changed(desk):
    alice, _work, chapter = desk
    rows.save(chapter, alice, "一", kind="manual")
    for change in (
        lambda: ChapterSave.objects.filter(chapter=chapter).update(bytes=0),
        lambda: ChapterSave.objects.filter(chapter=chapter).delete(),
        lambda: ChapterVersion.objects.filter(chapter=chapter).update(content=""),
        lambda: ChapterVersion.objects.filter(chapter=chapter).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Work.objects.filter(pk=chapter.work_id).delete()
    assert not ChapterVersion.objects.filter(chapter_id=chapter.pk).exists()


def test_a_full_history_lets_its_oldest_go_and_tells_the_owner(desk):
    alice, _work, chapter = desk
    for number in range(3):
        rows.save(chapter, alice, str(number) * 900_000, kind="manual")
    kept = ChapterVersion.objects.get(chapter=chapter, version_number=1)
    versions.name(version=kept, principal=rows.principal(alice), label="要")
    with tenancy.platform_scope(reason="test"):
        smallest = [Change(versions.MAX_BYTES, 1024 * 1024)]
        configs.write(changes=smallest, workspace_id=None, actor=Actor.system("test"))

    assert versions.expire(now=NOON) == 1

    left = ChapterVersion.objects.filter(chapter=chapter).values_list("version_number", flat=True)
    assert sorted(left) == [1, 3]
    assert Notification.objects.filter(letter=versions.LETTER, user=alice.user).count() == 1


def test_who_has_a_work_in_the_bin_is_told_three_days_before_it_goes(desk):
    alice, work, _chapter = desk
    Work.objects.filter(pk=work.pk).update(deleted_at=NOON)
    for days, told in ((26.9, 0), (27, 1), (27.5, 1), (28.1, 0)):
        assert binned.warn(now=NOON + timedelta(days=days)) == told
    assert Notification.objects.filter(letter=binned.LETTER, user=alice.user).count() == 1
