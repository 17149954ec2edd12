"""Statements against real databases: what comes back, what is kept, what stops them."""

import threading
import time

import pytest

from accounts import tenancy
from laojun.models import AuditLog
from querygpt import execution
from querygpt.models import Connection, Run, Slot
from tests.factories import Person
from tests.rig import foreign

RECURSION = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"


def ran(person: Person, connection: Connection, sql: str, **options) -> execution.Ran:
    return execution.run(connection=connection, sql=sql, origin="api", actor=person.user, **options)


def inside(person: Person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


@pytest.mark.parametrize("lent", ["shop_file", "shop_postgresql", "shop_mariadb"])
def test_rows_come_back_with_names_and_kinds(lent, request, lender):
    connection = request.getfixturevalue(lent)

    found = ran(
        lender,
        connection,
        "SELECT r.name, o.amount, o.made_on FROM orders o JOIN regions r ON r.id = o.region_id ORDER BY o.id",
    )

    assert (found.state, found.error_code) == ("ok", "")
    assert [column.name for column in found.columns] == ["name", "amount", "made_on"]
    assert [str(row[0]) for row in found.rows] == ["华东", "华东", "华北"]
    assert found.rows[0][2] == "2024-01-05"


@pytest.mark.parametrize("lent", ["shop_file", "shop_postgresql", "shop_mariadb"])
@pytest.mark.parametrize(
    ("sql", "state", "code"),
    [
        ("DELETE FROM orders", "refused", "not_a_query"),
        ("SELECT 1; SELECT 2", "refused", "multiple_statements"),
        ("SELECT * FROM nothing_here", "refused", "relation_unknown"),
        ("SELECT o.nothing FROM orders o", "refused", "column_unknown"),
    ],
)
def test_what_does_not_read_is_refused_and_recorded(lent, sql, state, code, request, lender):
    connection = request.getfixturevalue(lent)

    found = ran(lender, connection, sql)

    assert (found.state, found.rule, found.rows) == (state, code, [])
    with inside(lender):
        row = Run.objects.get(pk=found.run_id)
        entry = AuditLog.objects.get(resource_id=str(row.pk))
    assert (row.verdict, row.state, row.sql_executed) == ("refused", "refused", "")
    assert (entry.action, entry.result) == ("query.refused", "denied")


def test_every_end_leaves_one_row_and_one_entry(shop_file, lender):
    states = {
        "SELECT count(*) FROM orders": "ok",
        "SELECT * FROM secrets": "refused",
        RECURSION: "timeout",
    }

    found = {sql: ran(lender, shop_file, sql, timeout_seconds=1, trace_id="t-1") for sql in states}

    assert {sql: one.state for sql, one in found.items()} == states
    with inside(lender):
        for one in found.values():
            row = Run.objects.get(pk=one.run_id)
            assert (row.state, row.trace_id, row.user_id) == (one.state, "t-1", lender.user.id)
            assert AuditLog.objects.filter(resource_id=str(row.pk)).count() == 1
        assert not Slot.objects.exists()


@pytest.mark.parametrize("lent", ["shop_file", "shop_postgresql"])
def test_a_statement_without_end_ends_within_its_time_and_one_second(lent, request, lender):
    connection = request.getfixturevalue(lent)
    ran(lender, connection, "SELECT 1")
    started = time.monotonic()

    found = ran(lender, connection, RECURSION, timeout_seconds=1)

    assert found.state == "timeout"
    assert time.monotonic() - started < 2.5


def test_a_stopped_statement_is_gone_from_the_server_within_a_second(
    shop_postgresql, postgresql_server, lender
):
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()

    found = ran(lender, shop_postgresql, RECURSION, timeout_seconds=60, is_cancelled=stop.is_set)

    assert found.state == "cancelled"
    assert found.execution_ms < 2500
    with foreign.admin_of_postgresql(postgresql_server) as admin:
        question = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%RECURSIVE%' AND usename = 'reader' AND state = 'active'"
        assert admin.execute(question).fetchone() == (0,)


def test_somebody_else_can_stop_a_statement(shop_file, lender):
    found: list[execution.Ran] = []
    thread = threading.Thread(
        target=lambda: found.append(ran(lender, shop_file, RECURSION, timeout_seconds=30))
    )
    thread.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with inside(lender):
            running = Run.objects.running().first()
            if running is not None and execution.cancel(running):
                break
        time.sleep(0.1)

    thread.join(10)

    assert found[0].state == "cancelled"


def test_an_open_transaction_is_refused(shop_file, lender):
    with inside(lender), pytest.raises(execution.TransactionOpen):
        ran(lender, shop_file, "SELECT 1")


def test_no_more_rows_than_allowed_and_it_says_so(shop_file, lender):
    found = ran(lender, shop_file, "SELECT id FROM orders", max_rows=2)

    assert (len(found.rows), found.truncated) == (2, True)


def test_introspection_tells_tables_keys_and_comments(shop_postgresql, shop_mariadb, shop_file):
    for connection in (shop_postgresql, shop_mariadb, shop_file):
        told = execution.introspect(connection=connection)

        tables = {table["name"]: table for table in told["tables"]}
        assert set(tables) == {"orders", "regions"}
        keys = {column["name"]: column["is_primary_key"] for column in tables["orders"]["columns"]}
        assert keys == {"id": True, "region_id": False, "amount": False, "made_on": False}
        assert [key["to_table"] for key in told["relationships"]] == ["regions"]
