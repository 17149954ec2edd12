"""Generation jobs over REST: hand in, list, read, correct, stop, erase."""

import json
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import tenancy
from laojun import files
from laojun.files import Owner
from taishang import claiming
from taishang.generation import sample
from taishang.models import GenerationJob, Project, Task
from taishang.models.generation import MAX_UPLOAD_BYTES
from tests import factories

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/generation-jobs/"


def archive(name: str = "club.zip", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or sample.archive(), "application/zip")


def post_json(person, path: str, body: dict, **headers):
    return person.client.post(
        path, json.dumps(body), content_type="application/json", headers=headers
    )


@pytest.fixture
def vera(alice) -> factories.Person:
    """A viewer in alice's workspace."""
    return factories.colleague("vera", of=alice, role="viewer")


def test_an_export_becomes_a_waiting_job(alice):
    answer = alice.post(
        JOBS, {"upload": archive(), "chat": SimpleUploadedFile("chat.json", sample.chat())}
    )

    assert answer.status_code == 202
    body = answer.json()
    assert answer["Location"] == f"{JOBS}{body['id']}/"
    assert (body["state"], body["status"], body["name"]) == ("queued", "queued", "club")
    assert (body["applied"], body["deduplicated"], body["identical_to"]) == ("none", False, None)
    assert body["chat_sha256"]
    assert body["links"]["stream"] == f"/api/v1/tasks/{body['id']}/stream/"


def test_the_same_export_while_one_waits_is_answered_with_it(alice):
    first = alice.post(JOBS, {"upload": archive()})
    second = alice.post(JOBS, {"upload": archive()})
    other = alice.post(JOBS, {"upload": archive(), "options": '{"prefix": "/v2"}'})

    assert (second.status_code, second.json()["deduplicated"]) == (200, True)
    assert second.json()["id"] == first.json()["id"]
    assert other.status_code == 202


def test_a_workspace_runs_as_many_jobs_at_once_as_its_setting_says(alice):
    setting = "/api/v1/configs/generation.max_running/"
    for number in range(4):
        alice.post(JOBS, {"upload": archive(), "options": json.dumps({"prefix": f"/v{number}"})})
    by_default = _claims(3)
    alice.client.put(
        setting,
        {"value": 3},
        content_type="application/json",
        headers={"If-Match": alice.get(setting)["ETag"]},
    )
    alice.post(JOBS, {"upload": archive(), "options": '{"prefix": "/v9"}'})

    assert (by_default, _claims(3)) == (2, 1)


def _claims(most: int) -> int:
    """How many of so many claims find a job."""
    claimant = claiming.Claimant("test", ["generation"])
    return sum(claiming.claim(claimant).task is not None for _ in range(most))


def test_a_replayed_request_makes_one_job_and_another_file_is_a_conflict(alice):
    key = {"Idempotency-Key": "k1"}
    first = alice.post(JOBS, {"upload": archive()}, headers=key)
    again = alice.post(JOBS, {"upload": archive()}, headers=key)
    other = alice.post(JOBS, {"upload": archive(content=sample.archive() + b"\0")}, headers=key)

    assert again.json()["id"] == first.json()["id"]
    assert again["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")


def test_a_stored_file_of_ones_own_can_be_named_instead(alice, bob):
    file = files.store(
        content=sample.archive(),
        name="club.zip",
        purpose="generation.upload",
        owner=Owner(alice.user.id, alice.workspace.id),
    )

    mine = post_json(alice, JOBS, {"upload_file_id": str(file.id)})
    others = post_json(bob, JOBS, {"upload_file_id": str(file.id)})

    assert mine.status_code == 202
    assert (others.status_code, others.json()["errors"][0]["pointer"]) == (400, "/upload_file_id")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, "validation_error"),
        ({"upload": archive(content=b"<html>no</html>")}, 415, "not_a_zip"),
        ({"upload": archive(content=b"Rar!\x1a\x07\x00")}, 415, "not_a_zip"),
        ({"upload": archive(), "options": '{"model": 5, "surprise": 1}'}, 400, "validation_error"),
        ({"upload": archive(), "options": "[]"}, 400, "validation_error"),
        ({"upload": archive(), "options": "{"}, 400, "validation_error"),
        ({"upload": archive(), "surprise": "1"}, 400, "unknown_field"),
        ({"upload": archive(), "project_id": "99999999"}, 400, "validation_error"),
        ({"upload": archive(), "project_id": "1", "project_name": "x"}, 400, "validation_error"),
        ({"upload": archive(), "name": "a\x00b"}, 400, "invalid_characters"),
        ({"upload": "no file"}, 400, "validation_error"),
    ],
)
def test_a_bad_offer_is_refused_and_leaves_nothing(alice, fields, status, code):
    for value in fields.values():
        if isinstance(value, SimpleUploadedFile):
            value.seek(0)

    answer = alice.post(JOBS, fields)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert not Task.objects.exists()


def test_every_fault_of_the_options_is_named(alice):
    answer = alice.post(JOBS, {"upload": archive(), "options": '{"prefix": "x", "surprise": 1}'})

    assert {fault["pointer"] for fault in answer.json()["errors"]} == {
        "/options/prefix",
        "/options/surprise",
    }


def test_an_export_above_the_limit_is_refused(alice, monkeypatch):
    monkeypatch.setattr("taishang.generation.receiving.MAX_UPLOAD_BYTES", 100)

    answer = alice.post(JOBS, {"upload": archive()})

    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert answer.json()["max_bytes"] == 100


def test_the_list_shows_own_workspace_with_filters_in_three_queries(alice, charlie, jobs, at_most):
    jobs.make(charlie)
    running, failed = jobs.make(alice, "running", source="v0"), jobs.make(alice, "failed")
    jobs.finished(alice)

    with at_most(3):
        ids = [row["id"] for row in alice.get(JOBS).json()["results"]]
    by_state = alice.get(f"{JOBS}?state=failed").json()["results"]
    by_status = alice.get(f"{JOBS}?status=completed").json()["results"]
    by_source = alice.get(f"{JOBS}?source=v0").json()["results"]

    assert len(ids) == 3
    assert ids[-1] == str(running.pk)
    assert [row["id"] for row in by_state] == [str(failed.pk)]
    assert [row["status"] for row in by_status] == ["completed"]
    assert [row["id"] for row in by_source] == [str(running.pk)]
    assert alice.get(f"{JOBS}?state=dreaming").status_code == 400
    assert alice.get(f"{JOBS}?surprise=1").json()["code"] == "unknown_parameter"


def test_the_pages_of_a_list_follow_one_another(alice, jobs):
    made = [str(jobs.make(alice).pk) for _ in range(5)]

    first = alice.get(f"{JOBS}?limit=2").json()
    second = alice.get(first["next"]).json()

    found = [row["id"] for row in [*first["results"], *second["results"]]]
    assert found == list(reversed(made))[:4]


def test_a_job_has_a_tag_that_follows_its_task(alice, jobs):
    job = jobs.make(alice, "queued")
    address = f"{JOBS}{job.pk}/"
    tag = alice.get(address)["ETag"]

    assert alice.get(address, headers={"If-None-Match": tag}).status_code == 304
    alice.post(f"{address}cancellation/")
    changed = alice.get(address, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["state"]) == (200, "cancelled")


def test_a_failed_job_says_why_and_where(alice, jobs):
    told = {"code": "nothing_found", "detail": "nothing", "stage": "ir", "file": "a.ts", "line": 3}
    job = jobs.make(alice, "failed", summary={"error": told})

    error = alice.get(f"{JOBS}{job.pk}/").json()["error"]

    assert (error["code"], error["detail"], error["file"], error["line"]) == (
        "nothing_found",
        "nothing",
        "a.ts",
        3,
    )


def test_stopping_answers_202_then_200(alice, jobs):
    job = jobs.make(alice)

    first = alice.post(f"{JOBS}{job.pk}/cancellation/")
    second = alice.post(f"{JOBS}{job.pk}/cancellation/")
    ended = alice.post(f"{JOBS}{jobs.finished(alice).pk}/cancellation/")

    assert (first.status_code, first.json()["state"]) == (202, "cancelled")
    assert second.status_code == 200
    assert (ended.status_code, ended.json()["state"]) == (200, "succeeded")


def test_a_job_at_work_is_not_erased_and_a_finished_one_is(alice, jobs):
    live, done = jobs.make(alice, "running"), jobs.finished(alice)

    refused = alice.client.delete(f"{JOBS}{live.pk}/")
    erased = alice.client.delete(f"{JOBS}{done.pk}/")

    assert (refused.status_code, refused.json()["code"]) == (409, "not_finished")
    assert erased.status_code == 204
    assert alice.get(f"{JOBS}{done.pk}/").status_code == 404


def test_a_correction_starts_a_child(alice, jobs):
    job = jobs.finished(alice)

    answer = post_json(alice, f"{JOBS}{job.pk}/revisions/", {"options": {"prefix": "/v2"}})

    assert answer.status_code == 202
    assert (answer.json()["parent_id"], answer.json()["options"]["prefix"]) == (str(job.pk), "/v2")


def test_each_edit_that_cannot_be_is_named(alice, jobs):
    job = jobs.finished(alice)
    edits = [{"kind": "drop_item", "key": "endpoint:GET /nothing"}]

    unknown = post_json(alice, f"{JOBS}{job.pk}/revisions/", {"edits": edits})
    malformed = post_json(alice, f"{JOBS}{job.pk}/revisions/", {"edits": [{"kind": "run_code"}]})

    assert (unknown.status_code, unknown.json()["code"]) == (422, "edits_refused")
    assert unknown.json()["errors"][0]["pointer"] == "/edits/0"
    assert malformed.status_code == 422
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert GenerationJob.objects.count() == 1


def test_a_job_without_evidence_cannot_be_corrected(alice, jobs):
    answer = post_json(alice, f"{JOBS}{jobs.make(alice, 'failed').pk}/revisions/", {"options": {}})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


ADDRESSES = [
    ("get", ""),
    ("delete", ""),
    ("get", "diff/"),
    ("get", "evidence/"),
    ("get", "evidence/source/?file=index.html&line=1"),
    ("get", "verification/"),
    ("get", "download/?what=project"),
    ("get", "download/?what=upload"),
    ("post", "revisions/"),
    ("post", "cancellation/"),
    ("get", "application/"),
    ("post", "application/"),
    ("delete", "application/"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_a_stranger_sees_the_same_as_for_nothing(charlie, alice, jobs, method, path):
    job = jobs.finished(alice)

    send = getattr(charlie.client, method)
    body = {"data": "{}", "content_type": "application/json"} if method == "post" else {}
    theirs = send(f"{JOBS}{job.pk}/{path}", **body)
    nothing = send(f"{JOBS}{uuid4()}/{path}", **body)

    assert theirs.status_code == nothing.status_code == 404
    kept = ("type", "title", "status", "detail", "code")
    assert [theirs.json()[name] for name in kept] == [nothing.json()[name] for name in kept]


@pytest.mark.parametrize(("method", "path"), [("get", "../"), *ADDRESSES])
def test_nobody_gets_in_without_signing_in(client, alice, jobs, method, path):
    address = JOBS if path == "../" else f"{JOBS}{jobs.finished(alice).pk}/{path}"

    assert getattr(client, method)(address).status_code == 401


def test_an_editor_runs_and_applies_but_reads_only_own_sources(bob, alice, jobs):
    theirs, own = jobs.finished(alice), jobs.finished(bob)

    assert bob.post(JOBS, {"upload": archive()}).status_code == 202
    assert bob.get(f"{JOBS}{theirs.pk}/diff/").status_code == 200
    refused = bob.get(f"{JOBS}{theirs.pk}/download/?what=upload")
    assert (refused.status_code, refused.json()["permission"]) == (403, "generation.source.view")
    assert bob.get(f"{JOBS}{own.pk}/download/?what=upload").status_code == 200
    assert bob.client.delete(f"{JOBS}{theirs.pk}/").status_code == 403
    assert bob.client.delete(f"{JOBS}{own.pk}/").status_code == 204


@pytest.mark.parametrize(
    ("method", "path"), [("post", "revisions/"), ("post", "cancellation/"), ("delete", "")]
)
def test_a_viewer_only_looks(vera, alice, jobs, method, path):
    job = jobs.finished(alice)

    assert vera.get(f"{JOBS}{job.pk}/").status_code == 200
    assert vera.post(JOBS, {"upload": archive()}).status_code == 403
    assert getattr(vera.client, method)(f"{JOBS}{job.pk}/{path}").status_code == 403


def test_an_existing_project_is_the_target(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        project = Project.objects.create(workspace=alice.workspace, name="Club", slug="club")

    answer = alice.post(JOBS, {"upload": archive(), "project_id": project.pk})

    assert (answer.status_code, answer.json()["project_id"]) == (202, project.pk)


def test_the_upload_limit_of_the_door_is_the_one_of_the_table():
    assert MAX_UPLOAD_BYTES == 52_428_800
