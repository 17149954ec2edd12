"""Archives of each test stand in a folder of its own; months need real commits, as the owner."""

import json
from datetime import datetime

import pytest
from django.db import connections, transaction

from accounts import registry, tenancy
from accounts.registry import Store
from laojun.models import Archive, AuditLog


@pytest.fixture(autouse=True)
def _archive_folder(settings, tmp_path):
    settings.ARCHIVE_DIR = tmp_path / "archives"


@pytest.fixture(autouse=True)
def _no_proof_asked(monkeypatch):
    """How months leave is tried here; what the audit log asks of one stands in `test_chain_checkpoints`."""
    monkeypatch.setattr(registry, "leaving_months", Store("leaving_months_of_these_tests"))


@pytest.fixture
def owner(django_db_setup, django_db_blocker):
    """The owner's connection, with real commits as in the schedule; what was archived is forgotten afterwards."""
    with django_db_blocker.unblock():
        yield connections["owner"]
        with tenancy.migration_scope():
            for row in Archive.objects.using("owner").exclude(side_table=""):
                with connections["owner"].cursor() as cursor:
                    cursor.execute(f"DROP TABLE IF EXISTS {row.side_table}")
            Archive.objects.using("owner").all().delete()
        connections["owner"].close()
        connections["default"].close()


@pytest.fixture
def audited(owner):
    """`audited(moment, …)` writes an audit row for each moment, wherever its month lies."""

    def insert(*moments: datetime, workspace: int | None = None) -> None:
        with transaction.atomic(using="owner"), owner.cursor() as cursor:
            cursor.execute("SELECT set_config('app.migrating', 'on', true)")
            for moment in moments:
                cursor.execute(
                    "INSERT INTO lao_audit_logs (workspace_id, actor_kind, actor, action,"
                    " resource_type, resource_id, result, payload, user_agent, trace_id, created_at)"
                    " VALUES (%s, 'system', 'x', 'test.row', 'x', '太上 \"\\ \n', 'ok',"
                    " '{\"a\": [1, null, \"\\u0041\"]}', '', '', %s)",
                    [workspace, moment],
                )

    yield insert
    with tenancy.migration_scope():
        AuditLog.objects.using("owner").filter(action="test.row")._raw_delete("owner")


@pytest.fixture
def all_rows(owner):
    """Every audit row of the tests, as JSON, oldest first."""

    def read(table: str = "lao_audit_logs", condition: str = "action = 'test.row'") -> list[dict]:
        with tenancy.migration_scope(), owner.cursor() as cursor:
            cursor.execute(
                f"SELECT to_jsonb(t) FROM {table} t WHERE {condition} ORDER BY created_at, id"
            )
            return [
                json.loads(row) if isinstance(row, str) else row for (row,) in cursor.fetchall()
            ]

    return read
