"""What somebody else did meanwhile stays: merges keep both sides, conflicts are settled first, old versions come out."""

import io
import zipfile

import pytest

from taishang import projects
from taishang.generation import applying, sample
from taishang.models import Project, ProjectVersion
from taishang.projects import Change

pytestmark = pytest.mark.django_db
MEETINGS = "reading-club/src/api/meetings.ts"
NOTE = b"# Kept by hand.\n"
ARCHIVING = b"""
export const archiveMeeting = (id: string) => post<Meeting>(`/meetings/${id}/archive`, {});
"""
ROOMS = b"""
export interface Room { id: string; name: string; seats: number }
export const listRooms = () => get<Room[]>('/rooms');
export const createRoom = (room: Omit<Room, 'id'>) => post<Room>('/rooms', room);
"""


def grown_export(more: bytes = ARCHIVING) -> bytes:
    """The sample with one call more."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(sample.archive())) as source,
        zipfile.ZipFile(buffer, "w") as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name) + (more if name == MEETINGS else b""))
    return buffer.getvalue()


@pytest.fixture
def applied(workshop, finished) -> ProjectVersion:
    with workshop.inside():
        return applying.apply(principal=workshop.principal, job=finished)


@pytest.fixture
def grown(workshop, applied):
    """A job on the applied version, whose export has one call more."""
    with workshop.inside():
        project = Project.objects.get(pk=applied.project_id)
    return workshop.run(grown_export(), project=project)


def by_hand(workshop, project_id: int, path: str, edit) -> ProjectVersion:
    """A version in which a person edited one file."""
    with workshop.inside():
        project = projects.locked(Project.objects.get(pk=project_id))
        now = projects.head(project)
        tree = projects.tree(version=now)
        change = Change(
            "import", {**tree, path: edit(tree[path])}, projects.blueprint(version=now), "edit\n"
        )
        return projects.write(project=project, change=change, author=workshop.person.user)


def head(workshop, project_id: int) -> ProjectVersion:
    with workshop.inside():
        return projects.head(Project.objects.get(pk=project_id))


def head_tree(workshop, project_id: int) -> dict[str, bytes]:
    with workshop.inside():
        return projects.tree(version=head(workshop, project_id))


def test_a_merge_keeps_the_hand_edit_and_brings_the_new_call(workshop, applied, grown):
    path = "api/models/book.py"
    by_hand(workshop, applied.project_id, path, lambda text: text + NOTE)

    with workshop.inside():
        with pytest.raises(applying.BaseMoved) as refused:
            applying.apply(principal=workshop.principal, job=grown)
        task = applying.apply(principal=workshop.principal, job=grown, mode="merge")
    workshop.work()

    assert refused.value.files == [path]
    assert workshop.bench.now(task).state == "succeeded"
    tree = head_tree(workshop, applied.project_id)
    assert tree[path].endswith(NOTE)
    assert b"archive" in tree["openapi.yaml"]
    with workshop.inside():
        assert ProjectVersion.objects.get(job=grown).kind == "merge"


def test_an_edit_made_before_the_job_survives_its_merge(workshop, applied):
    path = "api/models/book.py"
    by_hand(workshop, applied.project_id, path, lambda text: text + NOTE)
    with workshop.inside():
        project = Project.objects.get(pk=applied.project_id)
    grown = workshop.run(grown_export(), project=project)

    with workshop.inside():
        applying.apply(principal=workshop.principal, job=grown, mode="merge")
    workshop.work()

    assert head_tree(workshop, applied.project_id)[path].endswith(NOTE)


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_conflict_is_settled_before_anything_is_committed(workshop, applied, grown, side):
    path = "api/actions.py"
    before = by_hand(workshop, applied.project_id, path, lambda _text: NOTE)
    grown = workshop.now(grown)

    with workshop.inside():
        with pytest.raises(applying.BaseMoved) as refused:
            applying.apply(principal=workshop.principal, job=grown, mode="merge")
        (conflict,) = refused.value.conflicts
        task = applying.apply(
            principal=workshop.principal,
            job=grown,
            mode="merge",
            resolutions={conflict.path: [side for _hunk in conflict.hunks]},
        )
    workshop.work()

    assert conflict.path == path
    after = head_tree(workshop, applied.project_id)
    if side == "theirs":
        assert workshop.bench.now(task).state == "succeeded"
        assert b"archive" in after[path]
    else:
        # The person's file lacks what the new call needs, so the checks are red and nothing is committed.
        assert workshop.bench.now(task).error_code == "verification_failed"
        assert head(workshop, applied.project_id).pk == before.pk
    assert b"<<<<<<<" not in b"".join(after.values())


def test_the_conflict_page_asks_for_each_place_and_goes_on(workshop, applied, grown):
    by_hand(workshop, applied.project_id, "api/actions.py", lambda _text: NOTE)
    address = f"/generation/{grown.pk}/application/"

    moved = workshop.person.post(address, {"mode": "apply"})
    asked = workshop.person.post(address, {"mode": "merge"})
    settled = workshop.person.post(
        address, {"mode": "merge", "resolution:0:api/actions.py": "theirs"}
    )

    assert (moved.status_code, asked.status_code) == (409, 409)
    assert 'name="resolution:0:api/actions.py"' in asked.content.decode()
    assert settled.status_code == 302
    assert "?task=" in settled["Location"]


def test_an_older_version_comes_out_and_later_work_stays(workshop, applied):
    older = by_hand(workshop, applied.project_id, "api/models/book.py", lambda text: text + NOTE)
    later = by_hand(workshop, applied.project_id, "README.md", lambda text: text + NOTE)

    with workshop.inside():
        task = applying.revert(principal=workshop.principal, version=older)
    workshop.work()

    assert workshop.bench.now(task).state == "succeeded"
    tree = head_tree(workshop, applied.project_id)
    assert NOTE not in tree["api/models/book.py"]
    assert tree["README.md"].endswith(NOTE)
    undone = head(workshop, applied.project_id)
    assert (undone.kind, undone.reverts_id) == ("reversal", older.pk)
    assert undone.number == later.number + 1


def test_a_version_with_later_migrations_on_top_stays(workshop, applied):
    with workshop.inside():
        project = Project.objects.get(pk=applied.project_id)
    more = workshop.run(grown_export(ROOMS), project=project)

    with workshop.inside():
        later = applying.apply(principal=workshop.principal, job=more)
        with pytest.raises(applying.ReversalBlocked) as refused:
            applying.revert(principal=workshop.principal, version=applied)

    assert refused.value.members["versions"] == [later.number]
