"""Connections are looked after: structures grow old, servers fall silent, owners hear of it once, values follow."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tenancy
from laojun.audit import Actor
from laojun.models import Notification
from querygpt import sweeping, values
from querygpt.connections import saving, testing
from querygpt.connections.testing import Outcome
from querygpt.models import Connection
from taishang import runner
from taishang.claiming import Claimant
from taishang.models import Task
from tests.querygpt import rows

WELL = Outcome(ok=True, reachable=True, version="18")
SILENT = Outcome(ok=False, code="cannot_reach")


def inside(person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def lent(person, name="far", **changes):
    return rows.connection(
        person, name, driver="postgresql", host="db.example.com", port=5432, username="reader",
        database_name="shop", **changes,
    )  # fmt: skip


def tasks(person, kind):
    with inside(person):
        return [one.payload["connection"] for one in Task.objects.filter(type=kind)]


def test_old_structures_are_read_again_and_used_servers_looked_at(lender):
    day = timedelta(days=1)
    with inside(lender):
        old = lent(lender, "old", catalogue_version=3, catalogue_at=timezone.now() - 2 * day)
        fresh = lent(lender, "fresh", catalogue_version=3, catalogue_at=timezone.now())
        off = lent(
            lender,
            "off",
            catalogue_version=3,
            catalogue_at=timezone.now() - 2 * day,
            status="disabled",
        )
        rows.run(lender, connection=fresh)
        rows.run(lender, connection=off)

    assert sweeping.refresh_structures() == 1
    assert sweeping.look_after() == 1
    assert tasks(lender, "querygpt.schema_refresh") == [str(old.pk)]
    assert tasks(lender, "querygpt.health") == [str(fresh.pk)]


def test_three_silences_are_a_failure_and_each_change_is_told_once(lender, monkeypatch):
    with inside(lender):
        connection = lent(lender, status="ok")
        rows.run(lender, connection=connection)
    looks = []
    now = {"outcome": SILENT}

    def look(**_):
        looks.append(now["outcome"])
        return now["outcome"]

    monkeypatch.setattr(testing, "look", look)
    monkeypatch.setattr(sweeping, "PAUSE_SECONDS", 0)

    def turn():
        sweeping.look_after()
        for _ in range(sweeping.TRIES):
            runner.drain(Claimant("test:1", ["maintenance"]))
        with inside(lender):
            return Connection.objects.get(pk=connection.pk).status

    assert turn() == "failing"
    assert len(looks) == sweeping.TRIES
    assert turn() == "failing"
    now["outcome"] = WELL
    assert turn() == "ok"
    with inside(lender):
        keys = sorted(Notification.objects.values_list("letter", flat=True))
    assert [one for one in keys if one.startswith("connection")] == [
        "connection_back",
        "connection_failing",
    ]


def test_values_follow_their_switch_and_go_with_the_connection(lender):
    actor = Actor.of_user(lender.user)
    with inside(lender):
        connection = lent(lender, catalogue_version=1)
        changed = {"wishes": {"values_enabled": True}, "password": None, "actor": actor}
        saving.change(connection=connection, **changed)
    assert tasks(lender, "querygpt.value_index") == [str(connection.pk)]

    with tenancy.adopted(tenancy.Context(user_id=lender.user.id, workspace_id=lender.workspace.id)):
        values.store(
            connection=connection,
            found={("orders", "city"): ("上海",)},
            owner=values.Owner(lender.user.pk, lender.workspace.pk),
        )
    with inside(lender):
        connection.refresh_from_db()
        assert connection.values_file_id
        saving.remove(connection=connection, actor=actor)
        connection.refresh_from_db()
        assert (connection.values_file_id, connection.values_key_encrypted) == (None, "")


@pytest.mark.django_db
def test_a_switch_that_is_off_forgets_at_once(alice):
    with inside(alice):
        connection = lent(alice, values_enabled=True, values_key_encrypted="x")
        saving.change(
            connection=connection,
            wishes={"values_enabled": False},
            password=None,
            actor=Actor.of_user(alice.user),
        )
        assert connection.values_key_encrypted == ""
        assert not Task.objects.filter(type="querygpt.value_index").exists()
