"""Works and chapters through the API: rights, revisions, bad bodies."""

import hashlib
import json
from base64 import b64encode

import pytest

from accounts import tenancy
from accounts.ids import uuid7
from laojun.models import AuditLog
from studio.models import Chapter, ChapterVersion
from tests import factories
from tests.rig import limits
from tests.studio import rows

pytestmark = pytest.mark.django_db
JSON = "application/json"
EVERYWHERE = (
    "works/{work}/",
    "works/{work}/outline/",
    "works/{work}/stats/",
    "works/{work}/volumes/",
    "works/{work}/chapters/",
    "volumes/{volume}/",
    "chapters/{chapter}/",
    "chapters/{chapter}/versions/",
    "chapters/{chapter}/versions/1/",
    "chapters/{chapter}/comparison/",
)


class Caller:
    """A person at the API of works."""

    def __init__(self, person):
        self.person = person

    def __call__(self, method, path, body=None, *, seen=None, **headers):
        given = {"HTTP_IF_MATCH": f'"{seen}.x"'} if seen is not None else {}
        data = body if isinstance(body, bytes) else json.dumps(body or {})
        return getattr(self.person.client, method)(
            f"/api/v1/{path}",
            data=data if method != "get" else None,
            content_type=JSON,
            headers={"X-Workspace-Id": str(self.person.workspace.id), **headers},
            **given,
        )


@pytest.fixture
def desk(alice):
    limits.ease()
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        volume = rows.volume(work, alice)
        chapter = rows.chapter(work, alice, text="第一稿", volume_id=volume.pk)
        rows.save(chapter, alice, "第二稿", kind="manual")
    ids = {"work": work.pk, "volume": volume.pk, "chapter": chapter.pk}
    return Caller(alice), ids


def test_a_work_lives_from_the_shelf_to_the_bin_and_back(alice):
    limits.ease()
    call = Caller(alice)
    made = call("post", "works/", {"title": "夜航船", "tags": ["古"], "language": "zh-Hans"})
    assert made.status_code == 201, made.content
    work = made.json()
    path = f"works/{work['id']}/"
    seen = made["ETag"].strip('"').partition(".")[0]

    assert call("patch", path, {"title": "x"}).status_code == 428
    changed = call("patch", path, {"title": "夜航"}, seen=seen)
    assert (changed.status_code, changed.json()["title"]) == (200, "夜航")
    assert call("patch", path, {"title": "x"}, seen=seen).status_code == 412
    assert call("get", path, **{"If-None-Match": changed["ETag"]}).status_code == 304
    for bad in (
        {"title": " "},
        {"title": "x" * 256},
        {"status": "gone"},
        {"unknown": 1},
        {"settings": {"contextBudget": 0.9}},
        {"settings": {"unknown": 1}},
        {"settings": {"chapterNamingPattern": "{x}"}},
    ):
        assert call("patch", path, bad, seen=work["revision"] + 1).status_code == 400, bad
    assert call("delete", path, seen=2).status_code == 204
    assert call("get", path).status_code == 404
    assert [one["id"] for one in call("get", "bin/").json()["results"]] == [work["id"]]
    odd = call("post", f"{path}erasure/", {"title": "别的"})
    assert (odd.status_code, odd.json()["code"]) == (409, "title_differs")
    assert call("post", f"{path}restoration/").status_code == 200
    assert call("post", f"{path}erasure/", {"title": "夜航"}).status_code == 404
    assert [one["id"] for one in call("get", "works/").json()["results"]] == [work["id"]]


def test_a_chapter_is_saved_over_what_was_seen_and_over_nothing_else(desk):
    call, ids = desk
    path = f"chapters/{ids['chapter']}/"
    shown = call("get", path)
    base = shown.json()["revision"]
    number = str(uuid7())
    text = "一\r\n二  \n"

    body = {"content": text, "tab_id": "a", "typed_words": 2}
    saved = call("patch", path, body, seen=base, **{"Idempotency-Key": number})
    again = call("patch", path, body, seen=base, **{"Idempotency-Key": number})

    assert saved.status_code == 200, saved.content
    assert saved.json()["content_sha256"] == hashlib.sha256("一\n二  \n".encode()).hexdigest()
    assert again.json()["revision"] == saved.json()["revision"] == base + 1
    stale = call("patch", path, {"content": "三"}, seen=base)
    assert (stale.status_code, stale.json()["code"]) == (412, "chapter_stale")
    assert stale.json()["current"]["content"] == "一\n二  \n"
    assert stale.json()["current"]["revision"] == base + 1
    kept = call("post", f"{path}versions/", {"kind": "conflict", "content": "三"})
    assert kept.status_code == 201
    assert call("get", f"{path}versions/{kept.json()['number']}/").json()["content"] == "三"
    merged = call(
        "post",
        f"{path}merges/",
        {"base": "一\n二", "mine": "一\n二\n三", "theirs_revision": base + 1},
    )
    assert merged.status_code == 200, merged.content
    raw = json.dumps({"content": "四"}).encode()
    digest = b64encode(hashlib.sha256(raw).digest()).decode()
    for given, headers, status, code in (
        ({"content": "x"}, {}, 428, "version_required"),
        ({"content": "a\0b"}, {"seen": base + 1}, 400, "invalid_text"),
        (b'{"content": "a\\ud800"}', {"seen": base + 1}, 400, "invalid_text"),
        ({"content": "x", "length": 2}, {"seen": base + 1}, 400, "digest_mismatch"),
        (raw, {"seen": base + 1, "Content-Digest": "sha-256=:AAAA:"}, 400, "digest_mismatch"),
        ({"content": "x", "fence": 9}, {"seen": base + 1}, 409, "lock_lost"),
        ({"content": "字" * 2_000_001}, {"seen": base + 1}, 413, "chapter_too_large"),
    ):
        answer = call("patch", path, given, **headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content[:300]
    fine = call("patch", path, raw, seen=base + 1, **{"Content-Digest": f"sha-256=:{digest}:"})
    assert fine.status_code == 200
    assert call("delete", path).status_code == 204
    binned = call("patch", path, {"content": "五"}, seen=base + 2)
    assert (binned.status_code, binned.json()["code"]) == (409, "chapter_in_bin")
    assert call("post", f"{path}restoration/").status_code == 200


def test_one_tab_edits_and_another_may_take_over(desk):
    call, ids = desk
    path = f"chapters/{ids['chapter']}/lock/"
    first = call("put", path, {"tab_id": "one"})
    assert first.status_code == 200, first.content
    assert call("put", path, {"tab_id": "one"}).json()["fence"] == first.json()["fence"]
    held = call("put", path, {"tab_id": "two"})
    assert (held.status_code, held.json()["holder"]["tab_id"]) == (409, "one")

    taken = call("post", f"{path}takeover/", {"tab_id": "two"}).json()

    assert taken["fence"] == first.json()["fence"] + 1
    save = {"content": "旧", "fence": first.json()["fence"]}
    lost = call("patch", f"chapters/{ids['chapter']}/", save, seen=9)
    assert (lost.status_code, lost.json()["code"]) == (409, "lock_lost")
    assert call("delete", path, {"tab_id": "one"}).status_code == 204
    assert call("get", path).json()["tab_id"] == "two"
    assert call("delete", path, {"tab_id": "two"}).status_code == 204
    assert call("get", path).status_code == 404


def test_versions_are_listed_compared_named_and_brought_back(desk):
    call, ids = desk
    path = f"chapters/{ids['chapter']}/"
    listed = call("get", f"{path}versions/").json()["results"]
    assert [(one["kind"], "content" in one) for one in listed] == [
        ("manual", False),
        ("autosave", False),
    ]
    compared = call("get", f"{path}comparison/?from=1&to=now").json()["hunks"]
    assert (compared[0]["old"], compared[0]["new"]) == (["第一稿"], ["第二稿"])
    named = call("patch", f"{path}versions/1/", {"label": "初稿"}).json()
    assert (named["is_kept"], named["valid_until"]) == (True, None)
    assert call("post", f"{path}versions/1/restoration/").status_code == 428
    base = call("get", path).json()["revision"]
    back = call("post", f"{path}versions/1/restoration/", {}, seen=base)
    assert back.status_code == 200, back.content
    assert call("get", path).json()["content"] == "第一稿"
    for odd in ("from=9", "from=x", "from=1&to=99999999999"):
        assert call("get", f"{path}comparison/?{odd}").status_code == 404


def test_the_outline_is_one_reply_and_chapters_move_in_it(desk, alice, at_most):
    call, ids = desk
    work = f"works/{ids['work']}/"
    second = call("post", f"{work}chapters/", {"title": "二", "content": "字字"}).json()
    with at_most(4):
        found = call("get", f"{work}outline/")
    assert [line["label"] for line in found.json()["chapters"]] == ["第1章 二", "第2章"]
    assert call("get", f"{work}outline/", **{"If-None-Match": found["ETag"]}).status_code == 304
    seen = found.json()["structure_revision"]
    move = {"ids": [second["id"]], "volume": str(ids["volume"]), "after": str(ids["chapter"])}

    moved = call("post", f"{work}arrangement/", move, seen=seen)

    assert moved.status_code == 200, moved.content
    assert call("post", f"{work}arrangement/", move, seen=seen).status_code == 412
    lines = call("get", f"{work}outline/").json()["chapters"]
    assert [line["title"] for line in lines] == ["", "二"]
    odd = {"ids": [second["id"]], "before": str(ids["chapter"])}
    assert call("post", f"{work}arrangement/", odd).status_code == 409
    split = call("post", f"chapters/{second['id']}/split/", {"at": 1}, seen=second["revision"])
    assert (split.status_code, split.json()["content"]) == (201, "字")
    base = call("get", f"chapters/{second['id']}/").json()["revision"]
    assert call("post", f"chapters/{second['id']}/merger/", {}, seen=base).status_code == 200
    assert call("get", f"{work}stats/").json()["chapters_count"] == 2
    assert call("delete", f"volumes/{ids['volume']}/").status_code == 204
    assert call("get", f"{work}stats/").json()["total_words"] == 0
    assert call("post", f"volumes/{ids['volume']}/restoration/").status_code == 200


def test_strangers_find_nothing_and_colleagues_what_they_were_given(desk, alice, bob, charlie):
    call, ids = desk
    for path in EVERYWHERE:
        assert call("get", path.format(**ids)).status_code == 200, path
        for other in (bob, charlie):
            assert Caller(other)("get", path.format(**ids)).status_code == 404, path
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = Chapter.objects.get(pk=ids["chapter"]).work
        part = rows.collaborator(work, bob, "commenter")
    reader = Caller(bob)
    chapter = f"chapters/{ids['chapter']}/"
    assert reader("get", chapter).status_code == 200
    assert reader("get", f"{chapter}versions/").json()["results"] == []
    assert reader("patch", chapter, {"content": "x"}, seen=3).status_code == 403
    assert reader("delete", f"works/{ids['work']}/", seen=1).status_code == 403
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        part.role, part.permissions = "editor", {"chapters": [str(uuid7())]}
        part.save(update_fields=["role", "permissions"])
    assert reader("patch", chapter, {"content": "x"}, seen=3).status_code == 403
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        part.permissions = {"chapters": [str(ids["chapter"])]}
        part.save(update_fields=["permissions"])
    assert reader("patch", chapter, {"content": "x"}, seen=3).status_code == 200
    assert reader("post", f"works/{ids['work']}/chapters/", {}).status_code == 403
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        part.revoked_at = part.accepted_at
        part.save(update_fields=["revoked_at"])
    assert reader("get", chapter).status_code == 404
    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        assert not Chapter.objects.exists()
        assert not ChapterVersion.objects.exists()


def test_a_work_is_handed_to_a_member_and_to_nobody_else(desk, alice, bob, charlie):
    call, ids = desk
    path = f"works/{ids['work']}/transfer/"
    assert call("post", path, {"user_id": str(charlie.user.pk)}).status_code == 400
    assert call("post", path, {"user_id": str(bob.user.pk)}).status_code == 200
    assert Caller(bob)("get", f"works/{ids['work']}/").json()["owner_id"] == str(bob.user.pk)
    assert call("get", f"chapters/{ids['chapter']}/").status_code == 200
    assert call("delete", f"works/{ids['work']}/", seen=2).status_code == 403


def test_whoever_may_see_everybodys_works_leaves_a_trace(desk, alice):
    _call, ids = desk
    dora = factories.colleague("dora", of=alice, role="admin")
    assert Caller(dora)("get", f"works/{ids['work']}/").status_code == 200
    assert Caller(dora)("get", f"chapters/{ids['chapter']}/").status_code == 200
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        opened = AuditLog.objects.filter(action="work.opened", resource_id=str(ids["work"]))
        assert opened.count() == 2
    page = f"/studio/works/{ids['work']}/chapters/{ids['chapter']}/"
    assert dora.get(page).status_code == 200
    assert alice.get(page).status_code == 200
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert opened.count() == 3
    assert Caller(dora)("patch", f"works/{ids['work']}/", {"title": "x"}, seen=1).status_code == 403


def test_who_else_has_a_chapter_open_is_named(alice, bob, charlie):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        rows.collaborator(work, bob, "commenter")
        chapter = rows.chapter(work, alice)
    path = f"chapters/{chapter.pk}/presence/"

    def here(person):
        return Caller(person)("put", path)

    assert here(alice).json()["people"] == []
    assert here(bob).json()["people"] == ["alice"]
    assert here(alice).json()["people"] == ["bob"]
    assert here(charlie).status_code == 404
