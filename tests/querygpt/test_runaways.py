"""Statements that are fine to read and without end to run stop in time, and take little."""

import threading
import time

import pytest

from accounts import tenancy
from querygpt import execution
from querygpt.models import Run

SECONDS = 2
COUNTING = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
GROWING = "WITH RECURSIVE r(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM r) "
MANY = ", ".join(f"orders o{number}" for number in range(20))
SQLITE = [
    COUNTING + "SELECT count(*) FROM r",
    COUNTING + "SELECT sum(n) FROM r",
    COUNTING + "SELECT max(n) FROM r WHERE n % 2 = 3",
    COUNTING + "SELECT group_concat(n) FROM r",
    COUNTING + "SELECT json_group_array(n) FROM r",
    COUNTING + "SELECT n FROM r WHERE n < 0",
    COUNTING + "SELECT DISTINCT n FROM r ORDER BY n DESC",
    GROWING + "SELECT length(s) FROM r",
    f"SELECT count(*) FROM {MANY}",
    f"SELECT o0.id FROM {MANY} ORDER BY o1.amount + o2.amount DESC",
    "SELECT count(*) FROM orders WHERE printf('%.*c', 900000, 'a') LIKE printf('%.*c', 900, '%') || 'b'",
    "SELECT hex(zeroblob(400000000))",
    "SELECT length(printf('%.*c', 900000000, 'x'))",
    "SELECT replace(hex(zeroblob(100000)), '00', hex(zeroblob(100000)))",
]
POSTGRESQL = [
    COUNTING + "SELECT count(*) FROM r",
    COUNTING + "SELECT sum(n::numeric) FROM r",
    COUNTING + "SELECT string_agg(n::text, ',') FROM r",
    COUNTING + "SELECT array_agg(n) FROM r",
    COUNTING + "SELECT json_agg(n) FROM r",
    COUNTING + "SELECT DISTINCT n FROM r ORDER BY n DESC",
    "WITH RECURSIVE r(s) AS (SELECT 'x'::text UNION ALL SELECT s || s FROM r) SELECT length(s) FROM r",
    f"SELECT count(*) FROM {MANY}, generate_series(1, 1000000) g",
    "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b",
    "SELECT repeat('x', 500000000)",
    "SELECT length(string_agg(repeat('x', 1000000), '')) FROM generate_series(1, 100000)",
    "SELECT regexp_replace(repeat('a', 100000), '(a*)*b', 'c')",
    "SELECT array_to_string(array_agg(g), ',') FROM generate_series(1, 20000000) g",
    "SELECT factorial(30000)",
    "SELECT g FROM generate_series(1, 100000000) g",
]


@pytest.mark.parametrize(
    ("lent", "sql"),
    [("shop_file", sql) for sql in SQLITE] + [("shop_postgresql", sql) for sql in POSTGRESQL],
)
def test_it_ends_in_time_and_takes_little(lent, sql, request, lender):
    connection = request.getfixturevalue(lent)
    started = time.monotonic()

    found = execution.run(
        connection=connection, sql=sql, origin="api", actor=lender.user, timeout_seconds=SECONDS
    )

    # Turn, child and rows of our own database come on top on a busy machine.
    assert time.monotonic() - started < SECONDS + 3
    assert found.execution_ms < (SECONDS + 1) * 1000
    assert found.rows_count <= 1000
    assert found.state != "killed" or found.error_code in ("memory", "timeout")
    with tenancy.workspace(lender.workspace.id, user_id=lender.user.id):
        assert Run.objects.get(pk=found.run_id).peak_rss_kb < 256 * 1024


def test_a_bystander_is_answered_meanwhile(lender, shop_file):
    long = threading.Thread(
        target=execution.run,
        kwargs={
            "connection": shop_file,
            "sql": SQLITE[0],
            "origin": "api",
            "actor": lender.user,
            "timeout_seconds": 4,
        },
    )
    long.start()
    time.sleep(0.5)

    found = execution.run(connection=shop_file, sql="SELECT 1", origin="api", actor=lender.user)

    assert (found.state, long.is_alive()) == ("ok", True)
    long.join(20)
