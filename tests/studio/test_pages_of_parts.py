"""Pages beside the text: chapters, volumes and conventions of a work, its bin, its next owner."""

from accounts import tenancy
from laojun.models import AuditLog
from studio.models import Chapter, Character, Collaborator, Volume, Work
from tests.studio import rows, stories


def inside(person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def test_what_is_told_of_a_chapter_is_saved_on_what_was_seen(alice, charlie):
    with inside(alice):
        work = rows.work(alice)
        chapter, following = (rows.chapter(work, alice, text) for text in ("前文。", "后文。"))
    page = f"/studio/works/{work.pk}/chapters/{chapter.pk}/"
    told = {
        "base_revision": chapter.revision,
        "title": "序",
        "stage": "outline",
        "synopsis": "她上船。",
        "target_words": 3000,
    }

    saved = alice.post(f"{page}about/", told)
    stale = alice.post(f"{page}about/", {**told, "synopsis": "late"})

    assert saved.status_code == 302
    assert stale.status_code == 400
    with inside(alice):
        now = Chapter.objects.get(pk=chapter.pk)
    assert (now.title, now.stage, now.synopsis) == ("序", "outline", "她上船。")
    assert (now.target_words, now.is_numbered, now.content) == (3000, False, "前文。")
    assert 'form="write"' in alice.get(f"{page}panels/chapter/").content.decode()
    assert charlie.get(f"{page}about/").status_code == 404
    assert charlie.post(f"{page}deletion/").status_code == 404
    alice.post(f"{page}merger/", {"base_revision": chapter.revision})
    with inside(alice):
        assert Chapter.objects.get(pk=chapter.pk).content == "前文。"
    alice.post(f"{page}merger/", {"base_revision": now.revision})
    with inside(alice):
        assert Chapter.objects.get(pk=chapter.pk).content == "前文。\n后文。"
        assert Chapter.objects.get(pk=following.pk).deleted_at is not None
    alice.post(f"{page}deletion/")
    with inside(alice):
        assert Chapter.objects.get(pk=chapter.pk).deleted_at is not None


def test_volumes_stages_and_tags_are_changed_by_form(alice):
    with inside(alice):
        work = rows.work(alice)
        first, second = (rows.volume(work, alice, title) for title in ("上", "下"))
        chapters = [rows.chapter(work, alice, volume_id=first.pk) for _ in "ab"]
        tag = stories.tag(work, "海")
    page = f"/studio/works/{work.pk}/"
    ids = [one.pk for one in chapters]

    def order():
        with inside(alice):
            return [one.title for one in Volume.objects.alive().in_order()]

    alice.post(f"{page}volumes/{second.pk}/move/", {"way": "up"})
    assert order() == ["下", "上"]
    alice.post(f"{page}volumes/{second.pk}/", {"title": "续"})
    assert order() == ["续", "上"]
    alice.post(f"{page}arrangement/", {"chapter": ids, "deed": "stage", "stage": "final"})
    alice.post(f"{page}arrangement/", {"chapter": ids, "deed": "tag", "tag": tag.pk})
    with inside(alice):
        found = set(Chapter.objects.values_list("stage", "tags__0"))
    assert found == {("final", "海")}
    alice.post(f"{page}volumes/{first.pk}/deletion/")
    assert order() == ["续"]
    alice.post(f"/studio/bin/volume/{first.pk}/restoration/")
    assert order() == ["续", "上"]


def test_conventions_name_the_chapters_and_keep_what_they_do_not_show(alice):
    with inside(alice):
        work = rows.work(alice, settings={"exportPresets": {"a": 1}, "tense": "past"})
        rows.chapter(work, alice)
    page = f"/studio/works/{work.pk}/"
    form = {"title": "夜", "language": "zh-Hans", "numbering": "volume", "revision": work.revision}

    shown = alice.get(f"{page}about/").content.decode()
    unknown = alice.post(f"{page}about/", {**form, "pattern": "{x}"})
    saved = alice.post(f"{page}about/", {**form, "pattern": "第{cn}回"})

    assert "第12章" in shown
    assert unknown.status_code == 400
    assert saved.status_code == 302
    with inside(alice):
        settings = Work.objects.get().settings
    assert settings == {
        "exportPresets": {"a": 1},
        "chapterNamingPattern": "第{cn}回",
        "numbering": "volume",
        "enableAiSuggestions": False,
    }
    assert "第一回" in alice.get(page).content.decode()
    sample = alice.get("/studio/works/sample/?pattern=<{cn}>").content.decode()
    assert sample == "&lt;十二&gt;"


def test_a_work_is_handed_over_and_its_former_owner_stays_as_an_editor(alice, bob, charlie):
    with inside(alice):
        work = rows.work(alice)
    page = f"/studio/works/{work.pk}/"

    for person, new in ((bob, bob), (charlie, charlie), (alice, charlie)):
        person.post(f"{page}transfer/", {"person": new.user.pk})
    with inside(alice):
        assert Work.objects.get().user_id == alice.user.pk
    alice.post(f"{page}transfer/", {"person": bob.user.pk})

    with inside(alice):
        assert Work.objects.get().user_id == bob.user.pk
        assert Collaborator.objects.get(user=alice.user).role == "editor"
        assert AuditLog.objects.filter(action="work.transferred").count() == 1


def test_the_bin_gives_back_what_lay_there_and_ends_a_work_on_its_title(alice, bob):
    with inside(alice):
        work = rows.work(alice)
        person = stories.character(work, "王五")
        agent = rows.agent(alice)
    alice.post(f"/studio/works/{work.pk}/characters/{person.pk}/deletion/")
    alice.post(f"/studio/agents/{agent.pk}/deletion/")
    shown = alice.get("/studio/bin/").content.decode()
    assert "王五" in shown
    assert agent.name in shown
    for kind, pk in (("character", person.pk), ("agent", agent.pk)):
        assert bob.post(f"/studio/bin/{kind}/{pk}/restoration/").status_code == 404
        alice.post(f"/studio/bin/{kind}/{pk}/restoration/")
    assert agent.name in alice.get("/studio/agents/").content.decode()
    with inside(alice):
        assert Character.objects.get().deleted_at is None
    erasure = f"/studio/bin/works/{work.pk}/erasure/"
    assert alice.post(erasure, {"title": work.title}).status_code == 404
    alice.post(f"/studio/works/{work.pk}/deletion/")
    alice.post(erasure, {"title": "other"})
    with inside(alice):
        assert Work.objects.count() == 1
    alice.post(erasure, {"title": work.title})
    with inside(alice):
        assert not Work.objects.exists()
