"""The sealer: every committed row gets one number and one hash, whoever runs it and however often it dies."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from accounts import tenancy
from accounts.rls import APP, OPERATOR, SEALER
from laojun.chain import anchors, form, sealing, ticking
from laojun.models import AuditChain, AuditLog
from tests import factories
from tests.laojun.chains import deeds, owning_the_database, sealed, verdict
from tests.taishang.conftest import Bench

VECTORS = json.loads((Path(__file__).parent / "audit_vectors.json").read_text())


@pytest.fixture
def bench(alice) -> Bench:
    return Bench(alice)


def _rows(workspace):
    with tenancy.workspace(workspace.id, user_id=workspace.owner_id):
        return list(AuditLog.objects.filter(workspace_id=workspace.id).order_by("seq"))


def test_rows_are_numbered_from_one_without_gap_in_the_order_they_were_made(alice):
    sealed(alice.workspace, 30)

    rows = _rows(alice.workspace)

    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert [row.pk for row in rows] == sorted(row.pk for row in rows)
    assert all(row.sealed_at for row in rows)


def test_a_second_run_has_nothing_to_do(alice):
    sealed(alice.workspace, 3)
    before = [bytes(row.hash) for row in _rows(alice.workspace)]

    assert sealing.seal_chain(alice.workspace.id) == 0
    assert [bytes(row.hash) for row in _rows(alice.workspace)] == before


def test_every_chain_that_waits_is_found_the_platforms_too(alice, charlie):
    deeds(alice.workspace, 2)
    deeds(charlie.workspace, 2)

    sealing.seal_waiting()

    with tenancy.sealer_scope():
        assert {alice.workspace.id, charlie.workspace.id, 0} <= set(
            AuditChain.objects.values_list("pk", flat=True)
        )
    assert sealing.backlog().chains == 0


def test_more_than_a_batch_is_sealed_in_turns(alice, monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 7)
    deeds(alice.workspace, 30)

    sealing.seal_waiting()

    assert all(row.seq for row in _rows(alice.workspace))
    assert verdict(alice.workspace.id).state == "intact"


def test_a_backlog_gets_a_task_of_its_own(bench, monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 5)
    deeds(bench.person.workspace, 30)
    with monkeypatch.context() as slow:
        slow.setattr(anchors.seal_and_anchor, "__kwdefaults__", {"budget_s": 0.0})
        ticking.seal()
        ticking.seal()
    assert sealing.backlog().chains > 0

    assert bench.work() == 1

    assert all(row.seq for row in _rows(bench.person.workspace))
    assert verdict(bench.person.workspace.id).state == "intact"


def test_a_batch_that_cannot_be_sealed_whole_is_not_sealed_at_all(alice, monkeypatch):
    deeds(alice.workspace, 5)
    with monkeypatch.context() as spoilt:
        spoilt.setattr(sealing, "SEAL", sealing.SEAL + " AND l.id %% 2 = 0")
        with pytest.raises(sealing.SealRefused):
            sealing.seal_chain(alice.workspace.id)
    assert not any(row.seq for row in _rows(alice.workspace))

    sealing.seal_chain(alice.workspace.id)

    assert verdict(alice.workspace.id).state == "intact"


def test_the_backlog_says_how_long_the_oldest_row_waits(alice):
    sealing.seal_waiting()
    assert sealing.backlog().lag == timedelta()

    deeds(alice.workspace, 1)

    found = sealing.backlog()
    assert found.chains == 1
    assert timedelta() < found.lag < timedelta(minutes=1)


def test_numbers_beyond_the_head_make_the_chain_suspect_and_sealing_goes_on(alice):
    sealed(alice.workspace, 3)
    with tenancy.sealer_scope():
        mine = AuditChain.objects.filter(pk=alice.workspace.id)
        mine.update(head_seq=2)
    deeds(alice.workspace, 1)

    sealing.seal_chain(alice.workspace.id)

    with tenancy.sealer_scope():
        assert mine.get().status == "broken"


@pytest.mark.parametrize("number", range(0, len(VECTORS["rows"]), 7))
def test_the_committed_rows_hash_as_they_did(number):
    row = VECTORS["rows"][number]

    found = form.link(row["chain"], row["seq"], bytes.fromhex(row["prev_hash"]), row["canonical"])

    assert found.hex() == row["hash"]


def test_postgresql_gives_the_committed_rows_the_form_they_had(db):
    """On every supported major version."""
    with tenancy.sealer_scope(), connection.cursor() as cursor:
        stored = [row["stored"] for row in VECTORS["rows"]]
        cursor.execute(
            f"SELECT {form.CANONICAL} FROM jsonb_populate_recordset(NULL::lao_audit_logs, %s::jsonb)"
            " WITH ORDINALITY AS l ORDER BY l.ordinality",
            [json.dumps(stored)],
        )
        found = [canonical for (canonical,) in cursor.fetchall()]

    assert found == [row["canonical"] for row in VECTORS["rows"]]


def test_the_committed_chain_hangs_together():
    before = form.genesis(UUID(VECTORS["instance"]), VECTORS["rows"][0]["chain"])
    for row in VECTORS["rows"]:
        assert row["prev_hash"] == before.hex()
        before = bytes.fromhex(row["hash"])
    assert len(VECTORS["rows"]) == 50


@pytest.mark.parametrize("role", [APP, OPERATOR])
@pytest.mark.parametrize(
    "table",
    ["lao_audit_chains", "lao_audit_anchors", "lao_audit_checkpoints", "lao_audit_instance"],
)
@pytest.mark.parametrize("right", ["INSERT", "UPDATE", "DELETE", "TRUNCATE"])
def test_nobody_but_the_sealer_moves_a_chain(db, role, table, right):
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right])
        assert cursor.fetchone() == (False,)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM lao_audit_logs",
        "DELETE FROM lao_audit_chains",
        "TRUNCATE lao_audit_logs",
        "UPDATE lao_audit_logs SET action = 'x'",
        "UPDATE lao_audit_anchors SET sha256 = 'x'",
        "INSERT INTO lao_audit_logs (action) VALUES ('x')",
        "SELECT 1 FROM accounts_users",
    ],
)
def test_the_sealer_may_do_nothing_else(db, statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {SEALER}")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(statement)


def test_the_trigger_lets_a_seal_in_and_nothing_beside_it(django_db_setup, django_db_blocker):
    """Also where somebody was granted more columns than the sealer has."""
    with django_db_blocker.unblock(), owning_the_database():
        workspace = factories.person("alice").workspace
        deeds(workspace, 1)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE NONE")
            for change in ("action = 'file.deleted'", "payload = '{}'", "actor_id = NULL"):
                with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
                    cursor.execute(
                        f"UPDATE lao_audit_logs SET seq = 1, hash = sha256('x'), sealed_at = now(),"
                        f" {change} WHERE workspace_id = %s AND resource_type = 'file'",
                        [workspace.id],
                    )


def test_a_tenant_sees_its_own_chain_alone(alice, charlie):
    for person in (alice, charlie):
        sealed(person.workspace, 1)

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert set(AuditChain.objects.values_list("pk", flat=True)) == {alice.workspace.id}


def test_time_stands_in_the_form_to_the_microsecond(alice):
    sealed(alice.workspace, 1)
    row = _rows(alice.workspace)[-1]
    with tenancy.sealer_scope(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {form.CANONICAL} FROM lao_audit_logs l WHERE id = %s", [row.pk])
        canonical = json.loads(cursor.fetchone()[0])

    assert canonical[0] == row.pk
    assert canonical[1] == int(row.created_at.timestamp()) * 1_000_000 + row.created_at.microsecond
    assert row.created_at <= timezone.now()
