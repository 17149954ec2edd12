"""Search: whatever a plain scan finds, at the same offsets, by the index, for those who see the work."""

import random

import pytest
from django.db import connection

from accounts.authentication import Principal
from laojun import textindex
from studio.models import Chapter, Work
from studio.prose.folding import SEGMENT, fold, occurrences
from studio.search import finding, following, indexing
from studio.search.finding import Query
from tests.accounts.api.calls import assert_problem, program
from tests.studio import stories
from tests.studio.stories import inside
from tests.studio.test_folding import book

pytestmark = pytest.mark.django_db


def principal(person):
    return Principal("session", person.user, workspace_id=person.workspace.id, is_owner=True)


def places(person, work, text, **options):
    """Every place that a search tells, page by page: (chapter, offset) of contents."""
    found, start = {}, 0
    while start is not None:
        query = Query(text, start=start, **options)
        told = finding.search(principal=principal(person), works=[work.pk], query=query)
        for one in told.found:
            found[one.object_id] = (
                one.count,
                [p.offset for p in one.places if p.field == "content"],
            )
        start = told.following
    return found


def test_random_substrings_are_found_as_a_plain_scan_finds_them(alice, monkeypatch):
    monkeypatch.setattr(finding, "MOST_COUNTED", 10**9)
    rng = random.Random(4)
    with inside(alice):
        work = stories.work(alice)
        long = book(rng, SEGMENT + 900)
        texts = [long, book(rng, 700), book(rng, 300), book(rng, 40)]
        chapters = [stories.chapter(work, n, text, title="") for n, text in enumerate(texts, 1)]
        following.follow_work(work.pk)
        assert not following.due().filter(work=work).exists()
        # One was typed in a second ago: the index does not know it yet.
        texts[2] += "刚才打的字"
        stories.rewrite(chapters[2], texts[2])
        for number in range(60):
            text = texts[number % 4]
            size = min(rng.choice([1, 2, 3, 6, 12]), len(text))
            border = SEGMENT - rng.randrange(size + 1)
            start = (
                border if text is long and number % 8 == 0 else rng.randrange(len(text) - size + 1)
            )
            asked = text[start : start + size]
            if not asked.strip():
                continue

            told = places(alice, work, asked)

            for chapter, whole in zip(chapters, texts, strict=True):
                plain = list(occurrences(fold(asked), fold(whole)))
                count, offsets = told.get(chapter.pk, (0, []))
                assert (count, offsets) == (len(plain), plain[:3]), (asked, chapter.title)


def test_a_search_tells_titles_first_snippets_as_written_and_what_is_behind(alice):
    with inside(alice):
        work = stories.work(alice, "宝玉传")
        one = stories.chapter(work, 1, "从前\n话说 Ａpple 与贾宝玉，在园中。\n后来", title="宝玉")
        stories.chapter(work, 2, "贾宝玉笑道。" * 400)
        hero = stories.character(work, "贾宝玉", "宝二爷")
        indexing.note(hero)
        indexing.note(work)
        following.follow_work(work.pk)
        caller = program(alice)

    answer = caller.get(f"/api/v1/works/{work.pk}/search/?q=宝玉").json()
    kinds = [(found["object_type"], found["label"], found["count"]) for found in answer["results"]]
    assert kinds == [
        ("work", "宝玉传", 1),
        ("character", "贾宝玉", 1),
        ("chapter", "宝玉", 2),
        ("chapter", "第2回", 400),
    ]
    title, body = answer["results"][2]["places"]
    assert (title["field"], body["field"]) == ("title", "content")
    assert body["snippet"] == "话说 Ａpple 与贾宝玉，在园中。"
    assert body["snippet"][body["lead"] :][: body["length"]] == "宝玉"
    assert answer["count"] == 404
    folded = caller.get(f"/api/v1/works/{work.pk}/search/?q=aPPLE&kind=chapter").json()
    assert [p["offset"] for p in folded["results"][0]["places"]] == [one.content.index("Ａ")]
    assert len(answer["results"][3]["places"]) == 3
    assert caller.get("/api/v1/search/?q=宝玉").json()["count"] == 404
    for wrong in ("q=", "q=" + "长" * 51, "q=a&kind=x", "q=a&order=x", "q=a&tag=x", "q=a&start=-1"):
        assert_problem(
            caller.get(f"/api/v1/works/{work.pk}/search/?{wrong}"), 400, "validation_error"
        )


def test_another_workspace_and_strangers_find_nothing(alice, bob, charlie):
    with inside(alice):
        work = stories.work(alice)
        stories.chapter(work, 1, "独一无二的秘密")
        following.follow_work(work.pk)
    for person in (bob, charlie):
        assert_problem(
            program(person).get(f"/api/v1/works/{work.pk}/search/?q=秘密"), 404, "not_found"
        )
        assert program(person).get("/api/v1/search/?q=秘密").json()["count"] == 0
    asked = textindex.all_of(textindex.pieces("秘密"), prefix=True)
    call = "SELECT count(*) FROM studio_segments_matching(%s::uuid[], %s::tsquery, %s::text[], 9)"
    with inside(charlie), connection.cursor() as cursor:
        cursor.execute(call, [[work.pk], asked, ["chapter"]])
        assert cursor.fetchone() == (0,)
    with inside(alice), connection.cursor() as cursor:
        cursor.execute(call, [[work.pk], asked, ["chapter"]])
        assert cursor.fetchone() == (1,)


def test_the_schedule_follows_what_was_saved_in_every_workspace(alice, charlie):
    made = []
    for person in (alice, charlie):
        with inside(person):
            work = stories.work(person)
            stories.character(work, "黛玉")
            made.append((person, work, stories.chapter(work, 1, "黛玉葬花")))

    assert following.tick() >= 2
    assert following.tick() == 0

    for person, work, chapter in made:
        with inside(person):
            chapter.refresh_from_db()
            assert chapter.indexed_revision == chapter.counted_revision == chapter.revision
            assert Work.objects.get(pk=work.pk).characters.get().appearance_count == 1
            assert not Chapter.objects.filter(indexed_revision=0).exists()
