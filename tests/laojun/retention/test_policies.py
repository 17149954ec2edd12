"""Every table says how long its rows stay, and nothing goes before its second or stays after it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts import registry, tenancy, tokens
from accounts.models import (
    Change,
    IdempotencyKey,
    RateLimit,
    RefreshToken,
    SignIn,
    UserRole,
)
from accounts.registry import RetentionPolicy, Store
from accounts.sessions import Facts
from laojun import files
from laojun.files import Owner
from laojun.models import AuditLog
from laojun.retention import sweeping
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2028, 2, 29, 3, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_every_table_with_a_time_of_making_has_a_policy():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND NOT c.relispartition AND a.attname = 'created_at'"
            " AND c.relname !~ '^(restored_|rig_)'"
        )
        tables = {name for (name,) in cursor.fetchall()}

    assert tables - set(registry.retention_policies) == set()


def test_every_policy_names_a_table_that_exists():
    known = set(connection.introspection.table_names())

    assert {policy.table for policy in sweeping.policies()} <= known


def test_a_policy_says_what_its_rule_needs():
    for policy in sweeping.policies():
        assert policy.rule in {"keep", *sweeping.RULES}, policy.table
        assert str(policy.why)
        if policy.rule in {"delete", "expire"}:
            assert policy.due is not None, policy.table
        if policy.rule == "expire":
            assert policy.sweep is not None, policy.table
        if policy.rule == "months":
            assert policy.days is not None, policy.table


def _put(row, **changes):
    """The row with times of another day, as a stranger to the clock finds it."""
    with tenancy.platform_scope(reason="test"):
        type(row).objects.filter(pk=row.pk).update(**changes)
    return row


def _reply(alice, at):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        return IdempotencyKey.objects.create(
            workspace=alice.workspace,
            actor="user:x",
            route="POST /x/",
            key=str(at),
            body_sha256=b"0" * 32,
            status_code=201,
            body=b"",
            expires_at=at,
        )


def _window(_alice, at):
    return RateLimit.objects.create(
        rate_key=str(at),
        route_class="x",
        buckets=[0] * 61,
        limit_per_window=1,
        window_duration=60,
        window_start=at,
        expires_at=at,
    )


def _revoked(alice, at):
    family = tokens.open_family(user=alice.user, facts=Facts()).session
    return _put(family, revoked_at=at, expires_at=NOW + timedelta(days=1))


def _token(alice, at):
    family = tokens.open_family(user=alice.user, facts=Facts()).session
    token = RefreshToken.objects.get(session=family)
    return _put(token, expires_at=at, created_at=at - timedelta(days=7))


def _sign_in(alice, at):
    return _put(SignIn.objects.create(user=alice.user, result="done"), created_at=at)


def _grant(alice, at):
    bob = factories.colleague("bob", of=alice, role="editor")
    with tenancy.platform_scope(reason="test"):
        return _put(UserRole.objects.get(user=bob.user), expires_at=at)


def _tombstone(alice, at):
    with tenancy.platform_scope(reason="test"):
        row = Change.objects.order_by("pk").exclude(changed_at__gt=NOW).first()
    return _put(row, op="gone", changed_at=at)


def _gone(row) -> bool:
    with tenancy.platform_scope(reason="test"):
        return not type(row).objects.filter(pk=row.pk).exists()


def _sweep(table, now):
    return sweeping.run(now=now, only=lambda policy: policy.table == table)


NOTHING, DAY = timedelta(0), timedelta(days=1)
# Table, its model, how a row of a moment is made, how long it stays after that, whether its last second counts.
CASES = {
    "accounts_idempotency_keys": (_reply, NOTHING, False),
    "accounts_rate_limits": (_window, NOTHING, True),
    "accounts_refresh_tokens": (_token, 7 * DAY, True),
    "accounts_sessions": (_revoked, 30 * DAY, True),
    "accounts_sign_ins": (_sign_in, 90 * DAY, True),
    "accounts_user_roles": (_grant, NOTHING, False),
    "accounts_changes": (_tombstone, 90 * DAY, True),
}


def test_every_rule_of_identity_is_tried_at_its_limit():
    deleting = {
        policy.table
        for policy in sweeping.policies()
        if policy.rule == "delete" and policy.table.startswith("accounts_")
    }

    assert deleting == set(CASES)


@pytest.mark.parametrize("table", CASES)
def test_a_row_goes_at_its_second_and_not_before(alice, table):
    make, life, last_second_counts = CASES[table]
    row = make(alice, NOW - life)
    at_the_limit = [NOW - SECOND, NOW][: 1 + last_second_counts]

    for moment in at_the_limit:
        _sweep(table, moment)
        assert not _gone(row), moment
    _sweep(table, NOW + SECOND)

    assert _gone(row)


def test_one_that_fails_leaves_the_others_alone_and_says_so(alice, monkeypatch):
    def broken(_now):
        raise RuntimeError("no")

    store: Store[RetentionPolicy] = Store("retention_policies_of_a_test")
    store.add("a", RetentionPolicy("a", "delete", "x", due=broken))
    good = registry.retention_policies["accounts_sign_ins"]
    store.add(good.table, good)
    monkeypatch.setattr(registry, "retention_policies", store)
    row = _sign_in(alice, NOW - timedelta(days=91))

    outcomes = sweeping.run(now=NOW)

    assert [(one.policy.table, one.failed) for one in outcomes] == [
        ("a", True),
        ("accounts_sign_ins", False),
    ]
    assert _gone(row)
    with tenancy.platform_scope(reason="test"):
        ran = AuditLog.objects.filter(action="retention.ran").latest("id")
    assert ran.result == "failed"
    assert ran.payload["details"]["taken.accounts_sign_ins.rows"] >= 1


def test_a_second_run_takes_nothing_and_writes_nothing(alice):
    _sign_in(alice, NOW - timedelta(days=91))
    chosen = {"accounts_sign_ins"}
    first = sweeping.run(now=NOW, only=lambda policy: policy.table in chosen)
    with tenancy.platform_scope(reason="test"):
        before = AuditLog.objects.filter(action="retention.ran").count()

    second = sweeping.run(now=NOW, only=lambda policy: policy.table in chosen)

    assert [one.rows for one in first] != [0]
    assert [one.rows for one in second] == [0]
    with tenancy.platform_scope(reason="test"):
        assert AuditLog.objects.filter(action="retention.ran").count() == before


def test_more_rows_than_a_batch_go_in_steps(alice, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 3)
    for number in range(8):
        _sign_in(alice, NOW - timedelta(days=91, seconds=number))

    (outcome,) = sweeping.run(now=NOW, only=lambda policy: policy.table == "accounts_sign_ins")

    assert outcome.rows >= 8


def _file(alice):
    owner = Owner(alice.user.id, alice.workspace.id)
    return files.store(content=b"x", name="a.txt", purpose="attachment", owner=owner)


def test_a_temporary_file_goes_at_its_second_and_its_bytes_with_it(alice):
    file = _put(_file(alice), expires_at=NOW)

    _sweep("lao_files", NOW - SECOND)
    assert not _gone(file)
    _sweep("lao_files", NOW)

    assert _gone(file)


def test_a_deleted_file_stays_48_hours_for_last_nights_dump(alice):
    file = _file(alice)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        files.delete(file)
        file.refresh_from_db()
    assert file.purge_after - file.deleted_at == timedelta(hours=48)

    _sweep("lao_files", file.purge_after - SECOND)
    assert not _gone(file)
    _sweep("lao_files", file.purge_after)

    assert _gone(file)
