"""Without the guard, each deeper layer alone still stops what it must: the drivers are asked directly."""

import sqlite3
from dataclasses import replace

import pytest

from querygpt.drivers import mysql, postgresql, sqlite
from querygpt.drivers.base import Allowed, Failed, Target
from tests.rig import foreign

TABLES = Allowed(tables=frozenset({"orders", "regions"}), functions=frozenset({"count", "abs"}))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as link:
        link.executescript(
            foreign.SHOP + "CREATE TABLE secrets (x); INSERT INTO secrets VALUES ('canary');"
        )
    link.close()
    before = path.read_bytes()
    yield Target(driver="sqlite", path=str(path))
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["shop.sqlite"]


def rows(session, sql):
    session.execute(sql, TABLES)
    return list(session.rows())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; DELETE FROM orders",
        "DELETE FROM orders",
        "INSERT INTO orders VALUES (9, 1, 1, '2024-01-01')",
        "CREATE TABLE mine (x)",
        "DROP TABLE orders",
        "ATTACH 'other.sqlite' AS other",
        "PRAGMA query_only = 0",
        "PRAGMA table_info(orders)",
        "VACUUM INTO 'copy.sqlite'",
        "SELECT x FROM secrets",
        "WITH orders AS (SELECT x FROM secrets) SELECT x FROM orders",
        "SELECT name FROM sqlite_master",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT load_extension('x')",
        "SELECT randomblob(10)",
        "BEGIN IMMEDIATE",
        "SAVEPOINT a",
        "SELECT * FROM pragma_database_list",
    ],
)
def test_a_file_is_read_and_nothing_else(file, sql):
    session = sqlite.connect(file, 5)

    with pytest.raises(Failed):
        rows(session, sql)
    session.close()


def test_what_reads_is_answered(file):
    session = sqlite.connect(file, 5)

    assert rows(session, "SELECT count(*) FROM orders") == [[3]]


WRITES = [
    "SELECT 1; DELETE FROM orders",
    "DELETE FROM orders",
    "UPDATE orders SET amount = 0",
    "INSERT INTO orders VALUES (9, 1, 1, '2024-01-01')",
    "CREATE TABLE mine (x int)",
    "DROP TABLE orders",
    "TRUNCATE TABLE orders",
]


@pytest.mark.parametrize(
    "sql", [*WRITES, "COPY orders TO PROGRAM 'true'", "SET default_transaction_read_only = off"]
)
def test_postgresql_reads_even_for_who_may_write(postgresql_server, sql):
    with foreign.admin_of_postgresql(postgresql_server) as admin:
        admin.execute("DROP ROLE IF EXISTS writer")
        admin.execute(
            "CREATE ROLE writer LOGIN PASSWORD 'w' IN ROLE pg_write_all_data, pg_read_all_data"
        )
    target = Target(
        driver="postgresql",
        address="127.0.0.1",
        host="localhost",
        port=postgresql_server.port,
        username="writer",
        password="w",
        database="shop",
    )
    session = postgresql.connect(target, 5)

    with pytest.raises(Failed):
        rows(session, sql)
    session.close()
    with foreign.admin_of_postgresql(postgresql_server) as admin:
        assert admin.execute("SELECT count(*), sum(amount) FROM orders").fetchone()[0] == 3


@pytest.mark.parametrize("sql", [*WRITES[:4], "SELECT * FROM orders INTO OUTFILE '/tmp/drivers-x'"])
def test_mariadb_reads_even_for_who_may_write(mariadb_server, sql):
    with foreign.admin_of_mariadb(mariadb_server) as link, link.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER writer@'%' IDENTIFIED BY 'w'")
        cursor.execute("GRANT ALL ON shop.* TO writer@'%'")
    target = Target(
        driver="mysql",
        address="127.0.0.1",
        host="localhost",
        port=mariadb_server.port,
        username="writer",
        password="w",
        database="shop",
    )
    session = mysql.connect(target, 5)

    with pytest.raises(Failed):
        rows(session, sql)
    session.close()
    with foreign.admin_of_mariadb(mariadb_server) as link, link.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shop.orders")
        assert cursor.fetchone() == (3,)


def test_a_role_that_may_too_much_runs_nothing(postgresql_server):
    target = Target(
        driver="postgresql",
        address="127.0.0.1",
        host="localhost",
        port=postgresql_server.port,
        username="postgres",
        password=foreign.ADMIN_PASSWORD,
        database="shop",
    )
    session = postgresql.connect(target, 5)
    with pytest.raises(Failed, match="unsafe_role"):
        session.execute("SELECT 1", TABLES)
    session.close()

    lifted = postgresql.connect(replace(target, may_be_privileged=True), 5)
    assert rows(lifted, "SELECT 1") == [[1]]
    lifted.close()
