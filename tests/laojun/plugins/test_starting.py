"""A process begins at its own pace, whatever its plugins are up to."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from laojun.models import PluginVersion
from laojun.plugins import scanning, starting


@pytest.fixture(autouse=True)
def _never_began(monkeypatch):
    monkeypatch.setattr(starting, "_began", None)


def test_a_plugin_that_never_answers_delays_nobody(monkeypatch):
    let_go = threading.Event()
    monkeypatch.setattr(starting, "_pinned", lambda began: [1])
    monkeypatch.setattr(scanning, "verify_one", lambda pk: let_go.wait(20))
    before = time.monotonic()

    thread = starting.begin(patience_s=0.2)

    assert time.monotonic() - before < 1
    assert thread.is_alive()
    let_go.set()
    thread.join(5)


def test_one_that_breaks_the_check_spoils_nothing_else(monkeypatch):
    judged = []

    def verify(pk):
        if pk == 1:
            raise RuntimeError(pk)
        judged.append(pk)

    monkeypatch.setattr(starting, "_pinned", lambda began: [1, 2, 3])
    monkeypatch.setattr(scanning, "verify_one", verify)

    starting.begin().join(5)

    assert judged == [2, 3]


def test_what_was_not_judged_since_the_start_is_held_off(monkeypatch):
    monkeypatch.setattr(starting, "_pinned", lambda began: [])
    old = PluginVersion(verified_at=timezone.now() - timedelta(hours=1))
    assert starting.cleared(old)

    starting.begin()

    assert not starting.cleared(old)
    assert starting.cleared(PluginVersion(verified_at=timezone.now() + timedelta(seconds=1)))
    assert not starting.cleared(PluginVersion(verified_at=None))
