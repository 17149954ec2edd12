"""The writing pages without JavaScript: begun, written, in conflict, merged, compared, brought back."""

import re
from gzip import decompress as gunzip

from accounts import tenancy
from studio.models import Chapter, ChapterVersion, Work
from tests.studio import rows

TEXT = "第一段。\n第二段。\n第三段。"


def the(person, model):
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        return model.objects.get()


def write(person, page: str, text: str, base: int, title: str = "夜"):
    """What a browser sends: multipart, with CR LF."""
    form = {"content": text.replace("\n", "\r\n"), "base_revision": base, "title": title}
    return person.post(f"{page}save/", form)


def test_a_work_is_begun_written_and_found_again(alice, charlie):
    empty = alice.get("/studio/").content.decode()
    begun = alice.post(
        "/studio/new/", {"title": "夜航船", "language": "zh-Hans", "tags": "旧事，船"}
    )
    work = the(alice, Work)
    added = alice.post(f"/studio/works/{work.pk}/chapters/new/", {"title": "夜"})
    page = added["Location"]
    saved = write(alice, page, f"\n{TEXT}\n", base=1)
    chapter = the(alice, Chapter)

    assert "/studio/new/" in empty
    assert begun["Location"] == f"/studio/works/{work.pk}/"
    assert work.tags == ["旧事", "船"]
    assert saved["Location"] == page
    assert chapter.content == f"\n{TEXT}\n"
    shown = alice.get(page).content.decode()
    area = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", shown, re.DOTALL)
    assert area
    assert area[1] == f"\n{TEXT}\n"
    assert "夜航船" in alice.get("/studio/?q=夜航").content.decode()
    assert "第一段" in alice.get("/home/cards/studio/").content.decode()
    for path in (f"/studio/works/{work.pk}/", page, f"{page}versions/", f"{page}comparison/"):
        assert alice.get(path).status_code == 200
        assert charlie.get(path).status_code == 404
    assert write(charlie, page, "x", base=2).status_code == 404


def test_a_stale_form_is_kept_and_merged(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        chapter = rows.chapter(work, alice, TEXT)
        rows.save(chapter, alice, TEXT.replace("第一段", "第一段她改了"))
        rows.save(chapter, alice, TEXT.replace("第一段", "第一段她改了"), kind="manual")
    page = f"/studio/works/{work.pk}/chapters/{chapter.pk}/"
    base = chapter.revision

    clash = write(
        alice, page, TEXT.replace("第一段", "第一段我改了").replace("三", "叁"), base=base
    )
    address = clash["Location"]
    shown = alice.get(address).content.decode()
    theirs = re.search(r'name="theirs" value="(\d+)"', shown)[1]
    undecided = alice.post(address, {"theirs": theirs, "choice-1": "mine"})
    merged = alice.post(address, {"theirs": theirs, "choice-0": "both", "choice-1": "mine"})

    assert "merge/?mine=" in address
    assert "merge-open" in shown
    assert undecided.status_code == 400
    assert merged["Location"] == page
    after = the(alice, Chapter)
    assert after.content == "第一段我改了。\n第一段她改了。\n第二段。\n第叁段。"
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        kinds = set(ChapterVersion.objects.values_list("change_type", flat=True))
        mine = ChapterVersion.objects.get(change_type="conflict")
    assert {"conflict", "merge"} <= kinds
    assert mine.content == TEXT.replace("第一段", "第一段我改了").replace("三", "叁")


def test_a_version_comes_back_by_a_click(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        chapter = rows.chapter(work, alice, TEXT)
        rows.save(chapter, alice, "", kind="manual")
        old = ChapterVersion.objects.filter(content=TEXT).first()
    page = f"/studio/works/{work.pk}/chapters/{chapter.pk}/"

    timeline = alice.get(f"{page}versions/").content.decode()
    compared = alice.get(f"{page}comparison/?from={old.version_number}&to=now").content.decode()
    inline = alice.get(f"{page}comparison/?from={old.version_number}&to=now&view=inline")
    named = alice.post(f"{page}versions/{old.version_number}/name/", {"label": "初稿"})
    back = alice.post(f"{page}versions/{old.version_number}/restoration/")

    assert f"from={old.version_number}" in timeline
    assert "<del>第三段。</del>" in compared
    assert inline.status_code == 200
    assert named.status_code == 302
    assert back["Location"] == page
    assert the(alice, Chapter).content == TEXT
    assert alice.get(f"{page}comparison/?from=999999999999&to=x").status_code == 404


def test_chapters_are_moved_and_binned_by_form(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        first, second = (rows.chapter(work, alice, title=title) for title in ("甲", "乙"))
        volume = rows.volume(work, alice)
    page = f"/studio/works/{work.pk}/"

    def order():
        with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
            found = Chapter.objects.alive().in_order()
            return [(one.title, one.volume_id) for one in found]

    alice.post(f"{page}arrangement/", {"up": second.pk})
    assert order() == [("乙", None), ("甲", None)]
    alice.post(f"{page}arrangement/", {"down": first.pk})
    assert order() == [("乙", None), ("甲", volume.pk)]
    alice.post(f"{page}arrangement/", {"deed": "move", "chapter": [second.pk], "into": volume.pk})
    assert order() == [("甲", volume.pk), ("乙", volume.pk)]
    alice.post(f"{page}arrangement/", {"deed": "bin", "chapter": [first.pk]})
    assert order() == [("乙", volume.pk)]
    assert "甲" in alice.get("/studio/bin/").content.decode()
    alice.post(f"/studio/bin/chapter/{first.pk}/restoration/")
    assert order() == [("甲", volume.pk), ("乙", volume.pk)]
    alice.post(f"{page}arrangement/", {"chapter": [second.pk], "into": "", "before": ""})
    assert order() == [("乙", None), ("甲", volume.pk)]
    alice.post(f"{page}arrangement/undo/")
    assert order() == [("甲", volume.pk), ("乙", volume.pk)]
    alice.post(f"{page}arrangement/undo/")
    stale = alice.post(f"{page}arrangement/", {"up": second.pk, "structure": 1})
    assert stale.status_code == 302
    assert order() == [("甲", volume.pk), ("乙", volume.pk)]


def test_a_form_of_three_megabytes_arrives_whole(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        chapter = rows.chapter(work, alice)
    text = "夜雨寄北。\n" * 180_000

    saved = write(alice, f"/studio/works/{work.pk}/chapters/{chapter.pk}/", text, base=1)

    assert saved.status_code == 302
    assert the(alice, Chapter).content == text
    page = alice.get(f"/studio/works/{work.pk}/chapters/{chapter.pk}/", HTTP_ACCEPT_ENCODING="gzip")
    assert page["Content-Encoding"] == "gzip"
    assert len(page.content) < len(text) // 10
    assert f'href="/studio/works/{work.pk}/chapters/{chapter.pk}/"' in gunzip(page.content).decode()


def test_what_is_told_of_a_work_is_changed_on_the_revision_that_was_seen(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
    page = f"/studio/works/{work.pk}/about/"
    form = {"title": "新名", "language": "en", "status": "paused", "tags": "", "revision": 1}

    changed = alice.post(page, form)
    again = alice.post(page, {**form, "title": "晚了"})

    assert changed.status_code == 302
    assert again.status_code == 400
    assert the(alice, Work).title == "新名"
    assert alice.post(f"/studio/works/{work.pk}/deletion/")["Location"] == "/studio/"
    assert "新名" in alice.get("/studio/bin/").content.decode()
