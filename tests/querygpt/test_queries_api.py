"""Statements over HTTP: a worker runs them, the caller gets rows or the reason."""

import threading
import time
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection as database

from taishang import runner
from taishang.claiming import Claimant


@contextmanager
def working():
    """A worker of this process, in a thread of its own."""
    over = threading.Event()

    def work() -> None:
        claimant = Claimant("test:1", settings.TASK_QUEUES)
        while not over.is_set():
            runner.drain(claimant)
            time.sleep(0.05)
        database.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def ask(person, connection, door, body):
    return person.client.post(
        f"/api/v1/connections/{connection.pk}/{door}/",
        body,
        content_type="application/json",
        headers={"X-Workspace-Id": str(person.workspace.id)},
    )


def test_a_statement_brings_its_rows(lender, shop_file):
    with working():
        response = ask(
            lender, shop_file, "queries", {"sql": "SELECT name FROM regions ORDER BY id"}
        )

    body = response.json()
    assert response.status_code == 200, body
    assert [row[0] for row in body["rows"]] == ["华东", "华北", "华南"]
    assert (body["truncated"], body["rows_count"], body["columns"][0]["name"]) == (False, 3, "name")


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("DROP TABLE orders", 422, "statement_refused"),
        ("SELECT abs('x') FROM nothing", 422, "statement_refused"),
        (
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT count(*) FROM r",
            504,
            "timeout",
        ),
    ],
)
def test_what_brings_no_rows_says_why(lender, shop_file, sql, status, code):
    with working():
        response = ask(lender, shop_file, "queries", {"sql": sql, "timeout_seconds": 1})

    assert (response.status_code, response.json()["code"]) == (status, code), response.json()


def test_a_verdict_runs_nothing(lender, shop_file):
    fine = ask(lender, shop_file, "verdicts", {"sql": "SELECT count(*) FROM orders"})
    bad = ask(lender, shop_file, "verdicts", {"sql": "PRAGMA query_only = 0"})

    assert (fine.status_code, fine.json()["allowed"]) == (200, True), fine.json()
    assert (bad.json()["allowed"], bad.json()["rule"]) == (False, "not_a_query")
