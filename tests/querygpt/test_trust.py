"""What a lent database is trusted with: no address behind the check's back, no password anywhere."""

import json
import logging
import socket

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from accounts import tenancy
from laojun.models import AuditLog
from querygpt import execution
from querygpt.connections import checking, secrets, testing
from querygpt.models import Connection, Run
from taishang.models import Task
from tests.querygpt import rows

CANARY = "kanarienvogel-7351"
PLANTED = (
    "127.0.0.1", "localhost", "localhost.", "127.1", "0x7f000001", "2130706433", "0", "0.0.0.0",  # noqa: S104
    "[::1]", "::1", "::ffff:127.0.0.1", "169.254.169.254", "/var/run/postgresql", "@abstract",
    "db.example.com,127.0.0.1", "db.example.com hostaddr=127.0.0.1", "user@127.0.0.1", "10.0.0.5",
    "postgresql://127.0.0.1/x", "db.example.com\t127.0.0.1",
)  # fmt: skip


@pytest.fixture
def listener():
    """A port of this machine that nobody may knock at; whoever does is remembered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server


def knocked(server) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


def inside(person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def lent(person, port, **changes):
    with inside(person):
        made = rows.connection(
            person, port=port, username="reader", database_name="shop", status="ok", **changes
        )
        made.password_encrypted = secrets.seal(made, CANARY)
        made.save(update_fields=["password_encrypted"])
    return made


def test_an_address_that_was_planted_is_judged_at_every_run(lender, listener):
    connection = lent(lender, listener.getsockname()[1])
    for driver in ("postgresql", "mysql"):
        for host in PLANTED:
            with inside(lender):
                Connection.objects.filter(pk=connection.pk).update(host=host, driver=driver)
                connection.refresh_from_db()

            ran = execution.run(
                connection=connection, sql="SELECT 1", origin="api", actor=lender.user
            )
            tried = testing.look(connection=connection)

            assert (ran.error_code, tried.code) == ("blocked_address", "blocked_address"), host
    assert not knocked(listener)


def test_a_name_that_was_public_when_saved_is_asked_anew(lender, listener, monkeypatch):
    answers = iter(["93.184.216.34", "127.0.0.1"])
    monkeypatch.setattr(
        checking.check, "__kwdefaults__", {"resolver": lambda _name, _port: [next(answers)]}
    )
    connection = lent(lender, listener.getsockname()[1])
    checking.check(connection)

    ran = execution.run(connection=connection, sql="SELECT 1", origin="api", actor=lender.user)

    assert ran.error_code == "blocked_address"
    assert not knocked(listener)


def test_a_password_is_nowhere(lender, listener, caplog):
    caplog.set_level(logging.DEBUG)
    place = {"X-Workspace-Id": str(lender.workspace.id)}
    body = {
        "name": "shop", "driver": "postgresql", "host": "127.0.0.1", "port": 5432,
        "username": "reader", "password": CANARY, "database_name": "shop",
    }  # fmt: skip
    connection = lent(lender, listener.getsockname()[1])
    path = f"/api/v1/connections/{connection.pk}/"
    client = lender.client
    json_type = {"content_type": "application/json", "headers": place}
    replies = [
        client.post("/api/v1/connections/", body, **json_type),
        client.post("/api/v1/connections/test/", body, **json_type),
        client.patch(path, {"host": "127.0.0.1", "password": CANARY}, **json_type),
        client.post(f"{path}test/", {}, **json_type),
        client.post(f"{path}queries/", {"sql": "SELECT 1"}, **json_type),
        client.get(path, headers=place),
        client.get("/api/v1/connections/", headers=place),
        client.get("/query/connections/"),
        client.get(f"/query/connections/{connection.pk}/"),
    ]
    execution.run(connection=connection, sql="SELECT 1", origin="api", actor=lender.user)

    kept = [one.content.decode() for one in replies if not one.streaming]
    assert len(kept) == len(replies)
    with inside(lender):
        for model in (AuditLog, Run, Task, Connection):
            found = list(model.objects.values())
            assert found, model
            kept.append(json.dumps(found, cls=DjangoJSONEncoder, default=str))
    kept += [record.getMessage() for record in caplog.records]
    assert not [text[:200] for text in kept if CANARY in text]
