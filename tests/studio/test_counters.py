"""Counters are proved and mended; the demo's novel; who leaves takes no work along."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts import tenancy
from studio import demo, leaving, recounting
from studio.models import Chapter, Collaborator, Work
from tests.studio import rows

pytestmark = pytest.mark.django_db


def test_the_demo_novel_is_made_once_and_counted_right(alice):
    for _time in range(2):
        demo.seed_novel(user=alice.user, workspace=alice.workspace)

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = Work.objects.get()
        assert work.chapters_count == 4
        assert work.characters.count() == 3
        assert work.chapters.filter(versions__label="初稿").count() == 4
    assert recounting.recount() == []


def test_a_wrong_counter_is_found_and_mended(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        chapter = rows.chapter(work, alice, text="夜，雨。")
        Chapter.objects.filter(pk=chapter.pk).update(word_count=9, tags=["无"])
        Work.objects.filter(pk=work.pk).update(chapters_count=7)

    with pytest.raises(CommandError):
        call_command("studio_recount", stdout=io.StringIO())
    call_command("studio_recount", "--fix", stdout=io.StringIO())

    assert recounting.recount() == []
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work.refresh_from_db()
        chapter.refresh_from_db()
        assert (work.chapters_count, work.total_words, chapter.tags) == (1, 4, [])


def test_works_of_who_leaves_go_to_the_owner(alice, bob):
    with tenancy.workspace(alice.workspace.id, user_id=bob.user.id):
        work = rows.work(bob)
        theirs = rows.work(alice, "别人的")
        rows.collaborator(theirs, bob)

    with tenancy.platform_scope(reason="test"):
        assert leaving.hand_over(workspace=alice.workspace, user=bob.user) == 1

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work.refresh_from_db()
        assert work.user_id == alice.user.id
        owners = Collaborator.objects.filter(work=work).values_list("user_id", "role")
        assert list(owners) == [(alice.user.id, "owner")]
        assert not Collaborator.objects.active().filter(user=bob.user).exists()
