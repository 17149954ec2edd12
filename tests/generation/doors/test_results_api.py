"""What a job has found and made, over REST."""

import json

import jsonschema_rs
import pytest

from tests import factories
from tests.generation.doors.conftest import HASH

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/generation-jobs/"


@pytest.fixture
def vera(alice) -> factories.Person:
    return factories.colleague("vera", of=alice, role="viewer")


def test_the_difference_has_the_tag_of_its_hash(alice, jobs):
    address = f"{JOBS}{jobs.finished(alice).pk}/diff/"
    first = alice.get(address)

    assert first.json()["schema"] == "gen.diff/1"
    assert first["ETag"] == f'"{HASH}"'
    assert alice.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_the_difference_obeys_the_schema_that_is_handed_out(alice, jobs):
    schema = alice.get(f"{JOBS}schema/").json()
    document = alice.get(f"{JOBS}{jobs.finished(alice).pk}/diff/?include=hunks").json()

    validator = jsonschema_rs.Draft202012Validator(schema)
    assert list(validator.iter_errors(document)) == []
    assert not validator.is_valid({**document, "schema": "gen.diff/2"})
    assert not validator.is_valid({**document, "files": [{"path": "a"}]})


def test_hunks_come_when_they_are_asked_for(alice, jobs):
    address = f"{JOBS}{jobs.finished(alice).pk}/diff/"

    without = alice.get(f"{address}?path=config/settings.py").json()["files"]
    with_them = alice.get(f"{address}?path=config/settings.py&include=hunks").json()["files"]
    changed = alice.get(f"{address}?kind=modify").json()["files"]

    assert len(without) == 1
    assert not without[0].get("hunks")
    assert "@@" in with_them[0]["hunks"]
    assert {file["op"] for file in changed} == {"modify"}


@pytest.mark.parametrize("query", ["include=all", "kind=rename", "surprise=1"])
def test_an_unknown_wish_about_the_difference_is_refused(alice, jobs, query):
    assert alice.get(f"{JOBS}{jobs.finished(alice).pk}/diff/?{query}").status_code == 400


def test_nothing_can_be_read_before_it_is_there(alice, jobs):
    job = jobs.make(alice, "running")

    for path in ("diff/", "evidence/", "verification/", "download/?what=patch"):
        answer = alice.get(f"{JOBS}{job.pk}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_ready"), path


def test_a_viewer_sees_places_but_no_quoted_lines(alice, vera, jobs):
    job = jobs.finished(alice)

    hers = alice.get(f"{JOBS}{job.pk}/diff/").json()["endpoints"][0]["evidence"][0]
    theirs = vera.get(f"{JOBS}{job.pk}/diff/").json()["endpoints"][0]["evidence"][0]
    fact = vera.get(f"{JOBS}{job.pk}/evidence/").json()["results"][0]

    assert "excerpt" in hers
    assert (theirs["file"], theirs["line"]) == (hers["file"], hers["line"])
    assert "excerpt" not in theirs
    assert "excerpt" not in fact["place"]
    assert vera.get(f"{JOBS}{job.pk}/evidence/source/?file=index.html&line=1").status_code == 403


def test_a_place_opens_the_line_it_quotes(alice, jobs):
    address = f"{JOBS}{jobs.finished(alice).pk}/evidence/"
    fact = alice.get(f"{address}?file=src/api/books.ts").json()["results"][0]
    place = fact["place"]

    shown = alice.get(
        f"{address}source/?file={place['file']}&line={place['line']}&context=2"
    ).json()

    line = next(one["text"] for one in shown["lines"] if one["number"] == place["line"])
    assert line.strip() == place["excerpt"]
    assert [one["number"] for one in shown["lines"]] == [12, 13, 14, 15, 16]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("file=../../etc/passwd&line=1", 404),
        ("file=nothing.ts&line=1", 404),
        ("file=index.html&line=0", 400),
        ("file=index.html&line=x", 400),
        ("file=index.html&line=1&context=-1", 400),
    ],
)
def test_a_place_that_is_none_is_refused(alice, jobs, query, status):
    address = f"{JOBS}{jobs.finished(alice).pk}/evidence/source/?{query}"

    assert alice.get(address).status_code == status


def test_the_verdicts_name_the_sandbox(alice, jobs):
    verdicts = alice.get(f"{JOBS}{jobs.finished(alice).pk}/verification/").json()

    assert verdicts["sandbox"] == "strong"
    assert {check["state"] for check in verdicts["checks"]} == {"pass"}
    assert len(verdicts["replay"]) == 16


def test_a_download_comes_whole_or_in_parts_under_a_safe_name(alice, jobs):
    address = f"{JOBS}{jobs.finished(alice).pk}/download/?what=patch"

    whole = alice.get(address)
    part = alice.get(address, headers={"Range": "bytes=0-9"})

    assert "attachment" in whole["Content-Disposition"]
    assert part.status_code == 206
    assert int(part["Content-Length"]) == 10


def test_only_known_things_can_be_downloaded(alice, jobs):
    job = jobs.finished(alice)

    assert alice.get(f"{JOBS}{job.pk}/download/?what=secrets").status_code == 400
    gone = alice.get(f"{JOBS}{job.pk}/download/?what=openapi")
    assert (gone.status_code, gone.json()["code"]) == (410, "expired")


def test_a_failed_job_is_never_applied(alice, jobs):
    job = jobs.make(alice, "failed")

    for body in ({}, {"dry_run": True}):
        answer = alice.client.post(
            f"{JOBS}{job.pk}/application/", json.dumps(body), content_type="application/json"
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "not_succeeded")


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "force"},
        {"endpoints": "all"},
        {"endpoints": ["endpoint:GET /nothing"], "dry_run": True},
        {"resolutions": {"a.py": ["both"]}},
        {"message": "x" * 501},
        {"surprise": 1},
    ],
)
def test_an_application_that_makes_no_sense_is_refused(alice, jobs, body):
    job = jobs.finished(alice)

    answer = alice.client.post(
        f"{JOBS}{job.pk}/application/", json.dumps(body), content_type="application/json"
    )

    assert answer.status_code in {400, 422}


def test_a_viewer_applies_nothing(alice, vera, jobs):
    job = jobs.finished(alice)

    answer = vera.client.post(f"{JOBS}{job.pk}/application/", "{}", content_type="application/json")

    assert (answer.status_code, answer.json()["permission"]) == (403, "generation.apply")


def test_adapters_tell_whether_they_are_on(alice, charlie):
    rows = {row["slug"]: row for row in alice.get("/api/v1/generation-adapters/").json()}

    assert set(rows) >= {"bolt_adapter", "generic_adapter", "django_emitter"}
    assert all(row["enabled"] for row in rows.values())
