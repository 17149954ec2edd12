"""Books brought and taken over HTTP, by real tasks: previewed, adjusted, written at once, taken back, written out."""

import zipfile
from io import BytesIO
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import tenancy
from laojun import files
from laojun.models import File
from studio.importing import running
from studio.models import Chapter, ChapterSave, ChapterVersion, Import, Volume, Work
from taishang import runner
from taishang.claiming import Claimant
from taishang.models import Task
from tests.studio import novels

PATH = "/api/v1/work-imports/"
BOOK = "楔子\n\n　　话说。\n\n第一卷 风\n\n第一章 起\n\n　　他来了。\n\n第二章 承\n\n　　她走了。\n\n第三章 转\n\n　　雨停了。\n"


def work() -> None:
    runner.drain(Claimant("test:books", settings.TASK_QUEUES))


def send(person, method, path, data=None, **headers):
    given = {"X-Workspace-Id": str(person.workspace.id), **headers}
    return getattr(person.client, method)(
        path, data, content_type="application/json", headers=given
    )


def brought(person, content=None, name="book.txt"):
    content = BOOK.encode() if content is None else content
    response = person.client.post(
        PATH,
        {"file": SimpleUploadedFile(name, content)},
        headers={"X-Workspace-Id": str(person.workspace.id)},
    )
    assert response.status_code == 202, response.content
    work()
    return f"{PATH}{response.json()['work_import']['id']}/"


def seen(person, path):
    response = send(person, "get", path)
    assert response.status_code == 200, response.content
    return response.json()


def confirmed(person, path, **asked):
    response = send(person, "post", f"{path}confirmation/", asked)
    assert response.status_code == 202, response.content
    work()
    return seen(person, path)


def titles(rows):
    return [row["title"] for row in rows]


def inside(person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def test_a_book_is_previewed_adjusted_written_and_taken_back(alice):
    path = brought(alice)
    first = seen(alice, path)
    pieces = first["plan"]["pieces"]
    assert first["state"] == "preview"
    assert [(p["kind"], p["title"], p["words"]) for p in pieces] == [
        ("chapter", "楔子", 3),
        ("volume", "风", 0),
        ("chapter", "起", 4),
        ("chapter", "承", 4),
        ("chapter", "转", 4),
    ]
    with inside(alice):
        assert not Work.objects.exists()

    changes = [
        {"op": "retitle", "piece": 2, "title": "开端"},
        {"op": "merge", "piece": 3},
        {"op": "unnumber", "piece": 3},
    ]
    response = send(alice, "patch", path, {"changes": changes})
    assert response.json()["task_id"] is None
    after = confirmed(alice, path, title="夜航")

    assert after["state"] == "done"
    with inside(alice):
        made = Work.objects.get(pk=after["work"])
        chapters = list(Chapter.objects.filter(work=made).in_order())
        assert (made.title, made.chapters_count, made.total_words) == (
            "夜航",
            3,
            sum(c.word_count for c in chapters),
        )
        assert [(c.title, c.is_numbered) for c in chapters] == [
            ("楔子", False),
            ("开端", True),
            ("承", False),
        ]
        assert chapters[2].content == "她走了。\n\n第三章 转\n\n雨停了。"
        assert Volume.objects.get(work=made).title == "风"
        saved = ChapterSave.objects.get(chapter_id=chapters[0].pk)
        version = ChapterVersion.objects.get(chapter_id=chapters[0].pk)
        assert (saved.kind, saved.revision, saved.base_revision) == ("import", 2, 1)
        assert (version.change_type, version.version_number, version.revision) == ("import", 1, 2)
        assert version.content == chapters[0].content
        assert (chapters[0].revision, chapters[0].version_seq) == (2, 1)

    assert send(alice, "delete", path).status_code == 204
    with inside(alice):
        assert not Work.objects.alive().exists()


def test_chapters_go_behind_the_chosen_one_and_back_into_the_bin(alice):
    target = confirmed(alice, brought(alice))["work"]
    with inside(alice):
        anchor = Chapter.objects.alive().get(work=target, title="起")
    plain = "第一章 甲\n\n文。\n\n第二章 乙\n\n文。\n\n第三章 丙\n\n文。\n".encode()
    path = brought(alice, plain)

    confirmed(alice, path, work=target, after=str(anchor.pk))

    with inside(alice):
        order = [c.title for c in Chapter.objects.alive().filter(work=target).in_order()]
        assert order == ["楔子", "起", "甲", "乙", "丙", "承", "转"]
    send(alice, "delete", path)
    with inside(alice):
        rows = Chapter.objects.filter(work=target)
        assert [c.title for c in rows.alive().in_order()] == ["楔子", "起", "承", "转"]
        assert rows.filter(deleted_at__isnull=False).count() == 3
        assert Work.objects.get(pk=target).chapters_count == 4


def test_splitting_and_reading_anew_go_through_the_task(alice):
    path = brought(alice)

    send(alice, "patch", path, {"changes": [{"op": "merge", "piece": 3}]})
    send(alice, "patch", path, {"changes": [{"op": "split", "piece": 3, "before": "第三章"}]})
    work()
    assert titles(seen(alice, path)["plan"]["pieces"]) == ["楔子", "风", "起", "承", "第三章 转"]
    send(alice, "patch", path, {"pattern": r"第(\w)章 (\w)"})
    work()
    assert titles(seen(alice, path)["plan"]["pieces"])[1:] == ["起", "承", "转"]
    send(alice, "patch", path, {"pattern": "(.+)+楔"})
    work()
    failed = seen(alice, path)
    assert failed["state"] in {"failed", "preview"}


def test_bad_input_and_strangers(alice, bob, charlie):
    path = brought(alice)
    number = path.split("/")[-2]
    cases = (
        ("patch", path, {"changes": [{"op": "merge", "piece": 99}]}, 400, "no_such_piece"),
        ("patch", path, {"changes": [{"op": "split", "piece": 0}]}, 400, None),
        ("patch", path, {"pattern": "("}, 400, "pattern_invalid"),
        ("patch", path, {"encoding": "rot13"}, 400, None),
        ("post", f"{path}confirmation/", {"work": number}, 400, None),
        ("post", f"{path}confirmation/", {"title": "x" * 300}, 400, None),
    )
    for method, where, body, status, code in cases:
        response = send(alice, method, where, body)
        assert response.status_code == status, (body, response.content)
        assert code is None or response.json()["code"] == code
    for person in (bob, charlie):
        assert send(person, "get", path).status_code == 404
        assert send(person, "post", f"{path}confirmation/", {}).status_code == 404
    skip = [{"op": "skip", "piece": place} for place in (0, 2, 3, 4)]
    send(alice, "patch", path, {"changes": skip})
    assert send(alice, "post", f"{path}confirmation/", {}).json()["code"] == "nothing_to_import"
    assert send(alice, "delete", path).status_code == 204
    assert send(alice, "delete", path).json()["code"] == "import_state"


def test_what_cannot_be_read_says_so(alice):
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    path = brought(alice, out.getvalue(), "evil.docx")
    assert (seen(alice, path)["state"], seen(alice, path)["error_code"]) == (
        "failed",
        "archive_refused:xml_entities",
    )
    response = alice.client.post(
        PATH,
        {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")},
        headers={"X-Workspace-Id": str(alice.workspace.id)},
    )
    assert (response.status_code, response.json()["code"]) == (422, "import_unreadable")


def test_a_killed_worker_leaves_nothing_and_the_next_attempt_writes_once(alice, monkeypatch):
    path = brought(alice)
    real = running.writing.write
    failures = iter([True, False])

    def dies_at_the_end(*given):
        made = real(*given)
        if next(failures):
            raise RuntimeError("killed")
        return made

    monkeypatch.setattr(running.writing, "write", dies_at_the_end)
    send(alice, "post", f"{path}confirmation/", {})
    work()
    with inside(alice):
        assert not Work.objects.exists()
        Task.objects.filter(type="studio.import", state="queued").update(due_at="2020-01-01T00:00Z")
    work()

    assert seen(alice, path)["state"] == "done"
    with inside(alice):
        assert Work.objects.count() == 1
        assert Chapter.objects.count() == 4


def exported(person, work_id, **asked):
    response = send(person, "post", f"/api/v1/works/{work_id}/export/", asked)
    assert response.status_code == 202, response.content
    work()
    with inside(person):
        task = Task.objects.get(pk=response.json()["task_id"])
        assert task.state == "succeeded", task.error_message
        file = File.objects.get(pk=task.result["file_id"])
        return files.read(file), file, task.result


def test_every_format_is_written_and_markdown_comes_back(alice, charlie):
    work_id = confirmed(alice, brought(alice), title="夜/航:\x07 " + "长" * 100)["work"]
    with inside(alice):
        chapter = Chapter.objects.get(work=work_id, title="起")
        Chapter.objects.filter(pk=chapter.pk).update(content="# 假标题\n\n　　**粗** \\# 完\n\n")

    for form, start in (
        ("md", b"---"),
        ("txt", "夜".encode()),
        ("html", b"<!DOCTYPE"),
        ("docx", b"PK"),
        ("epub", b"PK"),
        ("pdf", b"%PDF"),
    ):
        content, file, result = exported(alice, work_id, format=form)
        assert content.startswith(start), form
        assert result["chapters"] == 4
        assert len(file.original_filename.encode()) <= 160
        assert not set("/:\x07") & set(file.original_filename)
    content, _file, _result = exported(alice, work_id, format="md", numbers=False)
    back = confirmed(alice, brought(alice, content, "back.md"))["work"]
    with inside(alice):
        before, after = (
            [
                (c.title, c.content, c.is_numbered, c.volume and c.volume.title)
                for c in Chapter.objects.filter(work=w).in_order().select_related("volume")
            ]
            for w in (work_id, back)
        )
        assert before == after
    again, _file, _result = exported(alice, back, format="md", numbers=False)
    assert again == content
    response = send(charlie, "post", f"/api/v1/works/{work_id}/export/", {"format": "md"})
    assert response.status_code == 404


def test_a_part_of_a_work_is_exported(alice):
    work_id = confirmed(alice, brought(alice))["work"]
    with inside(alice):
        ids = {c.title: str(c.pk) for c in Chapter.objects.filter(work=work_id)}
        volume = str(Volume.objects.get(work=work_id).pk)
    content, _file, _result = exported(
        alice, work_id, format="txt", chapters=[ids["承"]], title_page=False, contents=False
    )
    assert content.decode().split() == ["风", "第2章", "承", "她走了。"]
    assert exported(alice, work_id, format="txt", volume=volume)[2]["chapters"] == 3
    other = confirmed(alice, brought(alice))["work"]
    for wrong in ({"volume": volume}, {"chapters": [ids["承"]]}, {"format": "exe"}):
        response = send(alice, "post", f"/api/v1/works/{other}/export/", {"format": "md", **wrong})
        assert response.status_code == 400, response.content


def test_a_long_book_goes_in_as_it_is(alice):
    novel = novels.chinese_novel(count=120, volumes=True)
    path = brought(alice, novel.text.encode("gb18030"), "山河志.txt")
    first = seen(alice, path)
    assert first["encoding"] == "gb18030"
    assert not [p for p in first["plan"]["pieces"] if p["flags"]]

    work_id = confirmed(alice, path)["work"]

    with inside(alice):
        rows = list(Chapter.objects.filter(work=work_id).in_order())
        assert [row.title for row in rows] == [title for _n, title, _first in novel.chapters]
        assert Work.objects.get(pk=work_id).title == "山河志"
        assert UUID(str(Import.objects.get().work_id)) == UUID(work_id)
