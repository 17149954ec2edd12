"""A month of the audit log leaves by the nightly run only once it is proved, and the proof goes on through the archive."""

from datetime import timedelta

import pytest
from django.db import connections

from accounts import tenancy
from laojun.models import Archive, AuditCheckpoint, AuditLog
from laojun.retention import archives, sweeping
from tests.laojun.chains import verdict
from tests.laojun.test_chain_checkpoints import SECOND, _proved, chain  # noqa: F401

LATE = SECOND + timedelta(days=90)


def sweep():
    return sweeping.run(now=LATE, only=lambda policy: policy.table == "lao_audit_logs")[0]


@pytest.fixture(autouse=True)
def _archive_folder(settings, tmp_path):
    settings.ARCHIVE_DIR = tmp_path / "archives"


@pytest.fixture
def forgotten(chain):  # noqa: F811
    yield chain
    with tenancy.migration_scope(), connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE lao_archives CASCADE")


def test_a_month_stays_until_it_is_proved_then_leaves_and_everything_still_verifies(forgotten):
    refused = sweep()
    assert "unanchored" in refused.note or "unverified" in refused.note
    assert not refused.failed
    assert not list(archives.path_of("").rglob("*.gz")), "nothing is written for a month that stays"

    _proved(forgotten)
    outcome = sweep()

    assert outcome.rows == 11
    with tenancy.migration_scope():
        archive = Archive.objects.using("owner").get(partition="lao_audit_logs_2021_03")
        checkpoint = AuditCheckpoint.objects.using("owner").get(workspace_id=forgotten.id)
        row = AuditLog.objects.using("owner").get(action="audit.checkpointed")
    assert checkpoint.archive_id == archive.pk
    assert (row.workspace_id, row.resource_id) == (forgotten.id, "lao_audit_logs_2021_03")
    assert row.payload["details"] == {"up_to_seq": checkpoint.up_to_seq, "rows": 11}
    assert verdict(forgotten.id).state == "intact"
    assert verdict(forgotten.id, archives=True).state == "intact"


def test_an_archive_that_was_changed_is_found_by_the_verification(forgotten):
    _proved(forgotten)
    sweep()
    with tenancy.migration_scope():
        archive = Archive.objects.using("owner").get(partition="lao_audit_logs_2021_03")
    path = archives.path_of(archive.storage_path)
    rows = list(archives.texts(archive))
    rows[4] = rows[4].replace('"file.uploaded"', '"file.deleted"')
    archives._write((row.encode() for row in rows), path)

    assert verdict(forgotten.id, archives=True).state == "tampered"
