"""System logs: one line for one event, no secrets, nobody waits, the important ones last longest."""

import logging
import os
import sys
import threading
import time
from datetime import timedelta

import orjson
import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts import tenancy
from laojun import configs
from laojun.audit import Actor
from laojun.configs import Change
from laojun.logs import origin, searching, shaping, writer
from laojun.logs.backlog import BURST, Backlog, Bursts
from laojun.logs.handler import DatabaseLogHandler
from laojun.logs.origin import Origin
from laojun.logs.writer import Writer
from laojun.models import SystemLog
from tests import factories
from tests.accounts.api.calls import assert_problem, program

SECRET = "sk-live-0123456789abcdefcanary"
LOGS = "/api/v1/system-logs/"


def record(message="hello", level=logging.INFO, *args, exc_info=None, **extra):
    made = logging.LogRecord("tests.logs", level, __file__, 7, message, args, exc_info)
    vars(made).update(extra)
    return made


def shaped(*args, **extra):
    return shaping.shaped(record(*args, **extra), service="test")


# Shape


@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\r\nERROR forged",
        "\x1b[31mred",
        "a\u2028b",
        "\u202eevil",
        "\x00",
        "\x9b0m",
        "\u200fx",
    ],
)
def test_one_event_is_one_line_in_every_field(text):
    with origin.of(Origin(path=text, user_agent=text, trace_id=text, method=text)):
        line = shaped(text, note=text, **{f"key {text}": 1})

    for value in (
        line["message"],
        line["path"],
        line["user_agent"],
        orjson.dumps(line["context"]).decode(),
    ):
        assert text not in value
        assert not any(char in value for char in "\n\r\x1b\x00\u2028\u202e\u200f\x9b")


def test_no_secret_passes_in_any_field():
    def fail(password):
        raise ValueError(f"token={SECRET}")

    try:
        fail(SECRET)
    except ValueError:
        line = shaped("with %s", logging.ERROR, SECRET, exc_info=sys.exc_info(), api_key=SECRET)

    assert "canary" not in orjson.dumps(line).decode()
    assert "ValueError" in line["exception"]


def test_lone_surrogates_can_be_stored():
    assert orjson.dumps(shaped("a\ud800b"))


@pytest.mark.parametrize(
    ("name", "size"),
    [("message", shaping.MAX_MESSAGE_BYTES), ("exception", shaping.MAX_TRACE_BYTES)],
)
def test_sizes_are_kept(name, size):
    try:
        raise ValueError("好" * 100_000)
    except ValueError:
        line = shaped("好" * 1_000_000, exc_info=sys.exc_info(), note="x" * 100_000)

    assert size - 10 < len(line[name].encode()) <= size
    assert len(orjson.dumps(line["context"])) <= shaping.MAX_CONTEXT_BYTES


@pytest.mark.parametrize(
    ("level", "stored"),
    [(10, "DEBUG"), (15, "DEBUG"), (25, "INFO"), (30, "WARN"), (40, "ERROR"), (50, "ERROR")],
)
def test_levels_are_four(level, stored):
    line = shaped("x", level)
    assert line["level"] == stored
    assert line["context"].get("critical", False) == (level == 50)


# What waits


def line(level, number=0):
    return {"level": level, "number": number, "repeat_count": 1}


def test_a_full_queue_drops_the_oldest_of_the_least_important():
    backlog = Backlog(3)
    for number, level in enumerate(
        ["ERROR", "INFO", "WARN", "DEBUG", "WARN", "ERROR", "ERROR", "INFO"]
    ):
        backlog.put(line(level, number))

    assert [one["number"] for one in backlog.take(10)] == [0, 5, 6]
    assert backlog.take_dropped() == {"INFO": 2, "DEBUG": 1, "WARN": 2}
    assert not backlog.take_dropped()


def test_a_burst_becomes_one_counted_line():
    bursts, place = Bursts(), ("x.py", 1)
    own = counted = 0
    for _number in range(BURST + 900):
        if bursts.is_more(place, 5):
            continue
        made = line("INFO")
        if bursts.begins(place, made):
            counted += 1
        else:
            own += 1

    assert (own, counted) == (BURST, 1)
    assert bursts.over(5) == []
    assert [one["repeat_count"] for one in bursts.over(6)] == [900]
    assert bursts.over(7) == []


# Written


@pytest.fixture
def handler(committed):
    made = DatabaseLogHandler(service="test")
    logger = logging.getLogger("tests.logs")
    logger.addHandler(made)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    made.logger = logger
    yield made
    logger.removeHandler(made)
    made.close()
    logger.propagate = True
    with tenancy.platform_scope(reason="tests: remove logs"):
        SystemLog.objects.all().delete()


def rows(**wanted):
    with tenancy.platform_scope(reason="tests: read logs"):
        return list(SystemLog.objects.filter(**wanted).order_by("id"))


def until(condition, seconds=8.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not true in time"
        time.sleep(0.02)


def test_lines_reach_the_database_with_their_origin(handler):
    ada = factories.person("ada")
    where = Origin(
        trace_id="t1", method="GET", path="/files/", ip_address="10.0.0.1", user_agent="x"
    )
    with origin.of(where), tenancy.workspace(ada.workspace.pk, user_id=ada.user.pk):
        handler.logger.warning("disk %s", "low", extra={"free": 7})

    until(lambda: rows())
    (row,) = rows()
    assert (row.level, row.message, row.logger, row.service) == (
        "WARN",
        "disk low",
        "tests.logs",
        "test",
    )
    assert (row.workspace_id, row.user_id) == (ada.workspace.pk, ada.user.pk)
    assert (row.trace_id, row.path, row.ip_address) == ("t1", "/files/", "10.0.0.1")
    assert row.context["extra"] == {"free": 7}


def test_a_bad_line_costs_only_itself(handler):
    for number in range(5):
        handler.logger.info("line %d", number)
        if number == 2:
            handler.backlog.put({**handler.backlog.take(1)[0], "ip_address": "no address"})

    until(lambda: len(rows()) == 4)
    assert {row.message for row in rows()} <= {f"line {number}" for number in range(5)}


def test_ending_writes_what_is_left(handler):
    for number in range(700):
        handler.backlog.put(shaping.shaped(record(f"line {number}"), service="test"))
    handler.logger.info("last")

    started = time.monotonic()
    handler.close()

    assert time.monotonic() - started < 2.5
    assert len(rows()) == 701


def test_a_child_process_writes_its_own_lines_only(handler):
    handler.logger.info("of the parent")
    pid = os.fork()
    if not pid:
        try:
            handler.logger.info("of the child")
            handler.close()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)

    until(lambda: len(rows()) == 2)
    assert sorted(row.message for row in rows()) == ["of the child", "of the parent"]


def test_a_database_that_is_away_harms_nobody_and_is_confessed(handler, monkeypatch):
    handler.backlog.capacity = 50
    away = threading.Event()
    linked = Writer._linked

    def refused(self):
        if not away.is_set():
            raise psycopg.OperationalError("away")
        return linked(self)

    monkeypatch.setattr(Writer, "_linked", refused)
    slowest = 0.0
    for number in range(2000):
        made = record(f"line {number}", logging.ERROR if number % 100 == 0 else logging.INFO)
        made.lineno = number
        before = time.perf_counter()
        handler.handle(made)
        slowest = max(slowest, time.perf_counter() - before)
    assert slowest < 0.2
    away.set()

    until(lambda: rows(message__endswith="records dropped"))
    (confession,) = rows(message__endswith="records dropped")
    dropped = confession.context["dropped"]
    assert dropped["INFO"] == int(confession.message.split()[0]) > 1000
    assert len(rows(level="ERROR")) == 20, "errors are kept longest"


def test_the_writers_own_faults_go_to_stderr_alone(handler, monkeypatch, capsys):
    def refused(_self):
        raise OSError

    monkeypatch.setattr(Writer, "_linked", refused)
    handler.logger.info("x")
    until(lambda: handler.writer._complained_at > 0)

    assert "log lines wait: OSError" in capsys.readouterr().err
    assert len(handler.backlog) + len(handler.writer._left) == 1


def test_a_record_that_cannot_be_shaped_harms_nobody(handler, capsys):
    class Odd:
        def __str__(self):
            raise RuntimeError("odd")

    handler.handle(record("%s", logging.INFO, Odd()))
    handler.logger.info("still here")

    until(lambda: rows(message="still here"))


def test_the_live_level_is_followed(handler, monkeypatch):
    monkeypatch.setattr(writer, "LEVEL_SECONDS", 0.0)
    root = logging.getLogger().level
    configs.write(
        changes=[Change("logs.level", "ERROR")], workspace_id=None, actor=Actor.system("test")
    )
    try:
        handler.logger.error("first")
        until(lambda: handler.level == logging.ERROR)
        handler.logger.info("not kept")
        handler.logger.error("kept")
        until(lambda: rows(message="kept"))
        assert not rows(message="not kept")
    finally:
        configs.write(
            changes=[Change("logs.level", reset=True)],
            workspace_id=None,
            actor=Actor.system("test"),
        )
        logging.getLogger().setLevel(root)


# Who may


def is_refused(role, statement):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(statement)
    except ProgrammingError as error:
        return "permission denied" in str(error) or "row-level security" in str(error)
    return False


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["taishang_app", "taishang_operator"])
def test_only_the_writers_role_adds_lines_and_nobody_changes_them(role):
    statements = (
        "INSERT INTO lao_system_logs (level, logger, message, service, created_at)"
        " VALUES ('INFO', 'x', 'x', 'x', now())",
        "UPDATE lao_system_logs SET message = 'x'",
        "TRUNCATE lao_system_logs",
        "SELECT * FROM lao_system_logs_default",
    )
    for statement in statements:
        assert is_refused(role, statement)


@pytest.mark.django_db
def test_the_writers_role_reads_nothing():
    assert is_refused(writer.ROLE, "SELECT * FROM lao_system_logs")


def put(**given):
    """A stored line, written as the writer writes it, in this test's transaction."""
    made = {
        **shaped(given.pop("message", "x")),
        **{key: str(value) if key == "created_at" else value for key, value in given.items()},
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {writer.ROLE}")
        cursor.execute(writer.INSERT, [orjson.dumps([made]).decode()])
        cursor.execute("SET LOCAL ROLE taishang_app")


@pytest.mark.django_db
def test_owners_see_their_own_workspaces_lines(alice, bob, charlie):
    put(message="of alice", workspace_id=alice.workspace.pk)
    put(message="of charlie", workspace_id=charlie.workspace.pk)
    put(message="of the platform")

    found = program(alice).get(LOGS).json()["results"]
    assert [one["message"] for one in found] == ["of alice"]
    assert "of alice" in alice.get("/workspace/logs/").content.decode()
    assert_problem(program(bob).get(LOGS), 403, "permission_denied")
    assert bob.get("/workspace/logs/").status_code == 403


@pytest.mark.django_db
def test_lines_are_filtered(alice):
    own = {"workspace_id": alice.workspace.pk}
    put(message="disk is low", level="WARN", trace_id="t1", path="/files/x", **own)
    put(
        message="hello", logger="accounts.mail", service="worker", user_id=str(alice.user.pk), **own
    )
    put(message="old", created_at=timezone.now() - timedelta(days=6), **own)
    caller = program(alice)

    def said(query):
        return [one["message"] for one in caller.get(f"{LOGS}?{query}").json()["results"]]

    assert said("") == ["hello", "disk is low"]
    assert (
        said("level=WARN")
        == said("q=DISK")
        == said("trace_id=t1")
        == said("path=/files/")
        == ["disk is low"]
    )
    assert (
        said("logger=accounts")
        == said("service=worker")
        == said(f"user={alice.user.pk}")
        == ["hello"]
    )
    since = (timezone.now() - timedelta(days=7, minutes=-2)).isoformat().replace("+", "%2B")
    assert said(f"from={since}") == ["hello", "disk is low", "old"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2020-01-01&to=2020-02-01", "window_too_wide"),
        ("level=LOUD", "validation_error"),
        ("user=me", "validation_error"),
        ("from=yesterday", "validation_error"),
        ("nonsense=1", "unknown_parameter"),
    ],
)
def test_questions_that_mean_nothing_are_refused(alice, query, code):
    assert_problem(program(alice).get(f"{LOGS}?{query}"), 400, code)


@pytest.mark.django_db
def test_a_search_that_takes_too_long_is_stopped(alice, monkeypatch):
    monkeypatch.setattr(searching, "TIMEOUT", "50ms")
    with (
        pytest.raises(searching.BadQuery),
        searching.bounded(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT pg_sleep(5)")
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.django_db
def test_an_operator_sees_all_of_one_request(olga, alice):
    alice.post("/language/", {"language": "en"}, HTTP_X_REQUEST_ID="request-77")
    put(
        message="<script>alert(1)</script>",
        level="ERROR",
        trace_id="request-77",
        exception="a\\u000ab",
    )

    listed = olga.get("/admin/laojun/systemlog/?level__exact=ERROR").content.decode()
    page = olga.get("/admin/laojun/systemlog/trace/request-77/").content.decode()

    assert "request-77" in listed
    assert "<script>alert" not in listed + page
    assert "&lt;script&gt;alert(1)" in page
    assert "user.settings_changed" in page
    assert "a\nb" in page
    with tenancy.platform_scope(reason="test"):
        row = SystemLog.objects.get(trace_id="request-77")
    assert olga.get(f"/admin/laojun/systemlog/{row.pk}/change/").status_code == 200
