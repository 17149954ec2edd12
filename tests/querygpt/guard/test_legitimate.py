"""What analysts write passes, and answers the same rows after it was rendered."""

import getpass
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest
from django.conf import settings
from django.db import connection

from querygpt import guard
from querygpt.guard import dialects
from tests.querygpt.guard import corpora, shop

MARIADBD = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
PORT = 8300
# Random rows, plans with costs in them, moments of now.
UNREPEATABLE = (
    "EXPLAIN",
    "random(",
    "RAND(",
    "TABLESAMPLE",
    "CURRENT_TIMESTAMP",
    "clock_timestamp",
)
# MariaDB offers no GROUPING SETS, JSON arrows or optimizer functions of MySQL 8; what it refuses plainly is not compared.
Answer = tuple[str, Any]


@pytest.mark.parametrize("case", corpora.legitimate(), ids=str)
def test_it_is_allowed_and_its_rendering_is_stable(case):
    verdict = guard.check(sql=case.sql, dialect=case.dialect, catalogue=corpora.CATALOGUE)

    assert verdict.allowed, f"{verdict.rule}: {verdict.detail}"
    again = guard.check(sql=verdict.sql, dialect=case.dialect, catalogue=corpora.CATALOGUE)
    assert again.sql == verdict.sql


def test_there_are_enough_of_each_kind():
    common = [line for line in corpora._rows("legitimate") if line[0] == "postgresql,mysql,sqlite"]
    assert len(common) >= 41
    assert len(corpora._rows("legitimate")) >= 143


def same_rows(dialect: str, ask: Callable[[str], Answer]) -> None:
    """Every legitimate statement answers the same before and after; at least most of them answer at all."""
    compared, different = 0, []
    cases = corpora.legitimate(dialect)
    for case in cases:
        if any(word in case.sql for word in UNREPEATABLE):
            continue
        verdict = guard.check(sql=case.sql, dialect=dialect, catalogue=corpora.CATALOGUE)
        before, after = ask(case.sql), ask(verdict.sql)
        compared += before[0] == "rows"
        if before != after:
            different.append((case.sql, verdict.sql, before, after))
    assert different == []
    assert compared > 0.85 * len(cases)


def test_sqlite_answers_the_same_rows():
    database = sqlite3.connect(":memory:")
    for statement in shop.statements("sqlite"):
        database.execute(statement)
    for statement, rows in shop.inserts("sqlite", "?"):
        database.executemany(statement, rows)

    def ask(sql: str) -> Answer:
        try:
            return "rows", database.execute(sql).fetchall()
        except sqlite3.Error as error:
            return "error", str(error)

    same_rows("sqlite", ask)


def test_duckdb_answers_the_same_rows():
    database = duckdb.connect()
    for statement in shop.statements("duckdb"):
        database.execute(statement)
    for statement, rows in shop.inserts("duckdb", "?"):
        database.executemany(statement, rows)

    def ask(sql: str) -> Answer:
        try:
            return "rows", database.execute(sql).fetchall()
        except duckdb.Error as error:
            return "error", str(error)

    same_rows("duckdb", ask)


@pytest.mark.django_db
def test_postgresql_answers_the_same_rows():
    address = connection.get_connection_params()
    with psycopg.connect(
        host=str(settings.SERVERS.socket_dir),
        user="postgres",
        password=settings.SERVERS.secret("database_superuser"),
        dbname=address["dbname"],
    ) as admin:
        # A schema of its own in the place of `public`, gone with the transaction.
        admin.execute("ALTER SCHEMA public RENAME TO kept")
        admin.execute("CREATE SCHEMA public")
        admin.execute("SET LOCAL search_path = public")
        for statement in shop.statements("postgresql"):
            admin.execute(statement)
        cursor = admin.cursor()
        for statement, rows in shop.inserts("postgresql", "%s"):
            cursor.executemany(statement, rows)

        def ask(sql: str) -> Answer:
            try:
                with admin.transaction(force_rollback=True):
                    return "rows", admin.execute(sql).fetchall()
            except psycopg.Error as error:
                return "error", type(error).__name__

        same_rows("postgresql", ask)
        admin.rollback()


@pytest.mark.skipif(
    MARIADBD is None, reason="MariaDB is not installed: apt-get install mariadb-server"
)
def test_mariadb_answers_the_same_rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mariadb")
    with Mariadb(folder) as database:
        cursor = database.cursor()
        for statement in shop.statements("mysql"):
            cursor.execute(statement)
        for statement, rows in shop.inserts("mysql", "%s"):
            cursor.executemany(statement, rows)

        def ask(sql: str) -> Answer:
            try:
                cursor.execute(sql)
                return "rows", cursor.fetchall()
            except pymysql.Error as error:
                return "error", error.args[0]

        same_rows("mysql", ask)


class Mariadb:
    """A server of our own on a loopback port, with an empty database."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder

    def __enter__(self) -> Any:
        user = [f"--user={getpass.getuser()}"]
        subprocess.run(
            ["mariadb-install-db", *user, f"--datadir={self.folder}", "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
        )  # fmt: skip
        self.server = subprocess.Popen(
            [str(MARIADBD), "--no-defaults", *user, f"--datadir={self.folder}", f"--port={PORT}",
             "--bind-address=127.0.0.1", f"--socket={self.folder}/s", "--skip-grant-tables"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _attempt in range(100):
            try:
                self.database = pymysql.connect(
                    unix_socket=f"{self.folder}/s", user="root", charset="utf8mb4", autocommit=True
                )
                break
            except pymysql.Error:
                time.sleep(0.2)
        cursor = self.database.cursor()
        cursor.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
        cursor.execute("USE shop")
        return self.database

    def __exit__(self, *_: object) -> None:
        self.database.close()
        self.server.terminate()
        self.server.wait(30)


def test_the_lists_hold_enough_functions():
    least = {"postgresql": 250, "mysql": 200, "sqlite": 120, "duckdb": 250}
    for name, count in least.items():
        assert len(dialects.grammar(name).functions) >= count
