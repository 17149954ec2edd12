"""The console's operations from a terminal."""

import uuid

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


@pytest.fixture
def tell(capsys):
    def run(*arguments: str) -> str:
        call_command("tasks", *arguments)
        return capsys.readouterr().out

    return run


def test_tasks_are_listed_and_shown(bench, tell):
    task = bench.ask("rig.hopeless")
    bench.work()

    assert str(task.id) in tell("list", "--state", "failed")
    assert "no_luck" in tell("show", str(task.id))
    assert "claimed" in tell("show", str(task.id))


def test_a_task_is_cancelled_and_repeated(bench, tell):
    task = bench.ask("rig.echo")

    tell("cancel", str(task.id))
    assert bench.now(task).state == "cancelled"

    tell("retry", str(task.id))
    assert bench.now(task).state == "queued"


def test_a_queue_is_paused_and_resumed(bench, tell):
    bench.ask("rig.echo")

    tell("pause", "default")
    assert "paused" in tell("stats")
    assert bench.work() == 0

    tell("resume", "default")
    assert bench.work() == 1


def test_what_cannot_be_done_is_said(bench, tell):
    task = bench.ask("rig.echo")
    bench.work()

    for arguments in (
        ("cancel", str(task.id)),
        ("retry", str(task.id)),
        ("show", str(uuid.uuid4())),
    ):
        with pytest.raises(CommandError):
            tell(*arguments)
