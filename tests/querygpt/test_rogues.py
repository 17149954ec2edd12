"""Servers that mean harm get no file, no password, and little of our time and memory."""

import time

import pytest

from accounts import tenancy
from querygpt import execution
from querygpt.models import Run
from tests.querygpt import lent
from tests.rig import foreign, rogues

SECRETS = (foreign.READER_PASSWORD.encode(), b"root:")
MYSQL = [
    (rogues.mysql_without_tls, "require", "tls_failed"),
    (rogues.mysql_that_wants_the_password, "off", "tls_failed"),
    (rogues.mysql_that_asks_in_a_dialog, "off", "tls_failed"),
    (rogues.mysql_with_a_key_of_its_own, "off", "tls_failed"),
    (rogues.mysql_whose_first_plugin_is_clear, "off", "cannot_reach"),
    (rogues.mysql_that_wants_files, "off", "cannot_reach"),
    (rogues.one_byte_a_second, "off", "timeout"),
]
POSTGRESQL = [
    (rogues.postgresql_without_tls, "require", "tls_failed"),
    (rogues.postgresql_that_wants_the_password, "off", "auth_failed"),
    (rogues.postgresql_that_wants_md5, "off", "auth_failed"),
    (rogues.postgresql_that_asks_nothing, "off", "auth_failed"),
    (rogues.postgresql_that_drips, "off", "cannot_reach"),
]
ROGUES = [("mysql", *row) for row in MYSQL] + [("postgresql", *row) for row in POSTGRESQL]


@pytest.mark.parametrize(("driver", "behaviour", "tls", "code"), ROGUES)
def test_a_rogue_learns_nothing_at_the_test(driver, behaviour, tls, code, lender):
    with rogues.playing(behaviour) as seen, lent.opened(lender, seen.port):
        with tenancy.workspace(lender.workspace.id, user_id=lender.user.id):
            connection = lent.server(lender, driver, seen.port, tls_mode=tls)
        started = time.monotonic()

        with pytest.raises(execution.IntrospectionFailed) as failed:
            execution.probe(connection=connection)

        assert time.monotonic() - started < 11
    assert failed.value.code in (code, "cannot_reach")
    assert seen.connections
    assert not any(secret in bytes(seen.data) for secret in SECRETS)


@pytest.mark.parametrize(
    ("behaviour", "states"),
    [
        (rogues.mysql_with_endless_rows, {"ok"}),
        (rogues.mysql_with_a_huge_cell, {"failed", "killed"}),
        (rogues.mysql_that_wants_files, {"failed"}),
    ],
)
def test_a_rogue_takes_little_at_a_run(behaviour, states, lender):
    with rogues.playing(behaviour) as seen, lent.opened(lender, seen.port):
        with tenancy.workspace(lender.workspace.id, user_id=lender.user.id):
            connection = lent.server(lender, "mysql", seen.port, tls_mode="off")
        started = time.monotonic()

        found = execution.run(
            connection=connection,
            sql="SELECT name FROM regions",
            origin="api",
            actor=lender.user,
            max_rows=100,
            timeout_seconds=4,
        )

        assert time.monotonic() - started < 7
    assert found.state in states, found
    assert found.rows_count <= 100
    with tenancy.workspace(lender.workspace.id, user_id=lender.user.id):
        assert execution_row(found).peak_rss_kb < 128 * 1024
    assert not any(secret in bytes(seen.data) for secret in SECRETS)


def execution_row(found: execution.Ran):
    return Run.objects.get(pk=found.run_id)
