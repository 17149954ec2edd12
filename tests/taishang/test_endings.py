"""Whoever asked for a task learns how it ended, also when no run was left to say so."""

from dataclasses import replace
from functools import partial

import pytest
from django.utils import timezone

from accounts import news, tenancy
from accounts.ids import uuid7
from accounts.tenancy import Context
from laojun.models import Notification
from taishang import endings, kinds, signals, transitions
from taishang.monitor import Watch
from tests.accounts.post import delivered

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _telling(monkeypatch):
    """Echoes and failures are what somebody waits for here."""
    for name in ("rig.echo", "rig.broken"):
        kind = replace(kinds.get(name), tells="task")
        monkeypatch.setitem(kinds._kinds._entries, name, kind)


@pytest.fixture
def heard():
    found = []

    def hear(*, task, state, code, **_):
        found.append((task.id, state, code))

    signals.task_finished.connect(hear)
    yield found
    signals.task_finished.disconnect(hear)


def told(bench):
    with tenancy.entered(Context(user_id=bench.person.user.pk)):
        return [(one.letter, one.link) for one in Notification.objects.newest_first()]


def watch(bench):
    bench.claimant = replace(bench.claimant, owner=f"{(number := uuid7())}:1")
    return Watch(worker_id=number, queues=["default"], slots=1, build="", parent_pid=1)


def test_success_is_told_in_list_and_mail(bench):
    task = bench.ask("rig.echo")
    bench.work(limit=1)

    assert told(bench) == [("task_succeeded", f"/tasks/{task.id}/")]
    (letter,) = delivered()
    assert f"/tasks/{task.id}/" in letter.body


def test_a_kind_that_nobody_waits_for_tells_nothing(bench, monkeypatch):
    kind = replace(kinds.get("rig.echo"), tells="")
    monkeypatch.setitem(kinds._kinds._entries, "rig.echo", kind)
    bench.ask("rig.echo")
    bench.work(limit=1)

    assert told(bench) == []


def test_what_expired_is_told(bench, heard):
    task = bench.ask("rig.echo", expires_at=timezone.now())
    watch(bench)._poll()

    assert bench.now(task).error_code == "expired"
    assert heard == [(task.id, "failed", "expired")]
    assert told(bench) == [("task_failed", f"/tasks/{task.id}/")]


def test_what_crashed_five_times_is_told_once(bench, heard):
    task = bench.ask("rig.echo")
    for _crash in range(5):
        claimed = bench.claim()
        with tenancy.dispatcher_scope():
            endings.tell(
                transitions.rescue(lease=timezone.timedelta(0), dead_owners=[claimed.lease_owner])
            )

    assert heard == [(task.id, "failed", "crashed")]
    assert [letter for letter, _link in told(bench)] == ["task_failed"]


def test_what_was_killed_for_its_time_is_told(bench, heard, monkeypatch):
    task = bench.ask("rig.echo")
    monitor = watch(bench)
    claimed = bench.claim()
    monkeypatch.setattr("taishang.monitor._is_ours", lambda *_: True)
    monkeypatch.setattr("taishang.monitor.os.kill", lambda *_: None)
    monkeypatch.setattr("taishang.monitor._kill", lambda *_: None)
    end = partial(transitions.fail, code="timeout", message="too long")

    monitor._take_away(claimed, end)

    assert heard == [(task.id, "failed", "timeout")]


def test_a_notice_that_fails_takes_no_outcome_back(bench, monkeypatch):
    def broken(*_args, **_facts):
        raise RuntimeError

    monkeypatch.setattr(news, "tell", broken)
    task = bench.ask("rig.echo")
    bench.work(limit=1)

    assert bench.now(task).state == "succeeded"
