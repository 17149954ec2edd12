"""Database files that people bring: looked at whole before anybody may ask them."""

import sqlite3

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import tenancy
from accounts.web import bodylimit
from laojun.models import AuditLog
from querygpt import execution
from querygpt.models import Connection, ConnectionFile
from taishang import runner
from taishang.claiming import Claimant
from tests.rig import foreign


@pytest.fixture
def database(tmp_path) -> bytes:
    path = tmp_path / "x.sqlite"
    with sqlite3.connect(path) as link:
        link.executescript(foreign.SHOP)
    link.close()
    return path.read_bytes()


def empty_connection(person, driver: str = "sqlite") -> str:
    response = person.client.post(
        "/api/v1/connections/",
        {"name": "mine", "driver": driver},
        content_type="application/json",
        headers={"X-Workspace-Id": str(person.workspace.id)},
    )
    assert response.status_code == 201, response.content
    return response.json()["id"]


def bring(person, number: str, content: bytes, name: str = "../shop.sqlite"):
    return person.client.post(
        f"/api/v1/connections/{number}/files/",
        {"file": SimpleUploadedFile(name, content)},
        headers={"X-Workspace-Id": str(person.workspace.id)},
    )


def work() -> None:
    runner.drain(Claimant("test:1", settings.TASK_QUEUES))


def inside(person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def test_a_file_is_brought_read_and_asked(lender, database):
    number = empty_connection(lender)

    response = bring(lender, number, database)
    assert response.status_code == 202, response.content
    work()

    with inside(lender):
        connection = Connection.objects.get(pk=number)
        assert AuditLog.objects.filter(action="connection.file_added").exists()
    assert (connection.status, connection.flavour) == ("ok", "sqlite")
    found = execution.run(
        connection=connection, sql="SELECT count(*) FROM orders", origin="api", actor=lender.user
    )
    assert found.rows == [[3]], found


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 a zip", b"not a database at all", b"SQLite format 2\x00"]
)
def test_what_is_no_database_is_refused(lender, content):
    number = empty_connection(lender)

    response = bring(lender, number, content)

    assert response.status_code in (400, 415), response.content
    with inside(lender):
        assert not ConnectionFile.objects.exists()


def test_a_damaged_file_is_never_asked(lender, database):
    number = empty_connection(lender)
    damaged = database[:200] + bytes(len(database) - 200)

    bring(lender, number, damaged)
    work()

    with inside(lender):
        assert ConnectionFile.objects.get().state == "failed"
        connection = Connection.objects.get(pk=number)
    found = execution.run(connection=connection, sql="SELECT 1", origin="api", actor=lender.user)
    assert found.error_code == "sqlite_path_forbidden"


def test_a_second_file_is_refused_and_the_first_can_go(lender, database):
    number = empty_connection(lender)
    row = bring(lender, number, database).json()["file"]["id"]

    assert bring(lender, number, database).json()["code"] == "file_in_place"
    gone = lender.client.delete(
        f"/api/v1/connections/{number}/files/{row}/",
        headers={"X-Workspace-Id": str(lender.workspace.id)},
    )

    assert gone.status_code == 204
    with inside(lender):
        assert not ConnectionFile.objects.exists()
        assert AuditLog.objects.filter(action="connection.file_removed").exists()


def test_a_sheet_becomes_a_database_that_answers(lender):
    number = empty_connection(lender, "duckdb")
    refused = bring(lender, number, b"PK\x03\x04 a zip", "x.csv")
    lines = "".join(f"{n},城市{n % 3},{n}.50\n" for n in range(300))

    response = bring(lender, number, f"编号,城市,金额\n{lines}".encode("gb18030"), "../订单.csv")
    assert response.status_code == 202, response.content
    work()

    with inside(lender):
        connection = Connection.objects.get(pk=number)
        row = ConnectionFile.objects.get(connection=connection)
    assert refused.status_code == 415
    assert (connection.status, connection.flavour, row.state) == ("ok", "duckdb", "ready")
    assert (row.rows_count, row.options["encoding"]) == (300, "gb18030")
    found = execution.run(
        connection=connection,
        sql='SELECT 城市, sum(金额) FROM "订单" GROUP BY 1 ORDER BY 1',
        origin="api",
        actor=lender.user,
    )
    assert found.rows[0] == ["城市0", "14900.00"], found
    for hostile in ("SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'"):
        told = execution.run(connection=connection, sql=hostile, origin="api", actor=lender.user)
        assert (told.state, told.rows) == ("refused", [])


def test_a_sheet_that_is_no_table_says_why(lender):
    number = empty_connection(lender, "duckdb")

    bring(lender, number, b"only,names\n", "x.csv")
    work()

    with inside(lender):
        row = ConnectionFile.objects.get(connection_id=number)
    assert (row.state, row.error_code) == ("failed", "no_rows")


def test_uploads_are_larger_than_other_requests():
    assert bodylimit._limit("/api/v1/connections/x/files/") > 200 * 1024**2
    assert bodylimit._limit("/query/connections/new/duckdb/") > 200 * 1024**2
