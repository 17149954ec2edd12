"""The outbox: written with the deed, told at least once, and never by two at a time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from accounts import tenancy
from laojun import audit
from laojun.models import Plugin, PluginConsent, PluginDelivery, PluginInstance
from laojun.plugins import circuit, deliveries, events, host, starting
from laojun.plugins.outcomes import Outcome
from tests.laojun.plugins.plugged import plug

OK = Outcome(output=None, status_code=204, duration_ms=3)
BROKEN = Outcome(code="refused", detail="status 500", status_code=500)


@pytest.fixture
def sink(alice) -> PluginInstance:
    return plug(alice.workspace)


def tell(alice, count: int = 1) -> None:
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        for number in range(count):
            events.emit("audit.recorded", data={"action": "config.set", "resource_id": str(number)})


def rows(alice) -> list[PluginDelivery]:
    with tenancy.workspace(alice.workspace.pk):
        return list(PluginDelivery.objects.order_by("created_at"))


def only(alice) -> PluginDelivery:
    (row,) = rows(alice)
    return row


def test_an_event_waits_for_each_sink_that_may_hear_of_it(alice, sink):
    plug(alice.workspace, "other")
    plug(alice.workspace, "deaf", permissions=("event:task",))
    plug(alice.workspace, "tool", hooks=("studio.text_tool",))

    tell(alice)

    assert {row.instance.plugin.slug for row in rows_with_plugin(alice)} == {"sink", "other"}


def rows_with_plugin(alice):
    with tenancy.workspace(alice.workspace.pk):
        return list(PluginDelivery.objects.select_related("instance__plugin"))


def test_other_workspaces_hear_nothing(alice, charlie, sink):
    plug(charlie.workspace)

    tell(alice)

    assert rows(charlie) == []


def test_an_event_of_a_deed_that_is_taken_back_never_was(alice, sink):
    def deed() -> None:
        with tenancy.workspace(alice.workspace.pk):
            events.emit("audit.recorded", data={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deed()

    assert rows(alice) == []


def test_what_the_audit_log_records_is_told(alice, sink):
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        audit.record(actor=alice.user, action="config.set", target=("config", "x"), after={"a": 1})

    told = {row.event_type: row.payload for row in rows(alice)}
    assert set(told) == {"audit.recorded", "config.changed"}
    assert told["config.changed"]["data"]["payload"]["after"] == {"a": 1}
    assert told["audit.recorded"]["subject"] == "config/x"


def test_an_event_that_is_too_large_becomes_a_link(alice, sink):
    with tenancy.workspace(alice.workspace.pk):
        events.emit("audit.recorded", data={"payload": {"text": "x" * 300_000}}, subject="files/1")

    event = events.as_cloud_event(only(alice), frozenset({"event:audit"}), "https://p.example.com")
    assert event["truncated"] is True
    address = f"https://p.example.com/api/v1/audit-logs/?trace_id={only(alice).trace_id}"
    assert event["data"] == {"resource": address}


def test_secrets_are_not_told(alice, sink):
    with tenancy.workspace(alice.workspace.pk):
        events.emit("audit.recorded", data={"payload": {"password": "hunter2"}})

    assert "hunter2" not in str(only(alice).payload)


def test_a_delivered_event_keeps_no_payload(alice, sink):
    tell(alice)
    (claimed,) = deliveries.claim(most=5)

    assert deliveries.settle(claimed, OK)

    row = only(alice)
    assert (row.state, row.payload, row.status_code) == ("delivered", None, 204)


def test_nobody_else_gets_what_is_under_way(alice, sink):
    tell(alice)
    deliveries.claim(most=5)

    assert deliveries.claim(most=5) == []


def test_what_a_dead_sender_left_behind_is_sent_again(alice, sink):
    tell(alice)
    (first,) = deliveries.claim(most=5)

    later = timezone.now() + deliveries.lease() + timedelta(seconds=1)
    (second,) = deliveries.claim(most=5, now=later)

    assert second.delivery.event_id == first.delivery.event_id
    assert second.delivery.fence == first.delivery.fence + 1
    assert second.delivery.attempts == 0, "a sender that was killed costs the event no try"


def test_a_sender_that_lost_its_lease_changes_nothing(alice, sink):
    tell(alice)
    (first,) = deliveries.claim(most=5)
    deliveries.claim(most=5, now=timezone.now() + deliveries.lease() + timedelta(seconds=1))

    assert not deliveries.settle(first, OK)
    assert only(alice).state == "sending"


def test_a_failure_is_tried_again_later_and_later_and_then_given_up(alice, sink):
    tell(alice)
    now, waits = timezone.now(), []
    for _try in range(7):
        with tenancy.workspace(alice.workspace.pk):
            PluginInstance.objects.update(circuit={})
        (claimed,) = deliveries.claim(most=1, now=now)
        deliveries.settle(claimed, BROKEN, now=now)
        row = only(alice)
        if row.next_attempt_at:
            waits.append((row.next_attempt_at - now).total_seconds())
            now = row.next_attempt_at

    assert row.state == "dead"
    for waited, meant in zip(waits, deliveries.RETRY_SECONDS, strict=True):
        assert meant * 0.8 <= waited <= meant * 1.2


def test_a_receiver_that_asks_for_time_gets_it(alice, sink):
    tell(alice)
    now = timezone.now()
    (claimed,) = deliveries.claim(most=1, now=now)

    deliveries.settle(claimed, Outcome(code="refused", retry_after=900.0), now=now)

    assert only(alice).next_attempt_at == now + timedelta(seconds=900)


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False, "health": "disabled"},
        {"health": "needs_consent"},
    ],
)
def test_what_was_switched_off_is_skipped(alice, sink, change):
    tell(alice)
    with tenancy.workspace(alice.workspace.pk):
        PluginInstance.objects.filter(pk=sink.pk).update(**change)

    assert deliveries.claim(most=5) == []
    assert only(alice).state == "skipped"


def test_a_blocked_plugin_is_told_nothing_more(alice, sink):
    tell(alice)
    with tenancy.platform_scope(reason="test"):
        Plugin.objects.filter(pk=sink.plugin_id).update(
            status="blocked", status_reason="hostile", blocked_at=timezone.now()
        )

    assert deliveries.claim(most=5) == []
    assert only(alice).state == "skipped"


def test_without_the_consent_it_was_written_for_an_event_is_skipped(alice, sink):
    tell(alice)
    with tenancy.workspace(alice.workspace.pk):
        PluginConsent.objects.update(withdrawn_at=timezone.now())

    assert deliveries.claim(most=5) == []
    assert only(alice).state == "skipped"


def test_an_open_circuit_lets_events_wait_without_spending_tries(alice, sink):
    tell(alice)
    now = timezone.now()
    opened = circuit._opened(30.0, now)
    with tenancy.workspace(alice.workspace.pk):
        PluginInstance.objects.update(circuit=opened)

    assert deliveries.claim(most=5) == []

    row = only(alice)
    assert (row.state, row.attempts) == ("pending", 0)
    assert abs((row.next_attempt_at - now).total_seconds() - 30) < 1


def test_an_event_waits_while_a_process_that_has_begun_verifies_the_plugin(
    alice, sink, monkeypatch
):
    tell(alice)
    monkeypatch.setattr(starting, "_began", timezone.now())

    assert deliveries.claim(most=10) == []

    row = only(alice)
    assert (row.state, row.attempts) == ("pending", 0)
    assert row.next_attempt_at > timezone.now()


def test_after_an_open_circuit_one_probe_goes_out(alice, sink):
    tell(alice, 3)
    with tenancy.workspace(alice.workspace.pk):
        PluginInstance.objects.update(
            circuit=circuit._opened(30.0, timezone.now() - timedelta(minutes=1))
        )

    claimed = deliveries.claim(most=5)

    assert len(claimed) == 1
    assert sorted(row.state for row in rows(alice)) == ["pending", "pending", "sending"]


def test_five_failures_open_the_circuit_and_a_success_closes_it(alice, sink):
    with tenancy.workspace(alice.workspace.pk):
        for _call in range(5):
            host.keep_circuit(sink.pk, ok=False)
        sink.refresh_from_db()
        assert (sink.health, circuit.is_open(sink.circuit)) == ("degraded", True)
        host.keep_circuit(sink.pk, ok=True)
        sink.refresh_from_db()
        assert (sink.health, sink.circuit) == ("ok", {})


def test_calls_do_not_change_what_an_open_form_would_save(alice, sink):
    with tenancy.workspace(alice.workspace.pk):
        host.keep_circuit(sink.pk, ok=False)
        fresh = PluginInstance.objects.get(pk=sink.pk)

    assert fresh.circuit
    assert fresh.row_version == sink.row_version


def test_a_slow_receiver_holds_nobody_else_up(alice, sink):
    tell(alice, 20)
    other = plug(alice.workspace, "other")
    tell(alice)

    claimed = deliveries.claim(most=16)

    mine = [one for one in claimed if one.delivery.instance_id == sink.pk]
    assert len(mine) == deliveries.PER_INSTANCE
    assert [one for one in claimed if one.delivery.instance_id == other.pk]


def test_one_event_waits_once_for_each_instance(alice, sink):
    tell(alice)
    row = only(alice)
    row.pk = None

    with (
        pytest.raises(IntegrityError, match="lao_plugin_deliveries_event_uniq"),
        transaction.atomic(),
        tenancy.workspace(alice.workspace.pk),
    ):
        PluginDelivery.objects.create(
            workspace_id=row.workspace_id,
            plugin_id=row.plugin_id,
            instance_id=row.instance_id,
            hook=row.hook,
            mode="async",
            event_id=row.event_id,
            state="pending",
            next_attempt_at=timezone.now(),
        )


def test_a_stranger_sees_no_row(alice, charlie, sink):
    tell(alice)

    with tenancy.workspace(charlie.workspace.pk):
        assert not PluginDelivery.objects.exists()
        assert not PluginDelivery.objects.update(state="dead")


def test_a_row_of_another_workspace_cannot_be_written(alice, charlie, sink):
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
        tenancy.workspace(charlie.workspace.pk),
    ):
        PluginDelivery.objects.create(
            workspace=alice.workspace,
            plugin_id=sink.plugin_id,
            hook="event.sink",
            mode="async",
            state="held",
        )


def test_what_waits_after_a_restore_is_held_until_somebody_decides(alice, sink):
    tell(alice, 2)

    with tenancy.platform_scope(reason="test"):
        assert deliveries.hold() == 2
    assert deliveries.claim(most=5) == []

    first, second = rows(alice)
    with tenancy.platform_scope(reason="test"):
        assert deliveries.release([first.pk], send_them=True) == 1
        assert deliveries.release([second.pk], send_them=False) == 1
    assert [row.state for row in rows(alice)] == ["pending", "skipped"]


def test_old_calls_go_after_their_time_and_dead_ones_later(alice, sink):
    tell(alice, 3)
    for row, state in zip(rows(alice), ("skipped", "dead", "pending"), strict=True):
        with tenancy.workspace(alice.workspace.pk):
            waiting = {"next_attempt_at": timezone.now()} if state == "pending" else {}
            PluginDelivery.objects.filter(pk=row.pk).update(state=state, **waiting)

    with tenancy.platform_scope(reason="test"):
        for days, kept in ((29, 3), (31, 2), (91, 1)):
            deliveries.old(timezone.now() + timedelta(days=days)).delete()
            assert PluginDelivery.objects.count() == kept

    assert [row.state for row in rows(alice)] == ["pending"]


@pytest.mark.django_db
def test_keys_made_in_the_database_sort_by_time():
    with connection.cursor() as cursor:
        cursor.execute("SELECT lao_uuid7() FROM generate_series(1, 3)")
        keys = [row[0] for row in cursor.fetchall()]

    assert {key.version for key in keys} == {7}
    age = timezone.now().timestamp() - (keys[0].int >> 80) / 1000
    assert abs(age) < 60
