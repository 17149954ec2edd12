"""Who is named where: counted with the names of the work, ambiguous names credited to nobody."""

import pytest

from studio.appearances import counting, due, reports
from studio.models import Appearance
from studio.search import following
from tests.accounts.api.calls import assert_problem, program
from tests.studio import stories
from tests.studio.stories import inside

pytestmark = pytest.mark.django_db


@pytest.fixture
def stone(alice):
    """A work of three chapters, counted."""
    with inside(alice):
        work = stories.work(alice)
        stories.chapter(work, 3, "二爷来了，宝玉去了。")
        stories.chapter(work, 1, "甄士隐梦见宝玉石。")
        stories.chapter(work, 2, "宝玉，宝玉！甄宝玉？")
        work.bao = stories.character(work, "宝玉", "二爷", exclusions=["宝玉石"])
        work.zhen = stories.character(work, "甄宝玉")
        work.lian = stories.character(work, "贾琏", "二爷")
        following.follow_work(work.pk)
    return work


def test_counts_first_appearances_and_the_map(alice, stone):
    caller = program(alice)
    with inside(alice):
        stone.bao.refresh_from_db()
        stone.zhen.refresh_from_db()
        assert (stone.bao.appearance_count, stone.zhen.appearance_count) == (3, 1)
        assert stone.bao.first_appearance_chapter.title == "第2回"
        assert stone.bao.first_appearance_position == 0
        assert [one[1:] for one in reports.chapters_of(stone.bao)] == [
            ("第2回", 2, 0),
            ("第3回", 1, 5),
        ]

    told = caller.get(f"/api/v1/works/{stone.pk}/appearances/").json()
    assert [column["title"] for column in told["columns"]] == ["第1回", "第2回", "第3回"]
    assert {row["name"]: row["counts"] for row in told["rows"]} == {
        "宝玉": [0, 2, 1],
        "甄宝玉": [0, 1, 0],
    }
    assert told["waiting"] == 0


def test_a_name_of_several_is_nobodys_until_somebody_says_whose(alice, stone):
    caller = program(alice)
    path = f"/api/v1/works/{stone.pk}/ambiguities/"

    told = caller.get(path).json()
    assert [(one["surface"], one["count"]) for one in told] == [("二爷", 1)]
    assert {c["name"] for c in told[0]["candidates"]} == {"宝玉", "贾琏"}
    wrong = {"surface": "二爷", "character_id": str(stone.zhen.pk)}
    assert_problem(caller.post(path, wrong), 400, "validation_error")

    assert caller.post(path, {**wrong, "character_id": str(stone.lian.pk)}).status_code == 204
    assert caller.get(f"/api/v1/works/{stone.pk}/appearances/").json()["waiting"] == 3
    with inside(alice):
        following.follow_work(stone.pk)
        stone.lian.refresh_from_db()
        assert stone.lian.appearance_count == 1
    assert caller.get(path).json() == []


def test_an_edit_counts_its_chapter_alone_and_names_that_change_count_all(alice, stone):
    with inside(alice):
        kept = set(Appearance.objects.exclude(chapter__title="第1回").values_list("pk", flat=True))
        first = stone.chapters.get(title="第1回")
        stories.rewrite(first, "宝玉在此。")
        assert due.waiting(stone.pk).done == 2
        following.follow_work(stone.pk)
        assert kept <= set(Appearance.objects.values_list("pk", flat=True))
        stone.bao.refresh_from_db()
        assert (stone.bao.appearance_count, stone.bao.first_appearance_chapter_id) == (4, first.pk)


def test_names_that_change_while_a_chapter_is_counted_leave_it_due(alice, stone):
    with inside(alice):
        chapter = stone.chapters.get(title="第2回")
        names = counting.names_of(stone.pk)
        stories.character(stone, "宝")

        assert counting.count(chapter, names) is False

        chapter.refresh_from_db()
        assert chapter.counted_revision == 0
