"""Results become versions, versions can be undone to the byte, and nobody loses what somebody else did."""

import subprocess
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.utils import IntegrityError

from taishang import projects
from taishang.generation import applying, packing, reading
from taishang.generation.selecting import Selection
from taishang.generation.trees import tree_sha256
from taishang.models import Project, ProjectVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def applied(workshop, finished) -> ProjectVersion:
    with workshop.inside():
        return applying.apply(principal=workshop.principal, job=finished)


def test_an_application_is_a_commit_on_the_blank_template(workshop, applied):
    with workshop.inside():
        project = Project.objects.get(pk=applied.project_id)
        tree = projects.tree(version=applied)

    assert [applied.number, applied.kind] == [2, "application"]
    assert project.head_commit == applied.commit_sha
    assert tree_sha256(tree) == applied.job.tree_sha256
    assert "api/models/book.py" in tree


def test_undoing_gives_the_former_tree_byte_for_byte(workshop, applied):
    with workshop.inside():
        undone = applying.revert(principal=workshop.principal, version=applied)
        first = ProjectVersion.objects.get(project_id=applied.project_id, number=1)

        assert undone.tree_sha256 == first.tree_sha256
        assert projects.tree(version=undone) == projects.tree(version=first)
        assert not any(
            "migrations/0" in path
            for path in set(projects.tree(version=undone)) - set(projects.tree(version=first))
        )


def test_an_undo_can_itself_be_undone(workshop, applied):
    with workshop.inside():
        undone = applying.revert(principal=workshop.principal, version=applied)
        again = applying.revert(principal=workshop.principal, version=undone)

    assert again.tree_sha256 == applied.tree_sha256


def test_a_version_is_undone_once(workshop, applied):
    with workshop.inside():
        applying.revert(principal=workshop.principal, version=applied)

        with pytest.raises(applying.ReversalBlocked):
            applying.revert(principal=workshop.principal, version=applied)


def test_the_commands_for_deployed_databases_are_listed(workshop, applied):
    with workshop.inside():
        commands = projects.migrate_commands(version=applied)

    assert commands == [
        "python manage.py migrate accounts 0001_initial",
        "python manage.py migrate api 0001_initial",
    ]


def test_a_moved_base_is_refused_and_offers_a_merge(workshop, applied):
    second = workshop.run(refine="off", app_label="api", prefix=None, decisions={"x": "y"})
    with workshop.inside():
        second.project_id = applied.project_id
        second.save(update_fields=["project"])

        with pytest.raises(applying.BaseMoved) as refused:
            applying.apply(principal=workshop.principal, job=second)

    assert refused.value.members["offer"] == "merge"
    assert refused.value.files


def test_a_part_brings_what_it_needs_and_runs(workshop, finished):
    job = finished
    selection = Selection(endpoints=["endpoint:GET /api/meetings"])
    with workshop.inside():
        plan = applying.plan(job=job, selection=selection)
        task = applying.apply(principal=workshop.principal, job=job, selection=selection)
    workshop.work()
    with workshop.inside():
        version = ProjectVersion.objects.get(job_id=job.pk)
        tree = projects.tree(version=version)

    assert any(key.startswith("entity:") for key in plan.added)
    assert workshop.bench.now(task).state == "succeeded"
    assert "api/models/meeting.py" in tree
    assert "api/models/review.py" not in tree


def test_versions_cannot_be_rewritten(workshop, applied):
    with (
        workshop.inside(),
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
    ):
        ProjectVersion.objects.filter(pk=applied.pk).update(message="other")


def test_the_cache_may_vanish_and_a_damaged_pack_is_named(workshop, applied):
    with workshop.inside():
        project = Project.objects.get(pk=applied.project_id)
        projects.rebuild(project=project)
        assert tree_sha256(projects.tree(version=applied)) == applied.tree_sha256

        assert projects.check(project=project) == []
        pack = Path(default_storage.path(applied.pack_file.storage_path))
        content = bytearray(pack.read_bytes())
        content[len(content) // 2] ^= 1
        pack.write_bytes(bytes(content))

        assert projects.check(project=project) == [applied.number]
        projects.rebuild(project=project)
        with pytest.raises(projects.VersionDamaged):
            projects.tree(version=applied)


def test_git_applies_the_patch_to_the_base(workshop, applied, tmp_path):
    with workshop.inside():
        base = projects.tree(version=projects.previous(applied))
        patch = projects.patch(version=applied)
        wanted = projects.tree(version=applied)
    for path, content in base.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, check=True)

    found = {
        str(path.relative_to(tmp_path)): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert found == wanted


def test_an_archive_is_the_same_every_time(workshop, applied):
    with workshop.inside():
        first, second = (projects.archive(version=applied) for _ in range(2))

        assert first == second
        assert packing.unarchive(data=first) == reading.tree(job=applied.job)


def test_a_failed_job_cannot_be_applied(workshop):
    job = workshop.run(b"PK\x05\x06" + bytes(18))
    with workshop.inside(), pytest.raises(applying.NotSucceeded):
        applying.apply(principal=workshop.principal, job=job)
