"""Readers see frozen text under a secret link, at once nothing when it is withdrawn, and are counted exactly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import tenancy
from studio import drafting, ordering, reading, works
from studio.models import Chapter, ChapterVersion, Like, Publication, PublishedChapter, Work
from studio.publishing import chapters, readers
from tests import factories
from tests.querygpt.rows import principal
from tests.studio.test_books_api import inside, send

CANARY = "草稿里的秘密"


def book(person, *texts):
    with inside(person):
        who = principal(person)
        work = works.create(principal=who, title="夜航", language="zh-Hans")
        made = [
            ordering.add_chapter(work=work, principal=who, title=f"章{n}", text=text)
            for n, text in enumerate(texts, 1)
        ]
    return work, made


def opened(person, work, **told):
    response = send(person, "put", f"/api/v1/works/{work.pk}/publication/", told)
    assert response.status_code == 200, response.content
    return response.json()["slug"]


def publish(person, chapter, **asked):
    return send(person, "put", f"/api/v1/chapters/{chapter.pk}/publication/", asked)


def write(person, chapter, text):
    with inside(person):
        row = Chapter.objects.get(pk=chapter.pk)
        drafting.save(
            chapter_id=chapter.pk,
            principal=principal(person),
            text=text,
            base_revision=row.revision,
            save_id=uuid4(),
        )


def test_readers_see_what_was_frozen_and_nothing_after_withdrawal(alice, charlie):
    work, (first, second) = book(alice, "他来了。<b>", "她走了。")
    assert publish(alice, first).json()["code"] == "publication_closed"
    slug = opened(alice, work, visibility="link", author_name="佚名")
    assert len(slug) >= 22
    assert publish(alice, first).json()["chapter"]["state"] == "published"
    assert publish(alice, first).json()["code"] == "already_live"
    write(alice, first, CANARY)

    reader = Client()
    contents = reader.get(f"/read/{slug}/")
    page = reader.get(f"/read/{slug}/1/")
    html = page.content.decode()

    assert contents.status_code == page.status_code == 200
    assert "他来了。&lt;b&gt;" in html
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    for secret in (
        CANARY,
        str(work.pk),
        str(first.pk),
        alice.user.username,
    ):
        assert secret not in html + contents.content.decode(), secret
    assert reader.get(f"/read/{slug}/2/").status_code == 404
    assert reader.get(f"/read/{slug}x/").status_code == 404
    again = publish(alice, first)
    assert (again.status_code, CANARY in reader.get(f"/read/{slug}/1/").content.decode()) == (
        200,
        True,
    )
    with inside(alice):
        assert ChapterVersion.objects.filter(chapter=first, change_type="published").count() == 2
    publish(alice, second)

    send(alice, "delete", f"/api/v1/chapters/{first.pk}/publication/")
    assert "她走了。" in reader.get(f"/read/{slug}/1/").content.decode()
    send(alice, "delete", f"/api/v1/works/{work.pk}/publication/")
    assert reader.get(f"/read/{slug}/").status_code == 404
    assert charlie.client.get(f"/read/{slug}/1/").status_code == 404
    new = opened(alice, work, new_link=True)
    assert new != slug
    assert reader.get(f"/read/{slug}/").status_code == 404
    assert reader.get(f"/read/{new}/1/").status_code == 200


def test_a_publication_of_the_workspace_is_for_its_members(alice, bob, charlie):
    work, (first,) = book(alice, "文。")
    slug = opened(alice, work, visibility="workspace")
    publish(alice, first)

    for person, status in ((alice, 200), (bob, 200), (charlie, 404)):
        assert person.client.get(f"/read/{slug}/1/").status_code == status, person
    assert Client().get(f"/read/{slug}/1/").status_code == 404


def test_bad_input_and_strangers(alice, bob, charlie):
    work, (first,) = book(alice, "文。")
    for person in (bob, charlie):
        assert send(person, "put", f"/api/v1/works/{work.pk}/publication/", {}).status_code == 404
        assert publish(person, first).status_code == 404
    opened(alice, work)
    past, far = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=500)
    for at in (past, far):
        assert publish(alice, first, scheduled_for=at.isoformat()).status_code == 400
    assert publish(alice, first, scheduled_for="soon").status_code == 400
    response = send(
        alice, "put", f"/api/v1/works/{work.pk}/publication/", {"cover_file_id": str(uuid4())}
    )
    assert response.status_code == 400
    response = send(alice, "delete", f"/api/v1/chapters/{first.pk}/publication/")
    assert response.json()["code"] == "publication_state"
    assert send(alice, "get", f"/api/v1/works/{work.pk}/stats/").json()["like_count"] == 0


def test_a_scheduled_chapter_comes_out_once_also_after_a_standstill(alice):
    work, (first, second) = book(alice, "文。", "后。")
    slug = opened(alice, work, visibility="link")
    at = timezone.now() + timedelta(hours=1)
    assert (
        publish(alice, first, scheduled_for=at.isoformat()).json()["chapter"]["state"]
        == "scheduled"
    )
    later = at + timedelta(hours=1)
    assert publish(alice, first, scheduled_for=later.isoformat()).status_code == 200
    publish(alice, second, scheduled_for=at.isoformat())
    send(alice, "delete", f"/api/v1/chapters/{second.pk}/publication/")
    assert chapters.publish_due() == 0
    assert Client().get(f"/read/{slug}/1/").status_code == 404
    with inside(alice):
        PublishedChapter.objects.filter(chapter=first).update(
            scheduled_for=timezone.now() - timedelta(days=2)
        )

    assert [chapters.publish_due(), chapters.publish_due()] == [1, 0]
    assert Client().get(f"/read/{slug}/1/").status_code == 200
    with inside(alice):
        assert PublishedChapter.objects.get(chapter=second).state == "draft"


def test_two_hundred_likes_of_fifty_readers_are_fifty(committed):
    alice = factories.person("alice")
    work, (first,) = book(alice, "文。")
    slug = opened(alice, work, visibility="link")
    publish(alice, first)
    with inside(alice):
        publication = Publication.objects.get(slug=slug)
        row = PublishedChapter.objects.get(chapter=first)

    def once(number: int) -> bool:
        try:
            return readers.like(publication=publication, chapter=row, reader_key=f"r{number % 50}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        new = sum(pool.map(once, range(200)))

    with inside(alice):
        assert new == Like.objects.count() == 50
        assert Chapter.objects.get(pk=first.pk).like_count == 50
        assert Work.objects.get(pk=work.pk).like_count == 50
    assert [
        readers.unlike(publication=publication, chapter=row, reader_key="r1") for _ in range(2)
    ] == [True, False]
    with inside(alice):
        assert Chapter.objects.get(pk=first.pk).like_count == 49


def test_pages_like_and_count_readers_without_a_name(alice):
    work, (first,) = book(alice, "文。")
    slug = opened(alice, work, visibility="link")
    publish(alice, first)
    reader, other = Client(), Client()
    for client in (reader, reader, other):
        assert client.post(f"/read/{slug}/1/like/", {"deed": "like"}).status_code == 302
        assert client.post(f"/read/{slug}/1/reading/").status_code == 204
    other.post(f"/read/{slug}/1/like/", {"deed": "unlike"})
    for _again in range(2):
        liked = send(alice, "put", f"/api/v1/read/{slug}/1/like/").json()
    assert liked == {"liked": True, "likes": 2}

    assert [readers.roll(), readers.roll()] == [1, 0]
    with inside(alice):
        chapter = Chapter.objects.get(pk=first.pk)
        keys = set(Like.objects.values_list("reader_key", flat=True))
        assert (chapter.view_count, chapter.like_count) == (2, 2)
        assert Work.objects.get(pk=work.pk).reading_count == 2
        assert all("127.0.0.1" not in key for key in keys)


def test_a_link_shows_one_publication_and_nothing_else(alice, charlie):
    work, (first,) = book(alice, "文。")
    other, (hidden,) = book(alice, "别的。")
    slug, second = opened(alice, work, visibility="link"), opened(alice, other, visibility="link")
    publish(alice, first)
    publish(alice, hidden)

    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        assert not Publication.objects.exists()
        with reading.named(slug):
            assert [row.slug for row in Publication.objects.all()] == [slug]
            assert {row.slug for row in PublishedChapter.objects.all()} == {slug}
            assert not Chapter.objects.exists()
        assert not Publication.objects.exists()
    assert slug != second


def test_the_writers_page_opens_publishes_and_hides(alice):
    work, (first, second) = book(alice, "文。", "后。")
    page = f"/studio/works/{work.pk}/publication/"
    assert alice.client.get(page).status_code == 200
    told = {"title": "夜航", "author_name": "佚名", "blurb": "", "visibility": "link"}
    assert alice.client.post(page, told).status_code == 302
    chosen = {"deed": "publish", "chapter": [str(first.pk), str(second.pk)]}
    assert alice.client.post(f"{page}chapters/", chosen).status_code == 302
    at = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    alice.client.post(
        f"{page}chapters/", {"deed": "schedule", "at": at, "chapter": [str(first.pk)]}
    )
    alice.client.post(f"{page}chapters/", {"deed": "withdraw", "chapter": [str(second.pk)]})
    with inside(alice):
        states = dict(PublishedChapter.objects.values_list("chapter__title", "state"))
        assert states == {"章1": "published", "章2": "withdrawn"}
    shown = alice.client.get(page).content.decode()
    assert "/read/" in shown
    alice.client.post(f"{page}withdrawal/")
    with inside(alice):
        assert not Work.objects.get(pk=work.pk).is_published


def test_what_republishing_would_change_is_shown(alice):
    work, (chapter,) = book(alice, "旧的一句。\n同样的。")
    opened(alice, work)
    publish(alice, chapter)
    with inside(alice):
        drafting.save(
            chapter_id=chapter.pk,
            principal=principal(alice),
            text="新的一句。\n同样的。",
            base_revision=Chapter.objects.get(pk=chapter.pk).revision,
            save_id=uuid4(),
        )

    listed = alice.get(f"/studio/works/{work.pk}/publication/").content.decode()
    address = f"/studio/works/{work.pk}/chapters/{chapter.pk}/comparison/?from=published&to=now"
    shown = alice.get(address).content.decode()

    assert address.replace("&", "&amp;") in listed
    assert "<del>旧</del>" in shown
    assert "<ins>新</ins>" in shown
