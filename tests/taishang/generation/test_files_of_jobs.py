"""What a job keeps is read through the job's own doors, never through the list of files."""

import pytest

from accounts.authentication import Principal
from laojun.models import File

pytestmark = pytest.mark.django_db


def as_editor(workshop, person) -> Principal:
    principal = Principal(user=person.user, workspace_id=workshop.person.workspace.id)
    principal._held = frozenset({"file.view"})
    return principal


def test_artifacts_and_uploads_of_others_are_not_among_the_files(workshop, finished, charlie):
    workshop.submit(b"PK\x05\x06" + bytes(18))
    with workshop.inside():
        kept = File.objects.filter(state="stored", purpose__startswith="generation.")
        seen = File.objects.visible_to(as_editor(workshop, charlie))

        assert kept.count() > 5
        assert not seen.exists()


def test_ones_own_fresh_upload_is(workshop):
    job = workshop.submit(b"PK\x05\x06" + bytes(18)).job
    with workshop.inside():
        seen = File.objects.visible_to(workshop.principal)

        assert job.upload_file_id in seen.values_list("pk", flat=True)
