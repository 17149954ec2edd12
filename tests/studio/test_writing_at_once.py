"""Many writers at once, on connections of their own: no save is lost, none is written over another."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts import tenancy
from accounts.ids import uuid7
from studio import bin as binned
from studio import drafting, naming, ordering
from studio.models import Chapter, ChapterSave, ChapterVersion, Work
from studio.ordering import Place
from tests import factories
from tests.studio import rows

WRITERS, SAVES = 20, 10
MOVES = 100


@pytest.fixture
def desk(committed):
    alice = factories.person("alice")
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
    return alice, work


def at_once(jobs):
    """The results of functions that all run in threads of their own."""

    def run(job):
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_accepted_saves_are_revisions_are_rows_of_the_ledger(desk):
    alice, work = desk
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        chapter = rows.chapter(work, alice)
    principal = rows.principal(alice)

    def write(number):
        accepted = []
        for turn in range(SAVES):
            with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
                seen = Chapter.objects.only("revision").get(pk=chapter.pk).revision
            text = f"{number}.{turn}"
            try:
                with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
                    drafting.save(
                        chapter_id=chapter.pk,
                        principal=principal,
                        text=text,
                        base_revision=seen,
                        save_id=uuid7(),
                        tab_id=str(number),
                    )
            except drafting.Stale:
                continue
            accepted.append((seen + 1, text))
        return accepted

    found = at_once([lambda n=n: write(n) for n in range(WRITERS)])
    accepted = [one for writer in found for one in writer]

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        chapter.refresh_from_db()
        ledger = ChapterSave.objects.filter(chapter=chapter).order_by("revision")
        revisions = [revision for revision, _text in sorted(accepted)]
        assert revisions == list(range(2, chapter.revision + 1))
        assert [row.revision for row in ledger] == revisions
        assert chapter.content == dict(accepted)[chapter.revision]
        texts = ChapterVersion.objects.filter(chapter=chapter)
        numbers = list(texts.values_list("version_number", flat=True))
        assert sorted(numbers) == list(range(1, chapter.version_seq + 1))
        # Each save came from another tab than the one before it or from the same: nothing of another's is gone.
        stored = {*texts.values_list("content", flat=True), chapter.content}
        by = dict(accepted)
        for revision in revisions[:-1]:
            if by[revision].split(".")[0] != by[revision + 1].split(".")[0]:
                assert by[revision] in stored
        work.refresh_from_db()
        assert work.total_words == chapter.word_count


def test_two_people_move_delete_restore_and_save_and_numbers_hold(desk):
    alice, work = desk
    principal = rows.principal(alice)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        parts = [None, rows.volume(work, alice).pk, rows.volume(work, alice).pk]
        made = [rows.chapter(work, alice, text="字").pk for _number in range(20)]

    def person(seed):
        chance = random.Random(seed)
        for _turn in range(MOVES):
            pk = chance.choice(made)
            with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
                deed(chance, pk)

    def deed(chance, pk):
        what = chance.random()
        try:
            if what < 0.1:
                binned.bin_chapters(principal=principal, work_id=work.pk, ids=[pk])
            elif what < 0.2:
                chapter = Chapter.objects.get(pk=pk)
                binned.restore_chapter(chapter=chapter, principal=principal)
            elif what < 0.3:
                revision = Chapter.objects.get(pk=pk).revision
                drafting.save(
                    chapter_id=pk,
                    principal=principal,
                    text="字" * chance.randint(1, 9),
                    base_revision=revision,
                    save_id=uuid7(),
                )
            else:
                place = Place(chance.choice(parts), before=chance.choice([None, *made]))
                ordering.move(work=work, principal=principal, ids=[pk], place=place)
        except (ordering.OrderConflict, binned.NotInBin, drafting.Stale, drafting.InBin):
            pass

    at_once([lambda s=s: person(s) for s in (1, 2)])

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        found = naming.outline(Work.objects.get(pk=work.pk))
        alive = Chapter.objects.alive().filter(work=work)
        assert [line.number for line in found.lines] == list(range(1, alive.count() + 1))
        assert len({line.chapter.pk for line in found.lines}) == alive.count()
        work.refresh_from_db()
        assert work.chapters_count == alive.count()
        assert work.total_words == sum(one.word_count for one in alive)
