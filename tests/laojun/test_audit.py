"""Who did what: written with the deed, never changed afterwards."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.utils import ProgrammingError

from accounts import tenancy
from accounts.rls import APP, OPERATOR
from laojun import audit
from laojun.audit import Actor, Target
from laojun.models import AuditActor, AuditLog

pytestmark = pytest.mark.django_db
REWRITES = (
    "UPDATE {table} SET action = 'file.deleted'",
    "UPDATE {table} SET seq = 1, hash = '\\x00', sealed_at = now()",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
)


def _deed(person, **extra):
    audit.record(
        actor=person.user, action="file.uploaded", target=("file", "1"), after={"a": 1}, **extra
    )


def _partition() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = 'lao_audit_logs_'"
            " || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"
        )
        return cursor.fetchone()[0]


def test_a_deed_leaves_a_row_with_what_changed(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        audit.record(
            actor=alice.user,
            action="config.set",
            target=("config", "storage.max_file_size"),
            before={"value": 1, "same": 2.5},
            after={"value": 3, "same": 2.5},
        )

        row = AuditLog.objects.filter(action="config.set").get()
        assert row.payload == {"before": {"value": 1}, "after": {"value": 3}, "changed": ["value"]}
        assert row.actor == f"user:{alice.user.id}"
        assert row.workspace_id == alice.workspace.id
        assert (row.seq, row.hash, row.sealed_at) == (None, None, None)


def test_names_stand_beside_the_log_only(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        _deed(alice)
        _deed(alice)

        row = AuditLog.objects.filter(action="file.uploaded").first()
        assert "alice" not in str(vars(row))
        assert audit.names([row]) == {f"user:{alice.user.id}": "alice"}
        actor = AuditActor.objects.get(actor=row.actor)
        assert actor.email_masked == "a***@example.com"


def _as(role, statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)
        return cursor.rowcount


@pytest.mark.parametrize("role", [APP, OPERATOR])
@pytest.mark.parametrize("statement", REWRITES)
@pytest.mark.parametrize("place", ["parent", "partition"])
def test_nobody_rewrites_the_log(alice, role, statement, place):
    table = "lao_audit_logs" if place == "parent" else _partition()
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        _deed(alice)
        with pytest.raises(ProgrammingError, match="permission denied"):
            _as(role, statement.format(table=table))
        assert AuditLog.objects.filter(action="file.uploaded").count() == 1


@pytest.mark.parametrize("column", ["created_at", "seq", "id"])
def test_a_writer_cannot_choose_time_number_or_key(alice, column):
    value = "now()" if column == "created_at" else "1"
    with (
        tenancy.workspace(alice.workspace.id, user_id=alice.user.id),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO lao_audit_logs (actor_kind, actor, action, resource_type, resource_id,"
            f" result, payload, user_agent, trace_id, {column}) VALUES ('user', 'x', 'x', 'x', 'x',"
            f" 'ok', '{{}}', '', '', {value})"
        )


SEALER = "taishang_sealer"


def test_the_sealer_fills_a_seal_once_and_nothing_else(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        _deed(alice)
    seal = "UPDATE lao_audit_logs SET seq = 1, hash = '\\x01', sealed_at = now()"

    assert _as(SEALER, seal) >= 1
    with pytest.raises(ProgrammingError, match="append-only"):
        _as(SEALER, seal)
    with pytest.raises(ProgrammingError, match="permission denied"):
        _as(SEALER, "UPDATE lao_audit_logs SET action = 'x'")


def test_every_month_carries_the_guard(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgname = 'lao_audit_logs_keep' AND c.relname LIKE 'lao_audit_logs%'"
        )
        guarded = cursor.fetchone()[0]
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname LIKE 'lao_audit_logs%' AND relkind IN ('r', 'p')"
        )
        assert guarded == cursor.fetchone()[0]


def test_a_deed_whose_row_cannot_be_written_is_taken_back(alice):
    workspace = alice.workspace

    def deed():
        with tenancy.workspace(workspace.id, user_id=alice.user.id):
            workspace.slug = "changed-by-the-deed"
            workspace.save(update_fields=["slug"])
            audit.record(
                actor=Actor("x", "no such"), action="workspace.changed", target=("workspace", 1)
            )

    with pytest.raises(DatabaseError):
        deed()

    with tenancy.workspace(workspace.id, user_id=alice.user.id):
        workspace.refresh_from_db()
        assert workspace.slug != "changed-by-the-deed"


def test_an_undeclared_action_is_an_error(alice):
    with pytest.raises(audit.UnknownAction):
        audit.record(actor=alice.user, action="nothing.known", target=("x", 1))


def test_secrets_and_large_values_never_reach_the_row(alice):
    canary = "sk-" + "live" + "x7" * 20
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        audit.record(
            actor=alice.user,
            action="config.set",
            target=Target("config", f"key {canary}"),
            before={"password": canary},
            after={"note": f"it is {canary}", "text": "字" * 40_000, "deep": {"api_key": canary}},
            details={"url": f"https://u:{canary}@example.com/", "price": 0.1, "nul": "a\x00\ud800"},
        )

        row = AuditLog.objects.get(action="config.set")
        assert canary not in str(vars(row))
        assert row.payload["after"]["text"]["length"] == 120_002
        assert row.payload["details"]["price"] == "0.1"


def test_a_payload_over_64_kilobytes_keeps_hashes(alice):
    many = {f"field{number}": "x" * 1000 for number in range(100)}

    kept = audit.payload({}, many, None)

    assert set(kept["after"]) == {"sha256", "length"}
    assert len(str(kept)) < audit.MAX_PAYLOAD_BYTES


def test_another_workspace_and_nobody_see_nothing(alice, charlie):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        _deed(alice)
    audit.record(actor=Actor.system("test"), action="file.deleted", target=Target("x", "1"))

    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        assert not AuditLog.objects.exclude(workspace_id=charlie.workspace.id).exists()
    assert AuditLog.objects.count() == 0


def test_a_tenant_cannot_write_into_another_ones_log(alice, charlie):
    with (
        tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO lao_audit_logs (workspace_id, actor_kind, actor, action, resource_type,"
            " resource_id, result, payload, user_agent, trace_id)"
            " VALUES (%s, 'user', 'x', 'x', 'x', 'x', 'ok', '{}', '', '')",
            [alice.workspace.id],
        )


def test_a_refusal_outlives_the_rollback_of_its_request(alice):
    collected = []
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        with transaction.atomic(), audit.facts(audit.Facts("t1", afterwards=collected)):
            audit.record_afterwards(actor=alice.user, action="access.denied", target=("path", "/x"))
            transaction.set_rollback(True)
        assert not AuditLog.objects.filter(action="access.denied").exists()
        for write in collected:
            write()

        row = AuditLog.objects.get(action="access.denied")
        assert (row.result, row.trace_id) == ("denied", "t1")
