"""The pages of generation jobs: the list, a new job, one at work, its review, and applying it."""

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import tenancy
from taishang.generation import sample
from taishang.models import GenerationJob
from tests import factories

pytestmark = pytest.mark.django_db
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def vera(alice) -> factories.Person:
    return factories.colleague("vera", of=alice, role="viewer")


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_an_empty_list_says_how_to_begin(alice, vera):
    page = text_of(alice.get("/generation/"))

    for tool in ("Bolt", "v0", "Lovable", "Retool"):
        assert tool in page
    assert 'action="/generation/sample/"' in page
    assert 'type="file"' in page
    assert 'type="file"' not in text_of(vera.get("/generation/"))


def test_the_list_asks_again_only_while_something_runs(alice, jobs):
    jobs.finished(alice)
    assert 'hx-trigger="every 4s"' not in text_of(alice.get("/generation/"))

    jobs.make(alice, "running")
    assert 'hx-trigger="every 4s"' in text_of(alice.get("/generation/"))
    partial = text_of(alice.get("/generation/", **HTMX))
    assert "<html" not in partial
    assert 'id="jobs"' in partial


def test_the_list_is_narrowed_by_state(alice, jobs):
    failed, done = jobs.make(alice, "failed", name="broken"), jobs.finished(alice, name="whole")

    page = text_of(alice.get("/generation/?state=failed"))

    assert str(failed.pk) in page
    assert str(done.pk) not in page


def test_an_upload_becomes_a_job_and_its_page(alice):
    upload = SimpleUploadedFile("club.zip", sample.archive(), "application/zip")

    answer = alice.post("/generation/new/", {"upload": upload, "chat_text": "user: books"})

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        job = GenerationJob.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/generation/{job.pk}/")
    assert (job.name, bool(job.chat_sha256)) == ("club", True)


@pytest.mark.parametrize("content", [b"", b"<html>", b"Rar!"])
def test_what_is_no_zip_comes_back_with_everything_typed(alice, content):
    upload = SimpleUploadedFile("club.zip", content, "application/zip")

    answer = alice.post("/generation/new/", {"upload": upload, "chat_text": "keep this"})

    assert answer.status_code == 200
    assert "id_upload_error" in text_of(answer)
    assert "keep this" in text_of(answer)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert not GenerationJob.objects.exists()


def test_the_sample_starts_with_one_click_and_once(alice):
    first, second = alice.post("/generation/sample/"), alice.post("/generation/sample/")

    assert first.status_code == 302
    assert first["Location"] == second["Location"]


def test_a_job_at_work_shows_eight_stages_and_where_news_come_from(alice, bob, jobs):
    job = jobs.make(alice, "running")

    page = text_of(alice.get(f"/generation/{job.pk}/"))
    colleague = text_of(bob.get(f"/generation/{job.pk}/"))

    assert page.count('class="step ') == 8
    assert f'data-stream="/api/v1/tasks/{job.pk}/stream/"' in page
    assert 'data-stream=""' in colleague
    part = text_of(alice.get(f"/generation/{job.pk}/?part=progress", **HTMX))
    assert "<html" not in part


def test_the_running_page_turns_into_the_review_by_itself(alice, jobs):
    job = jobs.finished(alice)

    part = alice.get(f"/generation/{job.pk}/?part=progress", **HTMX)

    assert part["HX-Refresh"] == "true"


def test_a_failure_says_what_where_and_what_next(alice, jobs):
    told = {
        "code": "nothing_found",
        "detail": "<b>odd</b>",
        "stage": "ir",
        "file": "a.ts",
        "line": 3,
    }
    job = jobs.make(alice, "failed", summary={"error": told})

    page = text_of(alice.get(f"/generation/{job.pk}/", **ENGLISH))

    assert "a.ts:3" in page
    assert "nothing_found" in page
    assert "<b>odd" not in page
    assert f"/generation/{job.pk}/retry/" in page


def test_cancel_and_try_again(alice, jobs):
    job = jobs.make(alice)

    alice.post(f"/generation/{job.pk}/cancellation/")
    assert "retry/" in text_of(alice.get(f"/generation/{job.pk}/"))
    alice.post(f"/generation/{job.pk}/retry/")

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert GenerationJob.objects.with_task().get().task.state == "queued"


@pytest.mark.parametrize(
    "tab", ["overview", "endpoints", "models", "files", "checks", "decisions", "nonsense"]
)
def test_each_part_of_the_review_stands_alone(alice, jobs, tab):
    job = jobs.finished(alice)

    page = text_of(alice.get(f"/generation/{job.pk}/?tab={tab}"))
    part = alice.get(f"/generation/{job.pk}/?tab={tab}", **HTMX)

    assert page.count('role="tab"') == 6
    assert part.status_code == 200
    if tab in {"endpoints", "models", "files"}:
        assert f'name="{tab}"' in page


def test_three_hundred_endpoints_stay_below_three_thousand_nodes(alice, jobs, review):
    row = review["diff"]["endpoints"][3]
    endpoints = [{**row, "key": f"endpoint:GET /x{n}", "path": f"/x{n}"} for n in range(300)]
    entry = {key: value for key, value in review["diff"]["files"][0].items() if key != "hunks"}
    files = [{**entry, "path": f"api/views/part_{n}.py"} for n in range(200)]
    diff = {**review["diff"], "endpoints": endpoints, "files": files}
    job = jobs.finished(alice, diff=diff)

    for tab in ("overview", "endpoints", "files"):
        page = text_of(alice.get(f"/generation/{job.pk}/?tab={tab}"))
        assert len(re.findall(r"<[a-z]", page)) <= 3_000, tab


def test_an_item_shows_why_and_the_lines_behind_it(alice, jobs):
    job = jobs.finished(alice)
    key = "endpoint:GET /api/books"

    item = text_of(alice.get(f"/generation/{job.pk}/item/?key={key}", **HTMX))
    source = text_of(
        alice.get(f"/generation/{job.pk}/source/?file=src/api/books.ts&line=14", **HTMX)
    )

    assert "src/api/books.ts:14" in item
    assert "hx-get" in item
    assert "data-target" in source
    assert alice.get(f"/generation/{job.pk}/item/?key=nothing").status_code == 404


def test_a_difference_is_coloured_and_escaped(alice, jobs):
    job = jobs.finished(alice)

    page = text_of(alice.get(f"/generation/{job.pk}/file/?path=api/models/book.py", **HTMX))

    assert 'class="diff-line-added"' in page
    assert 'class="k' in page
    assert alice.get(f"/generation/{job.pk}/file/?path=../x").status_code == 404


def test_names_and_values_of_an_export_never_become_markup(alice, jobs, review):
    evil = "<img src=x onerror=alert(1)>"
    row = {**review["diff"]["endpoints"][3], "path": evil, "key": f"endpoint:{evil}"}
    model = {**review["diff"]["models"][0], "name": evil}
    diff = {**review["diff"], "endpoints": [row], "models": [model]}
    job = jobs.finished(alice, diff=diff, name=evil)

    for address in ("", "?tab=endpoints", "?tab=models", "?tab=overview"):
        assert "<img src=x" not in text_of(alice.get(f"/generation/{job.pk}/{address}"))


def test_an_answer_to_a_question_starts_a_corrected_job(alice, jobs):
    job = jobs.finished(alice)
    decision = job.diff["decisions"][0]["key"]

    answer = alice.post(f"/generation/{job.pk}/decisions/", {f"decision:{decision}": "public"})

    assert answer.status_code == 302
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        child = GenerationJob.objects.get(parent=job)
    assert child.options["decisions"] == {decision: "public"}
    assert str(child.pk) in answer["Location"]


def test_a_viewer_sees_no_lines_and_no_buttons_that_write(alice, vera, jobs):
    job = jobs.finished(alice)

    page = text_of(vera.get(f"/generation/{job.pk}/"))

    assert "/application/" not in page
    assert "/erasure/" not in page
    assert vera.get(f"/generation/{job.pk}/source/?file=index.html&line=1").status_code == 403
    assert vera.get(f"/generation/{job.pk}/download/upload/").status_code == 403
    for path in ("cancellation", "retry", "erasure", "decisions", "drop", "application"):
        assert vera.post(f"/generation/{job.pk}/{path}/").status_code == 403, path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "item/?key=x",
        "file/?path=x",
        "source/?file=x&line=1",
        "download/project/",
        "application/",
    ],
)
def test_a_stranger_finds_no_page_and_the_unsigned_are_asked_to_sign_in(
    charlie, client, alice, jobs, path
):
    job = jobs.finished(alice)

    assert charlie.get(f"/generation/{job.pk}/{path}").status_code == 404
    assert charlie.get(f"/generation/{uuid4()}/{path}").status_code == 404
    assert client.get(f"/generation/{job.pk}/{path}")["Location"].startswith("/accounts/login/")


def test_the_operator_sees_the_same_job_and_reads_it_for_a_reason(olga, alice, jobs):
    job = jobs.finished(alice)
    base = f"/admin/taishang/generationjob/{job.pk}"

    assert job.name in text_of(olga.get("/admin/taishang/generationjob/"))
    assert job.name in text_of(olga.get(f"{base}/part/"))
    silent = olga.post(f"{base}/document/", {"what": "patch"})
    told = olga.post(f"{base}/document/", {"what": "patch", "reason": "asked to help"})

    assert "class Book" not in text_of(silent)
    assert "class Book" in text_of(told)


def test_the_console_is_closed_to_others(alice, jobs):
    job = jobs.finished(alice)

    for path in ("", f"{job.pk}/part/", f"{job.pk}/document/"):
        assert alice.get(f"/admin/taishang/generationjob/{path}").status_code in {302, 403, 404}
