"""What people are told of their works, each once, in their own list."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from accounts import news, tenancy
from laojun.models import Notification
from studio import versions, writing_stats
from studio.agents import sharing
from studio.batches import running
from studio.drafting import Typed
from studio.models import Agent, AIRequest, Batch, PublishedChapter
from studio.publishing import chapters, opening
from studio.requests import finishing, live
from tests.rig.limits import allow
from tests.studio import rows


def inside(person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def told(person, letter):
    with inside(person):
        found = Notification.objects.filter(user=person.user, letter=letter)
        for row in found:
            assert news.path_of((row.link_type, row.link_id)) != "/"
        return sum(row.repeat_count for row in found)


def test_whoever_looks_on_hears_no_news_of_the_answer(alice):
    with inside(alice):
        work = rows.work(alice)
        chapter = rows.chapter(work, alice)
        given = {"work": work.pk, "chapter": chapter.pk, "status": "processing"}
        seen, done, cut, failed, stopped = (rows.ai_request(alice, **given) for _ in range(5))
        AIRequest.objects.filter(pk=cut.pk).update(is_partial=True)
        live.watched(seen.pk)
        for one, state in (
            (seen, "completed"),
            (done, "completed"),
            (cut, "completed"),
            (failed, "failed"),
            (stopped, "cancelled"),
        ):
            assert finishing.end(one.pk, status=state)
            assert not finishing.end(one.pk, status=state)

    assert told(alice, finishing.DONE) == 1
    assert told(alice, finishing.PARTIAL) == 1
    assert told(alice, finishing.FAILED) == 1


def test_four_fifths_of_a_budget_are_told_once(alice):
    with inside(alice):
        work = rows.work(alice)
        batch, _item = rows.batch(alice, work=work.pk, chapter=rows.chapter(work, alice).pk)
        Batch.objects.filter(pk=batch.pk).update(max_cost=Decimal(10))
        for cost in ("7.9", "0.1", "1"):
            running._spend(batch.pk, Decimal(cost))
        batch.refresh_from_db()

    assert batch.spent == 9
    assert told(alice, "batch_budget") == 1


def test_a_lost_text_a_scheduled_chapter_and_an_ending_code_are_told(alice):
    now = timezone.now()
    with inside(alice):
        who, work = rows.principal(alice), rows.work(alice)
        chapter = rows.chapter(work, alice, "甲")
        versions.keep(chapter=chapter, kind="conflict", text="乙", principal=who)
        opening.open_to_readers(principal=who, work=work)
        chapters.publish(principal=who, chapter=chapter, at=now + timedelta(hours=1))
        PublishedChapter.objects.update(scheduled_for=now)
        agent = rows.agent(alice)
        sharing.share(principal=who, agent=agent)
        Agent.objects.filter(pk=agent.pk).update(share_expires_at=now + timedelta(hours=60))

    for _time in range(2):
        chapters.publish_due()
    sharing.warn(now=now)
    sharing.warn(now=now + timedelta(days=1))

    assert [told(alice, letter) for letter in (versions.CONFLICT, chapters.LETTER)] == [1, 1]
    assert told(alice, sharing.LETTER) == 1


def test_a_goal_of_one_work_is_told_on_the_day_it_is_met(alice, bob):
    path = "/api/v1/me/writing-goals/"
    with inside(alice):
        work, other = rows.work(alice), rows.work(alice)
        chapter = rows.chapter(work, alice)
    send = {"content_type": "application/json"}
    goal = {"work": str(work.pk), "daily_words": 5}
    assert alice.client.put(path, goal, **send).status_code == 200
    assert bob.client.put(path, goal, **send).status_code == 400
    assert alice.client.put(path, {"deadline_on": "2030-01-01"}, **send).status_code == 400
    assert alice.client.get(path).json()["goals"][0]["daily_words"] == 5

    for text in ("一二三", "一二三四五六", "一二三四五六七"):
        with inside(alice):
            rows.save(chapter, alice, text, typed=Typed(typed_words=3, active_seconds=5))
        writing_stats.roll()

    assert told(alice, "writing_goal_met") == 1
    mine = alice.client.get(f"/api/v1/me/writing/?work={work.pk}").json()
    assert (mine["today"], mine["goal"]) == (9, 5)
    assert alice.client.get(f"/api/v1/me/writing/?work={other.pk}").json()["today"] == 0
    assert "9" in alice.get(f"/studio/works/{work.pk}/goals/").content.decode()
    assert bob.get(f"/studio/works/{work.pk}/goals/").status_code == 404


def test_saves_are_limited_for_each_chapter_and_tab(alice):
    with inside(alice):
        work = rows.work(alice)
        first, second = (rows.chapter(work, alice) for _ in "ab")
    allow({"studio.save": 2})

    def save(chapter, tab):
        return alice.client.patch(
            f"/api/v1/chapters/{chapter.pk}/",
            {"title": "x", "tab_id": tab},
            content_type="application/json",
            headers={"If-Match": '"1"'},
        ).status_code

    assert [save(first, "a") for _ in range(3)][-1] == 429
    assert 429 not in (save(first, "b"), save(second, "a"))
