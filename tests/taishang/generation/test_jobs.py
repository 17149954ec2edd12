"""An export goes in, a verified back end comes out: the same one every time, and nobody else's business."""

import io
import zipfile

import pytest

from laojun import configs
from laojun.models import AuditLog, File
from taishang.generation import reading, sample, submitting
from taishang.models import GenerationJob

pytestmark = pytest.mark.django_db


def test_the_sample_becomes_a_green_back_end(workshop, finished):
    assert finished.task.state == "succeeded", finished.task.error
    assert finished.stage == "done"
    assert {row["name"]: row["state"] for row in finished.verification} == dict.fromkeys(
        (
            "compile",
            "check",
            "makemigrations",
            "migrate",
            "reverse",
            "loaddata",
            "tests",
            "openapi",
            "replay",
            "isolation",
        ),
        "pass",
    )
    assert finished.summary["endpoints"] == 16
    assert finished.source == "bolt"


def test_progress_ends_at_100_and_events_tell_the_stages(workshop, finished):
    events = workshop.bench.events(finished.task)

    assert finished.task.progress == 100
    assert events[0] == "enqueued"
    assert events[-1] == "succeeded"
    assert events.count("stage_finished") >= 8


def test_equal_input_gives_equal_bytes_in_any_workspace(workshop, other_workshop, finished):
    twin = other_workshop.run()

    assert twin.tree_sha256 == finished.tree_sha256
    assert twin.diff_sha256 == finished.diff_sha256
    assert twin.core_ir_sha256 == finished.core_ir_sha256


def test_a_live_twin_is_returned_instead_of_a_second_job(workshop):
    first, second = workshop.submit(), workshop.submit()

    assert first.created
    assert not second.created
    assert second.job.pk == first.job.pk


def test_a_finished_twin_is_named(workshop, finished):
    again = workshop.submit().job

    with workshop.inside():
        assert submitting.identical_to(again).pk == finished.pk


def test_the_raw_upload_is_gone_and_the_cleaned_pack_is_kept(workshop, finished):
    with workshop.inside():
        assert File.objects.get(pk=finished.upload_file_id).state == "deleted"
        packed = reading.artifact(job=finished, kind="redacted_upload")

    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert "src/api/books.ts" in names


def test_every_excerpt_is_the_text_of_its_line(workshop, finished):
    with workshop.inside():
        facts = reading.evidence(job=finished)
        packed = zipfile.ZipFile(io.BytesIO(reading.artifact(job=finished, kind="redacted_upload")))

    for place in (fact["place"] for fact in facts if fact["place"]["kind"] != "chat"):
        line = packed.read(place["file"]).decode().split("\n")[place["line"] - 1]
        assert place["excerpt"] in line


def test_an_item_leads_to_its_lines(workshop, finished):
    with workshop.inside():
        facts = reading.evidence(job=finished, item="endpoint:POST /api/books")
        place = facts[0]["place"]
        lines = reading.source(job=finished, file=place["file"], line=place["line"], context=1)

    assert (place["line"], place["excerpt"]) in [(number, text.strip()) for number, text in lines]


def test_the_external_call_is_listed_and_not_generated(workshop, finished):
    with workshop.inside():
        difference = reading.diff(job=finished)

    assert [one["host"] for one in difference["externals"]] == ["openlibrary.org"]
    assert not any("isbn" in one["path"] for one in difference["endpoints"])


def test_an_empty_archive_fails_with_a_reason(workshop):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("node_modules/x/index.js", "1")

    job = workshop.run(buffer.getvalue())

    assert (job.task.state, job.task.error_code) == ("failed", "no_source_files")


def test_a_brochure_site_fails_with_a_hint(workshop):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("index.html", "<h1>Hello</h1>")

    job = workshop.run(buffer.getvalue())

    assert (job.task.state, job.task.error_code) == ("failed", "nothing_found")
    assert job.summary["error"]["hint"]


def test_a_correction_starts_from_the_parents_reading(workshop, finished):
    edit = {"kind": "drop_item", "key": "endpoint:POST /api/recommendations"}
    with workshop.inside():
        child = submitting.revise(principal=workshop.principal, parent=finished, edits=[edit]).job
    workshop.work()
    child = workshop.now(child)

    assert child.task.state == "succeeded", child.task.error
    assert child.summary["endpoints"] == finished.summary["endpoints"] - 1
    assert "intake" not in child.stage_timings


def test_a_correction_of_nothing_gives_the_same_bytes(workshop, finished):
    child = workshop.revise(finished)

    assert child.tree_sha256 == finished.tree_sha256
    assert child.ir_sha256 == finished.ir_sha256


def test_more_waiting_jobs_than_allowed_are_refused(workshop, monkeypatch):
    value = configs.value
    monkeypatch.setattr(
        configs,
        "value",
        lambda key, ws=None: 1 if key == "generation.max_waiting" else value(key, ws),
    )
    workshop.submit()

    with pytest.raises(submitting.TooManyJobs):
        workshop.submit(chat=sample.chat())


def test_strangers_see_nothing_of_a_job(workshop, other_workshop, finished):
    with other_workshop.inside():
        assert not GenerationJob.objects.filter(pk=finished.pk).exists()
        assert not File.objects.filter(pk=finished.upload_file_id).exists()


def test_submitting_is_in_the_audit_log(workshop, finished):
    with workshop.inside():
        actions = set(AuditLog.objects.values_list("action", flat=True))

    assert "generation_job.create" in actions
