"""A long function of an app below becomes a task with a bar that can be cancelled."""

import pytest

from accounts import registry
from taishang import runs
from tests.rig import jobs

pytestmark = pytest.mark.django_db


def _work(bench):
    with bench.inside():
        return registry.latest_work(kind="rig.count", workspace=bench.person.workspace.id)


def test_it_moves_the_bar_and_its_answer_is_the_result(bench):
    task = bench.ask("rig.count", {"steps": 4})
    assert _work(bench).is_live

    bench.work()

    done = bench.now(task)
    assert (done.state, done.progress, done.result) == ("succeeded", 100, {"steps": 4})
    assert (done.progress_current, done.progress_total) == (3, 4)
    assert (_work(bench).state, _work(bench).result) == ("succeeded", {"steps": 4})


class _Cancelling(list):
    """Cancels the task when the function reaches its third step."""

    def __init__(self, bench, task):
        self.bench, self.task = bench, task

    def append(self, step):
        super().append(step)
        if step == 2:
            self.bench.cancel(self.task)


def test_it_hears_that_somebody_asked_it_to_stop(bench, monkeypatch):
    monkeypatch.setattr(runs, "LOOK_SECONDS", 0.0)
    task = bench.ask("rig.count", {"steps": 100})
    monkeypatch.setattr(jobs, "reached", _Cancelling(bench, task))

    bench.work()

    assert bench.now(task).state == "cancelled"
    assert jobs.reached == [0, 1, 2]


def test_what_cannot_be_done_is_said_once(bench):
    task = bench.ask("rig.refuse", {"steps": 1})

    bench.work()

    failed = bench.now(task)
    assert (failed.state, failed.error_code) == ("failed", "not_today")
    assert failed.error_message == "It cannot be done today."


def test_nothing_was_ever_asked_for(bench):
    assert _work(bench) is None
