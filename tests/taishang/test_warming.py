"""Workers get ready before they are asked: once for all slots, then each slot what it needs of its own."""

import pytest

from accounts import registry
from accounts.registry import WarmUp
from taishang import worker


@pytest.fixture
def ready(monkeypatch):
    """What was made ready, as it was; `broken` fails."""
    told = []

    def fail():
        raise RuntimeError

    warm_ups = {
        "broken": WarmUp("ai_requests", fail, fail),
        "questions": WarmUp(
            "ai_requests", lambda: told.append("parser"), lambda: told.append("child")
        ),
        "mail": WarmUp("email", lambda: told.append("letters"), lambda: told.append("line")),
    }
    monkeypatch.setattr(registry.warm_ups, "_entries", warm_ups)
    return told


def test_a_worker_is_ready_for_its_own_queues_and_outlives_what_fails(ready):
    worker.prepare(["ai_requests", "default"])
    worker.stand_by(["ai_requests", "default"])

    assert ready == ["parser", "child"]


def test_a_slot_stands_by_once_when_it_has_nothing_to_do(ready, monkeypatch):
    turns = iter([1, 0, 0])
    stop = worker.Stop()

    def serve_once(_claimant, _stop):
        stop.asked = (ran := next(turns, None)) is None
        return ran or 0

    monkeypatch.setattr(worker, "_stop_on_sigterm", lambda **_: stop)
    monkeypatch.setattr(worker, "_serve_once", serve_once)
    monkeypatch.setattr(worker.wakeups, "wait", lambda _seconds: None)
    monkeypatch.setattr(worker, "_is_bloated", lambda: False)

    worker.serve(worker.Claimant("a:1", ["ai_requests"]))

    assert ready == ["child"]
