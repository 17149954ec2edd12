"""Characters, relations, scenes, the world, tags, comments and people over the API, with what each of them may."""

import pytest
from django.db import IntegrityError, transaction

from laojun.models import AuditLog, Notification
from studio.models import Chapter, Collaborator, Comment, Scene, WorldEntry
from studio.search import following
from tests import factories
from tests.accounts.api.calls import assert_problem, program
from tests.studio import stories
from tests.studio.stories import inside

pytestmark = pytest.mark.django_db
TEXT = "黛玉葬花那一天，园子里的桃花落了满地，她把花锁在锦囊里，埋在花冢之下。"


@pytest.fixture
def stone(alice):
    with inside(alice):
        made = stories.work(alice)
        made.one = stories.chapter(made, 1, TEXT)
        made.two = stories.chapter(made, 2, "第二天")
    return made


def change(caller, path, data, method="patch"):
    """A write that saw the present form."""
    return caller.call(method, path, data, **{"If-Match": caller.get(path)["ETag"]})


def deeds(person):
    with inside(person):
        rows = AuditLog.objects.filter(workspace_id=person.workspace.id).order_by("pk")
        areas = {"character", "relation", "scene", "world_entry", "tag", "comment", "collaborator"}
        return [row for row in rows.values_list("action", flat=True) if row.split(".")[0] in areas]


def test_characters_live_merge_and_come_back(alice, stone):
    caller, base = program(alice), f"/api/v1/works/{stone.pk}/characters/"

    dai = caller.post(base, {"name": "黛玉", "aliases": ["颦儿", "颦儿"]}).json()
    lin = caller.post(base, {"name": "林姑娘", "attributes": {"age": "15"}}).json()
    bao = caller.post(base, {"name": "宝玉"}).json()
    assert dai["aliases"] == ["颦儿"]
    assert_problem(caller.post(base, {"name": "黛玉"}), 409, "name_taken")
    for wrong in (
        {"name": " "},
        {"name": "x", "attributes": {"a" * 60: ""}},
    ):
        assert_problem(caller.post(base, wrong), 400, "validation_error")
    path = f"/api/v1/characters/{dai['id']}/"
    assert_problem(caller.patch(path, {"role": "女主"}), 428, "version_required")
    assert change(caller, path, {"role": "女主"}).json()["role"] == "女主"

    relation = {"from_id": bao["id"], "to_id": lin["id"], "kind": "知己", "weight": 5}
    made = caller.post(f"/api/v1/works/{stone.pk}/relations/", relation)
    assert made.status_code == 201, made.content
    assert_problem(
        caller.post(
            f"/api/v1/works/{stone.pk}/relations/",
            {**relation, "from_id": lin["id"], "to_id": bao["id"]},
        ),
        409,
        "name_taken",
    )
    assert_problem(
        caller.post(f"/api/v1/works/{stone.pk}/relations/", {**relation, "to_id": bao["id"]}),
        400,
        "validation_error",
    )

    merged = caller.post(f"{path}merger/", {"character_id": lin["id"]}).json()
    assert merged["aliases"] == ["颦儿", "林姑娘"]
    assert caller.get(f"/api/v1/characters/{lin['id']}/").status_code == 404
    ends = caller.get(f"/api/v1/relations/{made.json()['id']}/").json()
    assert {ends["from_id"], ends["to_id"]} == {bao["id"], dai["id"]}

    back = caller.post(f"/api/v1/characters/{lin['id']}/restoration/").json()
    assert back["attributes"] == {"age": "15"}
    assert caller.get(path).json()["aliases"] == ["颦儿"]
    ends = caller.get(f"/api/v1/relations/{made.json()['id']}/").json()
    assert {ends["from_id"], ends["to_id"]} == {bao["id"], lin["id"]}
    assert change(caller, path, None, "delete").status_code == 204
    assert (
        change(caller, f"/api/v1/relations/{made.json()['id']}/", None, "delete").status_code == 204
    )
    assert {
        "character.created",
        "character.binned",
        "character.restored",
        "relation.deleted",
    } <= set(deeds(alice))


def test_scenes_hold_on_to_their_passage(alice, stone):
    caller, base = program(alice), f"/api/v1/works/{stone.pk}/scenes/"
    start = TEXT.index("园子里")
    given = {
        "title": "葬花",
        "chapter_id": str(stone.one.pk),
        "start_position": start,
        "end_position": start + 12,
    }

    made = caller.post(base, given)
    assert (made.status_code, made.json()["anchor_state"]) == (201, "anchored"), made.content
    path = f"/api/v1/scenes/{made.json()['id']}/"
    with inside(alice):
        stories.rewrite(stone.one, "楔子。" + TEXT)
        following.follow_work(stone.pk)
    moved = caller.get(path).json()
    assert (moved["anchor_state"], moved["start_position"]) == ("moved", start + 3)
    with inside(alice):
        stories.rewrite(stone.one, "面目全非的一章，什么也不剩下了。")
        following.follow_work(stone.pk)
    assert caller.get(path).json()["anchor_state"] == "orphaned"
    loose = change(caller, path, {"chapter_id": str(stone.two.pk)}).json()
    assert (loose["start_position"], loose["anchor_state"]) == (None, "")
    for wrong in (
        {"start_position": 1},
        {"start_position": 0, "end_position": 3},
        {"start_position": 9, "end_position": 1},
        {"chapter_id": str(stone.pk)},
        {"character_ids": [str(stone.pk)]},
    ):
        assert_problem(change(caller, path, wrong), 400, "validation_error")
    assert change(caller, path, None, "delete").status_code == 204
    assert caller.post(f"/api/v1/scenes/{made.json()['id']}/restoration/").status_code == 200


def test_the_world_is_a_tree_without_circles_of_nine_levels(alice, stone):
    caller, base = program(alice), f"/api/v1/works/{stone.pk}/worldview/"
    entries = [caller.post(base, {"title": "0"}).json()]
    for level in range(1, 9):
        made = caller.post(base, {"title": str(level), "parent_id": entries[-1]["id"]})
        entries.append(made.json())
    assert [entry["depth"] for entry in entries] == list(range(9))
    assert_problem(caller.post(base, {"title": "9", "parent_id": entries[8]["id"]}), 422, "depth")
    top = f"/api/v1/worldview/{entries[0]['id']}/"
    assert_problem(caller.post(f"{top}placement/", {"parent_id": entries[5]["id"]}), 422, "cycle")
    other = caller.post(base, {"title": "别处"}).json()
    assert_problem(caller.post(f"{top}placement/", {"parent_id": other["id"]}), 422, "depth")

    half = f"/api/v1/worldview/{entries[4]['id']}/"
    assert caller.post(f"{half}placement/", {"parent_id": other["id"]}).json()["depth"] == 1
    assert caller.get(f"/api/v1/worldview/{entries[8]['id']}/").json()["depth"] == 5
    assert change(caller, half, None, "delete").status_code == 204
    lifted = caller.get(f"/api/v1/worldview/{entries[5]['id']}/").json()
    assert (lifted["parent_id"], lifted["depth"]) == (other["id"], 1)
    assert change(
        caller, f"/api/v1/worldview/{other['id']}/?branch=true", None, "delete"
    ).status_code in (204, 400)


def test_tags_are_copied_renamed_merged_and_taken_off(alice, stone):
    caller, base = program(alice), f"/api/v1/works/{stone.pk}/tags/"
    love = caller.post(base, {"name": "情", "color": "#A8321C"}).json()
    dream = caller.post(base, {"name": "梦"}).json()
    assert_problem(caller.post(base, {"name": "情"}), 409, "name_taken")
    assert caller.post(base, {"name": "情", "is_own": True}).status_code == 201
    assert_problem(caller.post(base, {"name": "x", "color": "red"}), 400, "validation_error")

    for chapter in (stone.one, stone.two):
        put = caller.call(
            "put", f"/api/v1/chapters/{chapter.pk}/tags/", {"tag_ids": [love["id"], dream["id"]]}
        )
        assert put.json() == {"tags": ["情", "梦"]}
    assert_problem(
        caller.call("put", f"/api/v1/chapters/{stone.one.pk}/tags/", {"tag_ids": [str(stone.pk)]}),
        400,
        "validation_error",
    )
    change(caller, f"/api/v1/tags/{love['id']}/", {"name": "爱"})
    assert _tags(alice, stone) == [["梦", "爱"], ["梦", "爱"]]
    assert (
        caller.post(f"/api/v1/tags/{love['id']}/merger/", {"tag_id": dream["id"]}).status_code
        == 200
    )
    assert _tags(alice, stone) == [["爱"], ["爱"]]
    assert caller.get(base).json()[0]["chapters"] == 0
    assert {tag["name"]: tag["chapters"] for tag in caller.get(base).json()} == {"情": 0, "爱": 2}
    assert change(caller, f"/api/v1/tags/{love['id']}/", None, "delete").status_code == 204
    assert _tags(alice, stone) == [[], []]


def _tags(person, work):
    with inside(person):
        return [sorted(row.tags) for row in Chapter.objects.filter(work=work).order_by("title")]


def test_comments_are_answered_resolved_and_told(alice, bob, stone):
    with inside(alice):
        stories.partner(stone, bob, role="commenter")
    caller, critic = program(alice), program(bob)
    base = f"/api/v1/works/{stone.pk}/comments/"
    given = {
        "chapter_id": str(stone.one.pk),
        "body": "妙 @alice",
        "start_position": 0,
        "end_position": 10,
    }

    first = critic.post(base, given)
    assert (first.status_code, first.json()["anchor_state"]) == (201, "anchored"), first.content
    with inside(alice):
        assert Notification.objects.filter(user=alice.user).count() == 1
    number = first.json()["id"]
    answer = caller.post(base, {**given, "body": "谢", "parent_id": number}).json()
    assert answer["start_position"] is None
    deep = {**given, "parent_id": answer["id"]}
    assert_problem(caller.post(base, deep), 400, "validation_error")
    assert_problem(critic.delete(f"/api/v1/comments/{answer['id']}/"), 403, "permission_denied")
    assert_problem(
        caller.patch(f"/api/v1/comments/{number}/", {"body": "x"}), 403, "permission_denied"
    )
    assert caller.post(f"/api/v1/comments/{number}/resolution/").json()["resolved_at"]
    assert critic.delete(f"/api/v1/comments/{number}/resolution/").json()["resolved_at"] is None
    assert caller.delete(f"/api/v1/comments/{number}/").status_code == 204
    with inside(alice):
        assert not Comment.objects.alive().exists()


def test_people_are_invited_accept_and_leave(alice, bob, charlie, stone):
    caller, guest = program(alice), program(bob)
    base = f"/api/v1/works/{stone.pk}/collaborators/"

    assert_problem(
        caller.post(base, {"user_id": str(charlie.user.pk), "role": "editor"}),
        400,
        "validation_error",
    )
    given = {"user_id": str(bob.user.pk), "role": "editor", "permissions": {"can_use_ai": False}}
    assert caller.post(base, given).status_code == 201
    assert_problem(caller.post(base, given), 409, "already_collaborator")
    assert guest.get(f"/api/v1/works/{stone.pk}/characters/").status_code == 404
    assert [one["title"] for one in guest.get("/api/v1/work-invitations/").json()] == ["石头记"]
    mine = f"/api/v1/work-invitations/{stone.pk}/"
    assert guest.call("put", mine).json()["accepted_at"]
    assert guest.get(f"/api/v1/works/{stone.pk}/characters/").status_code == 200
    role = {"role": "editor", "permissions": {"chapters": [str(stone.one.pk)], "can_invite": True}}
    changed = caller.patch(f"{base}{bob.user.pk}/", role).json()
    assert changed["permissions"] == {"chapters": [str(stone.one.pk)], "can_invite": True}
    assert_problem(caller.delete(f"{base}{alice.user.pk}/"), 409, "work_owner_stays")
    assert guest.delete(f"{base}{bob.user.pk}/").status_code == 204
    assert guest.get(f"/api/v1/works/{stone.pk}/characters/").status_code == 404
    assert caller.post(base, given).status_code == 201
    with inside(alice):
        assert (
            Collaborator.objects.filter(user=bob.user, accepted_at=None, revoked_at=None).count()
            == 1
        )


def test_what_each_role_may(alice, stone):
    """The table of rights: what an owner, editors, a commenter, a colleague and a stranger are answered."""
    chapters = {"chapters": [str(stone.one.pk)]}
    with inside(alice):
        who = {
            "editor": factories.colleague("ed", of=alice, role="editor"),
            "of one chapter": factories.colleague("cha", of=alice, role="editor"),
            "commenter": factories.colleague("com", of=alice, role="editor"),
            "colleague": factories.colleague("col", of=alice, role="editor"),
        }
        stories.partner(stone, who["editor"])
        stories.partner(stone, who["of one chapter"], **chapters)
        stories.partner(stone, who["commenter"], role="commenter")
        hero = stories.character(stone, "宝玉")
        place = stories.entry(stone, "大观园")
        scene = stories.scene(stone)
        label = stories.tag(stone, "梦")
        word = stories.comment(stone.one, alice)
    who = {"owner": alice, **who, "stranger": factories.person("strange")}
    work = f"/api/v1/works/{stone.pk}/"
    rows = {
        "characters": {"name": "x"},
        "scenes": {"title": "x"},
        "worldview": {"title": "x"},
        "tags": {"name": "x"},
    }
    ones = [
        f"characters/{hero.pk}",
        f"scenes/{scene.pk}",
        f"worldview/{place.pk}",
        f"tags/{label.pk}",
    ]
    invited = {"user_id": str(alice.user.pk), "role": "editor"}
    comment = {"chapter_id": str(stone.one.pk), "body": "x"}
    for role, person in who.items():
        caller = program(person)
        unseen = role in {"colleague", "stranger"}
        reads, writes = 404 if unseen else 200, 404 if unseen else 403
        if role in {"owner", "editor"}:
            writes = 201
        for noun, body in rows.items():
            body = {key: f"{value}{role}" for key, value in body.items()}
            assert caller.get(f"{work}{noun}/").status_code == reads, (role, noun)
            assert caller.post(f"{work}{noun}/", body).status_code == writes, (role, noun)
        for one in ones:
            assert caller.get(f"/api/v1/{one}/").status_code == reads, (role, one)
            removed = caller.delete(f"/api/v1/{one}/").status_code
            assert removed == (428 if writes == 201 else writes), (role, one)
        for noun in (
            "appearances",
            "ambiguities",
            "collaborators",
            "comments",
            "search",
            "relations",
        ):
            path = f"{work}{noun}/" + ("?q=x" if noun == "search" else "")
            assert caller.get(path).status_code == reads, (role, noun)
        assert caller.post(f"{work}comments/", comment).status_code == (404 if unseen else 201), (
            role
        )
        settles = 404 if unseen else 200 if role in {"owner", "editor"} else 403
        assert caller.post(f"/api/v1/comments/{word.pk}/resolution/").status_code == settles, role
        tags = caller.call("put", f"/api/v1/chapters/{stone.one.pk}/tags/", {"tag_ids": []})
        may_tag = role in {"owner", "editor", "of one chapter"}
        assert tags.status_code == (200 if may_tag else writes), role
        invites = 409 if role == "owner" else 404 if unseen else 403
        assert caller.post(f"{work}collaborators/", invited).status_code == invites, role


def test_two_crossing_moves_leave_a_tree(alice, stone):
    """The database's own check, whatever an operation thinks it knows."""
    with inside(alice):
        one = stories.entry(stone, "一")
        two = stories.entry(stone, "二", one)
        with pytest.raises(IntegrityError, match="below itself"), transaction.atomic():
            WorldEntry.objects.filter(pk=one.pk).update(parent=two)
        assert Scene.objects.count() == 0
