"""Projects over REST: made, renamed, read version by version, undone."""

import io
import json
import zipfile

import pytest

from accounts import tenancy
from taishang import projects
from taishang.generation.ir import Blueprint
from taishang.models import Project
from tests import factories

pytestmark = pytest.mark.django_db
PROJECTS = "/api/v1/projects/"
FIRST = {"README.md": b"# Club\n", "manage.py": b"import os\n"}
SECOND = {**FIRST, "api/models.py": b"class Book:\n    pass\n"}


@pytest.fixture
def vera(alice) -> factories.Person:
    return factories.colleague("vera", of=alice, role="viewer")


@pytest.fixture
def club(alice, settings, tmp_path) -> Project:
    """A project of alice's with two versions."""
    settings.DATA_DIR = tmp_path
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        project = Project.objects.create(
            workspace=alice.workspace, name="Club", slug="club", created_by=alice.user
        )
        for kind, tree in (("initial", FIRST), ("application", SECOND)):
            change = projects.Change(kind, tree, Blueprint(), f"{kind}\n", generated=True)
            projects.write(project=project, change=change, author=alice.user)
    return project


def send(person, method: str, path: str, body: dict | None = None, **headers):
    return getattr(person.client, method)(
        path, json.dumps(body or {}), content_type="application/json", headers=headers
    )


def test_a_project_is_listed_and_read(alice, charlie, club):
    rows = alice.get(PROJECTS).json()["results"]

    assert [(row["name"], row["version"]) for row in rows] == [("Club", 2)]
    assert alice.get(f"{PROJECTS}{club.pk}/").json()["slug"] == "club"
    assert charlie.get(PROJECTS).json()["results"] == []


def test_renaming_wants_the_version_that_was_seen(alice, club):
    address = f"{PROJECTS}{club.pk}/"
    tag = alice.get(address)["ETag"]

    blind = send(alice, "patch", address, {"name": "Circle"})
    seen = send(alice, "patch", address, {"name": "Circle"}, **{"If-Match": tag})
    stale = send(alice, "patch", address, {"name": "Club"}, **{"If-Match": tag})

    assert (blind.status_code, seen.status_code, stale.status_code) == (428, 200, 412)
    assert seen.json()["name"] == "Circle"
    assert seen["ETag"] != tag


def test_the_history_is_read_newest_first(alice, club):
    rows = alice.get(f"{PROJECTS}{club.pk}/versions/").json()["results"]

    assert [(row["number"], row["kind"]) for row in rows] == [(2, "application"), (1, "initial")]
    assert alice.get(f"{PROJECTS}{club.pk}/versions/1/").json()["commit_sha"]
    assert alice.get(f"{PROJECTS}{club.pk}/versions/3/").status_code == 404


def test_files_of_the_head_and_of_each_version(alice, club):
    head = alice.get(f"{PROJECTS}{club.pk}/files/").json()
    first = alice.get(f"{PROJECTS}{club.pk}/versions/1/files/").json()
    text = alice.get(f"{PROJECTS}{club.pk}/files/?path=api/models.py").json()["text"]

    assert [file["path"] for file in head["files"]] == sorted(SECOND)
    assert [file["path"] for file in first["files"]] == sorted(FIRST)
    assert text == "class Book:\n    pass\n"
    for path in ("nothing.py", "../../etc/passwd", "/etc/passwd"):
        assert alice.get(f"{PROJECTS}{club.pk}/files/?path={path}").status_code == 404


def test_a_version_downloads_as_the_same_bytes_twice_and_as_a_patch(alice, club):
    address = f"{PROJECTS}{club.pk}/versions/2/"
    first, second = alice.get(f"{address}archive/"), alice.get(f"{address}archive/")

    assert first.content == second.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as packed:
        assert packed.namelist() == sorted(SECOND)
    assert 'filename="club-v2.zip"' in first["Content-Disposition"]
    assert b"+class Book:" in alice.get(f"{address}patch/").content


def test_undoing_the_newest_version_brings_the_bytes_back(alice, club):
    answer = send(alice, "post", f"{PROJECTS}{club.pk}/versions/2/reversal/")
    again = send(alice, "post", f"{PROJECTS}{club.pk}/versions/2/reversal/")

    assert answer.status_code == 201
    body = answer.json()
    assert (body["number"], body["kind"], body["reverts"]) == (3, "reversal", 2)
    assert "migrate_commands" in body
    first = alice.get(f"{PROJECTS}{club.pk}/versions/1/").json()
    assert body["tree_sha256"] == first["tree_sha256"]
    assert (again.status_code, again.json()["code"]) == (409, "reversal_blocked")


def test_the_first_version_cannot_be_undone(alice, club):
    answer = send(alice, "post", f"{PROJECTS}{club.pk}/versions/1/reversal/")

    assert (answer.status_code, answer.json()["code"]) == (409, "reversal_blocked")


ADDRESSES = [
    ("get", ""),
    ("patch", ""),
    ("delete", ""),
    ("get", "files/"),
    ("get", "versions/"),
    ("get", "versions/2/"),
    ("get", "versions/2/files/"),
    ("get", "versions/2/archive/"),
    ("get", "versions/2/patch/"),
    ("post", "versions/2/reversal/"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_a_stranger_finds_nothing_and_nobody_gets_in_unsigned(charlie, client, club, method, path):
    address = f"{PROJECTS}{club.pk}/{path}"
    extra = {} if method == "get" else {"data": "{}", "content_type": "application/json"}

    theirs = getattr(charlie.client, method)(address, **extra)
    nothing = getattr(charlie.client, method)(f"{PROJECTS}999999/{path}", **extra)

    assert theirs.status_code == nothing.status_code == 404
    assert theirs.json()["code"] == nothing.json()["code"]
    assert getattr(client, method)(address, **extra).status_code == 401


def test_an_editor_does_all_but_delete_and_a_viewer_looks(bob, vera, alice, club):
    assert send(bob, "delete", f"{PROJECTS}{club.pk}/").status_code == 403
    assert vera.get(f"{PROJECTS}{club.pk}/versions/2/archive/").status_code == 200
    assert send(vera, "post", f"{PROJECTS}{club.pk}/versions/2/reversal/").status_code == 403
    assert send(vera, "post", PROJECTS, {"name": "x"}).status_code == 403
    assert send(bob, "post", f"{PROJECTS}{club.pk}/versions/2/reversal/").status_code == 201
    assert send(alice, "delete", f"{PROJECTS}{club.pk}/").status_code == 204
    assert alice.get(f"{PROJECTS}{club.pk}/").status_code == 404
