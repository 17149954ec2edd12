"""A month leaves with its proof: the chain goes on from a signed checkpoint, and archives and table make one whole."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts import tenancy
from laojun.audit import Actor
from laojun.chain import anchors, archived, checkpoints, inspections, sealing, verifying
from laojun.chain.checkpoints import MonthStays
from laojun.chain.verifying import Wanted
from laojun.models import AuditCheckpoint
from laojun.retention import partitions
from tests.laojun.chains import LOGS, verdict
from tests.tidying import empty_tenant_tables

FIRST, SECOND, THIRD = (datetime(2021, month, 1, tzinfo=UTC) for month in (3, 4, 5))


@pytest.fixture
def chain(django_db_setup, django_db_blocker, monkeypatch):
    """A chain with rows in March and April 2021, committed; one of March got its number after one of April."""
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 0.0)
    with django_db_blocker.unblock():
        partitions.ensure_partitions(today=FIRST.date())
        workspace = SimpleNamespace(id=900_001)
        _insert(workspace, [FIRST + timedelta(days=day) for day in range(1, 11)])
        sealing.seal_waiting()
        _insert(workspace, [SECOND + timedelta(days=1), SECOND + timedelta(days=2)])
        sealing.seal_chain(workspace.id)
        _insert(workspace, [FIRST + timedelta(days=29)])
        sealing.seal_chain(workspace.id)
        _insert(workspace, [SECOND + timedelta(days=day) for day in range(3, 9)])
        _insert(workspace, [timezone.now()] * 2)
        sealing.seal_waiting()
        yield workspace
        empty_tenant_tables()
        with connections["owner"].cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS lao_audit_logs_left")
        connection.close()
        connections["owner"].close()


def _insert(workspace, times) -> None:
    """Rows of other months, which only the database's owner can make."""
    with tenancy.migration_scope(), connections["owner"].cursor() as cursor:
        for at in times:
            cursor.execute(
                f"INSERT INTO {LOGS} (workspace_id, actor_kind, actor, action, resource_type,"
                " resource_id, result, payload, user_agent, trace_id, created_at) VALUES"
                " (%s, 'system', 'system:x', 'file.uploaded', 'file', '1', 'ok', '{}', '', '', %s)",
                [workspace.id, at],
            )


def _leave(start=FIRST, end=SECOND) -> tuple[list[AuditCheckpoint], list[str]]:
    """What the retention does: checkpoint and detach in one transaction; the rows as an archive holds them."""
    name = f"{LOGS}_{start:%Y_%m}"
    with tenancy.migration_scope(), connections["owner"].cursor() as cursor:
        cursor.execute(
            f"SELECT to_jsonb(l)::text FROM {LOGS} l WHERE workspace_id = 900001 AND created_at >= %s"
            " AND created_at < %s ORDER BY seq",
            [start, end],
        )
        texts = [text for (text,) in cursor.fetchall()]
        written = checkpoints.leave_month(start=start, end=end)
        cursor.execute(f"ALTER TABLE {LOGS} DETACH PARTITION {name}")
        cursor.execute(f"DROP TABLE {name}")
    return written, texts


def _proved(workspace) -> None:
    anchors.anchor()
    inspections.inspect(wanted=Wanted(), by=Actor.system("test"))


def test_the_chain_goes_on_from_its_checkpoint(chain):
    _proved(chain)
    before = verdict(chain.id)
    assert before.state == "intact"

    written, texts = _leave()

    mine = next(one for one in written if one.workspace_id == chain.id)
    found = verdict(chain.id)
    assert found.state == "intact"
    assert (mine.row_count, len(mine.bridge)) == (11, 1)
    assert found.start == mine.up_to_seq
    assert found.rows + mine.row_count == before.rows
    assert len(texts) >= 11


def test_archives_and_table_are_walked_as_one(chain, monkeypatch):
    _proved(chain)
    before = verdict(chain.id)
    _written, texts = _leave()
    monkeypatch.setattr(archived.audit_archives, "function", lambda chain_id: iter(texts))

    whole = verdict(chain.id, archives=True)

    assert (whole.state, whole.rows, whole.start) == ("intact", before.rows, 0)

    spoilt = [
        text.replace('"file.uploaded"', '"file.deleted"', 1) if number == 3 else text
        for number, text in enumerate(texts)
    ]
    monkeypatch.setattr(archived.audit_archives, "function", lambda chain_id: iter(spoilt))
    bad = verdict(chain.id, archives=True).bad
    assert (bad.kind, bad.seq) == ("edited", 4)


def test_the_next_anchor_names_the_checkpoint(chain):
    _proved(chain)
    written, _texts = _leave()
    _insert(chain, [timezone.now()])
    sealing.seal_waiting()

    anchors.anchor()

    with tenancy.sealer_scope():
        newest = anchors.AuditAnchor.objects.order_by("-anchor_no").first()
    named = {(one["chain"], one["seq"]) for one in newest.details["checkpoints"]}
    assert (chain.id, next(one.up_to_seq for one in written if one.workspace_id)) in named


def test_a_checkpoint_somebody_changed_is_not_believed(chain):
    _proved(chain)
    _leave()
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE lao_audit_checkpoints DISABLE TRIGGER ALL")
        with tenancy.migration_scope():
            cursor.execute(
                "UPDATE lao_audit_checkpoints SET up_to_seq = up_to_seq + 1 WHERE workspace_id = %s",
                [chain.id],
            )
        cursor.execute("ALTER TABLE lao_audit_checkpoints ENABLE TRIGGER ALL")

    found = verdict(chain.id)

    assert (found.state, found.bad.kind) == ("tampered", "forked")


@pytest.mark.parametrize("missing", ["sealed", "anchored", "verified"])
def test_a_month_stays_until_it_is_sealed_anchored_and_verified(chain, missing):
    if missing == "sealed":
        _proved(chain)
        _insert(chain, [FIRST + timedelta(days=20)])
    if missing == "verified":
        anchors.anchor()

    with pytest.raises(MonthStays) as stays:
        _leave()

    assert stays.value.reason == f"un{missing}"
    with tenancy.migration_scope():
        assert not AuditCheckpoint.objects.using("owner").exists()


def test_a_later_month_waits_for_the_earlier_one(chain):
    _proved(chain)

    with pytest.raises(MonthStays) as stays:
        _leave(SECOND, THIRD)

    assert stays.value.reason == "order"


def test_two_months_leave_one_after_the_other(chain):
    _proved(chain)
    _leave()
    _proved(chain)

    _leave(SECOND, THIRD)

    found = verdict(chain.id)
    assert found.state == "intact"
    assert found.start >= 18


def test_a_broken_chain_keeps_its_months(chain):
    _proved(chain)
    with tenancy.sealer_scope():
        checkpoints.AuditChain.objects.filter(pk=chain.id).update(status="broken")

    with pytest.raises(MonthStays) as stays:
        _leave()

    assert stays.value.reason == "broken"
    assert not transaction.get_connection().in_atomic_block
