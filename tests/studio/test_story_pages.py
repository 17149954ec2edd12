"""The pages of a story: every one opens, forms write, refuse and keep what was typed, panels stand beside the text."""

import pytest

from studio.models import (
    Chapter,
    Character,
    CharacterRelation,
    Collaborator,
    Comment,
    Scene,
    Tag,
    WorldEntry,
)
from studio.search import following, indexing
from tests.studio import stories
from tests.studio.stories import inside

pytestmark = pytest.mark.django_db
TEXT = "黛玉葬花那一天，二爷也在园子里，桃花落了满地。"


@pytest.fixture
def stone(alice):
    with inside(alice):
        work = stories.work(alice)
        work.one = stories.chapter(work, 1, TEXT)
        work.dai = stories.character(work, "黛玉", "颦儿")
        work.bao = stories.character(work, "宝玉", "二爷")
        work.lian = stories.character(work, "贾琏", "二爷")
        work.scene = stories.scene(work, chapter=work.one)
        work.entry = stories.entry(work, "大观园")
        work.tag = stories.tag(work, "梦")
        work.comment = stories.comment(work.one, alice, "好 <b>")
        indexing.note(work.dai)
        following.follow_work(work.pk)
    return work


def pages(work):
    base = f"/studio/works/{work.pk}/"
    panels = f"{base}chapters/{work.one.pk}/panels/"
    reads = [
        "characters/",
        f"characters/{work.dai.pk}/",
        "characters/counting/",
        "characters/names/",
        "characters/map/",
        "characters/map/?as=csv",
        "relations/",
        "scenes/",
        f"scenes/{work.scene.pk}/",
        "world/",
        f"world/{work.entry.pk}/",
        "tags/",
        f"tags/?tag={work.tag.pk}",
        "search/",
        "search/?q=玉",
        "people/",
    ]
    writes = ["characters/new/", "relations/new/", "scenes/new/", "world/new/", "tags/new/"]
    return (
        [f"{base}{one}" for one in reads]
        + [f"{panels}{one}/" for one in ("scenes", "names", "comments")],
        [f"{base}{one}" for one in [*writes, f"tags/{work.tag.pk}/"]],
    )


def test_every_page_opens_for_those_who_may_see_it(alice, bob, charlie, stone):
    reads, writes = pages(stone)
    for path in [*reads, *writes]:
        answer = alice.get(path)
        assert answer.status_code == 200, path
        assert charlie.get(path).status_code == 404, path
        assert bob.get(path).status_code == 404, path
    with inside(alice):
        stories.partner(stone, bob, role="commenter")
    for path in reads:
        assert bob.get(path).status_code == 200, path
    for path in writes:
        assert bob.get(path).status_code == 403, path
    assert bob.get("/studio/invitations/").status_code == 200
    shown = alice.get(f"/studio/comments/{stone.comment.pk}/")
    assert shown["Location"] == f"/studio/works/{stone.pk}/chapters/{stone.one.pk}/?beside=comments"


def test_forms_write_and_give_back_what_was_refused(alice, stone):
    base = f"/studio/works/{stone.pk}/"
    card = {
        "name": "袭人",
        "aliases": "花袭人，珍珠",
        "ai_inclusion": "detected",
        "is_tracked": "on",
        "own": "bed：外间",
        "attribute_age": "17",
    }

    assert alice.post(f"{base}characters/new/", card).status_code == 302
    refused = alice.post(f"{base}characters/new/", {**card, "name": "黛玉"})
    assert (refused.status_code, "花袭人".encode() in refused.content) == (400, True)
    relation = {
        "from_character": stone.dai.pk,
        "to_character": stone.bao.pk,
        "kind": "知己",
        "weight": "5",
    }
    assert alice.post(f"{base}relations/new/", relation).status_code == 302
    assert (
        alice.post(f"{base}relations/new/", {**relation, "to_character": stone.dai.pk}).status_code
        == 400
    )
    assert (
        "知己".encode() in alice.get(f"{base}relations/?chapter={stone.one.pk}&kind=知己").content
    )
    scene = {"title": "读曲", "chapter": stone.one.pk, "characters": [stone.dai.pk, stone.bao.pk]}
    assert alice.post(f"{base}scenes/new/", scene).status_code == 302
    entry = {
        "title": "潇湘馆",
        "category": "geography",
        "parent": stone.entry.pk,
        "ai_inclusion": "never",
    }
    assert alice.post(f"{base}world/new/", entry).status_code == 302
    circle = {**entry, "title": "大观园"}
    with inside(alice):
        made = Character.objects.get(name="袭人")
        assert (made.aliases, made.attributes) == (["花袭人", "珍珠"], {"age": "17", "bed": "外间"})
        assert Scene.objects.get(title="读曲").cast.count() == 2
        below = WorldEntry.objects.get(title="潇湘馆")
        assert below.depth == 1
        link = CharacterRelation.objects.get()
    assert alice.get(f"{base}relations/{link.pk}/").status_code == 200
    assert (
        alice.post(f"{base}world/{stone.entry.pk}/", {**circle, "parent": below.pk}).status_code
        == 400
    )
    assert alice.post(f"{base}tags/new/", {"name": "情", "color": "#A8321C"}).status_code == 302
    assert alice.post(f"{base}tags/new/", {"name": "情", "color": "#A8321C"}).status_code == 400


def test_deeds_of_pages_move_merge_bin_and_undo(alice, stone):
    base = f"/studio/works/{stone.pk}/"

    for path, data in (
        (f"scenes/{stone.scene.pk}/move/", {"chapter": ""}),
        (f"scenes/{stone.scene.pk}/deletion/", {}),
        (f"scenes/{stone.scene.pk}/restoration/", {}),
        (f"world/{stone.entry.pk}/deletion/", {"branch": "yes"}),
        (f"world/{stone.entry.pk}/restoration/", {}),
        ("characters/names/meaning/", {"surface": "二爷", "character": stone.bao.pk}),
        (f"characters/{stone.bao.pk}/merger/", {"character": stone.lian.pk}),
        (f"characters/{stone.lian.pk}/restoration/", {}),
        (f"characters/{stone.lian.pk}/deletion/", {}),
        (f"chapters/{stone.one.pk}/tags/", {"tag": [stone.tag.pk]}),
    ):
        assert alice.post(f"{base}{path}", data).status_code == 302, path
    with inside(alice):
        assert Scene.objects.get().chapter_id is None
        assert Chapter.objects.get().tags == ["梦"]
        assert not Character.objects.alive().filter(name="贾琏").exists()
    assert alice.post(f"{base}tags/{stone.tag.pk}/deletion/").status_code == 302
    with inside(alice):
        assert (Tag.objects.count(), Chapter.objects.get().tags) == (0, [])


def test_comments_beside_the_text_and_people_who_answer_invitations(alice, bob, stone):
    base = f"/studio/works/{stone.pk}/"
    panel = f"{base}chapters/{stone.one.pk}/panels/comments/"

    shown = alice.post(f"{panel}new/", {"body": "此处甚好", "start": "0", "end": "9"})
    assert "此处甚好".encode() in shown.content
    assert b"&lt;b&gt;" in shown.content
    assert "写".encode() not in alice.post(f"{panel}new/", {"body": " "}).content[:0]
    with inside(alice):
        made = Comment.objects.get(body="此处甚好")
        assert made.anchor_quote == TEXT[:9]
    alice.post(f"{base}comments/{made.pk}/", {"deed": "resolve"})
    with inside(alice):
        made.refresh_from_db()
        assert made.resolved_at

    invite = {"username": "bob", "role": "editor", "can_use_ai": "on", "can_export": "on"}
    assert alice.post(f"{base}people/", invite).status_code == 302
    assert alice.post(f"{base}people/", {**invite, "username": "nobody"}).status_code == 400
    assert "石头记".encode() in bob.get("/studio/invitations/").content
    assert bob.post(f"/studio/invitations/{stone.pk}/", {"answer": "yes"}).status_code == 302
    assert bob.get(f"{base}characters/").status_code == 200
    with inside(alice):
        part = Collaborator.objects.get(user=bob.user)
    assert alice.post(f"{base}people/{part.pk}/", {"role": "commenter"}).status_code == 302
    assert bob.post(f"{base}people/{part.pk}/revocation/").status_code == 302
    assert bob.get(f"{base}characters/").status_code == 404


def test_the_search_page_leads_to_the_exact_place(alice, stone):
    answer = alice.get(f"/studio/works/{stone.pk}/search/?q=桃花", headers={"HX-Request": "true"})

    at = TEXT.index("桃花")
    address = f"/studio/works/{stone.pk}/chapters/{stone.one.pk}/?at={at}&amp;length=2&amp;words="
    assert address.encode() in answer.content
    assert "<mark>桃花</mark>".encode() in answer.content


def test_lost_passages_are_placed_again_and_a_card_tells_who_somebody_is(alice, bob, stone):
    base = f"/studio/works/{stone.pk}/"
    chapter = f"{base}chapters/{stone.one.pk}/"
    with inside(alice):
        stories.relation(stone.dai, stone.bao, "cousin")
        Comment.objects.filter(pk=stone.comment.pk).update(anchor_state="orphaned")

    none = alice.post(f"{base}comments/{stone.comment.pk}/", {"deed": "place"})
    span = {"start": "3", "end": "13"}
    alice.post(f"{base}comments/{stone.comment.pk}/", {"deed": "place", **span})
    alice.post(f"{chapter}panels/scenes/{stone.scene.pk}/place/", span)
    card = alice.get(f"{base}characters/{stone.dai.pk}/card/").content.decode()

    assert "alert-warn" in none.content.decode()
    with inside(alice):
        comment, scene = Comment.objects.get(), Scene.objects.get()
    assert comment.anchor_quote == scene.anchor_quote == TEXT[3:13]
    assert comment.anchor_state == "anchored"
    assert "颦儿" in card
    assert "宝玉" in card
    assert bob.get(f"{base}characters/{stone.dai.pk}/card/").status_code == 404
    assert bob.post(f"{chapter}panels/scenes/{stone.scene.pk}/place/", span).status_code == 404
