"""Months are made ahead, and rows that came too early for theirs are moved."""

from datetime import date

import pytest
from django.db import connections, transaction

from accounts.rls import APP, OPERATOR
from laojun.retention import partitions


@pytest.fixture
def owner(django_db_setup, django_db_blocker):
    """The owner's connection, with real commits as in the schedule."""
    with django_db_blocker.unblock():
        yield connections["owner"]


def _partitions(owner, table="lao_audit_logs") -> set[str]:
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass",
            [table],
        )
        return {name for (name,) in cursor.fetchall()}


def test_three_months_ahead_exist_and_a_second_run_makes_nothing(owner):
    partitions.ensure_partitions(today=date(2031, 11, 30))

    assert {
        f"lao_audit_logs_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02")
    } <= (_partitions(owner))
    assert partitions.ensure_partitions(today=date(2031, 11, 1)) == []


def test_rows_that_waited_in_the_default_partition_move_to_their_month(owner):
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        cursor.execute("SELECT set_config('app.migrating', 'on', true)")
        cursor.execute(
            "INSERT INTO lao_audit_logs (actor_kind, actor, action, resource_type, resource_id,"
            " result, payload, user_agent, trace_id, created_at)"
            " VALUES ('system', 'x', 'early', 'x', 'x', 'ok', '{}', '', '', '2040-02-29 23:59:59+00')"
        )
    assert partitions.default_rows()["lao_audit_logs"] == 1

    made = partitions.ensure_partitions(months=1, today=date(2040, 2, 10))

    assert partitions.Made("lao_audit_logs_2040_02", 1) in made
    assert partitions.default_rows()["lao_audit_logs"] == 0
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        cursor.execute("SELECT set_config('app.migrating', 'on', true)")
        cursor.execute("SELECT count(*) FROM lao_audit_logs_2040_02")
        assert cursor.fetchone() == (1,)


def test_a_new_month_is_as_closed_as_the_first(owner):
    partitions.ensure_partitions(months=0, today=date(2035, 6, 1))

    with owner.cursor() as cursor:
        for role in (APP, OPERATOR):
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                cursor.execute(
                    "SELECT has_table_privilege(%s, 'lao_audit_logs_2035_06', %s)", [role, right]
                )
                assert cursor.fetchone() == (False,), (role, right)
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'lao_audit_logs_2035_06'::regclass"
            " AND tgname = 'lao_audit_logs_keep'"
        )
        assert cursor.fetchone() == (1,)
        cursor.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'lao_audit_logs_2035_06'::regclass"
        )
        assert cursor.fetchone()[0] == 7


def test_without_the_owners_sign_in_it_says_so(owner, monkeypatch):
    monkeypatch.setattr(partitions, "OWNER_ALIAS", "default")

    with pytest.raises(partitions.OwnerUnreachable):
        partitions.ensure_partitions(today=date(2050, 1, 1))
