"""The operator sees and steers all work; nobody else enters."""

import pytest
from django.utils import timezone

from accounts import tenancy
from laojun.models import AuditLog
from taishang import queue
from taishang.models import Lane, Schedule, Worker
from taishang.schedules import synchronise

pytestmark = pytest.mark.django_db
TASKS = "/admin/taishang/task/"


def _bulk(olga, action: str, *tasks, confirmed: bool = True):
    data = {"action": action, "_selected_action": [str(task.id) for task in tasks]}
    return olga.post(TASKS, {**data, **({"confirmed": "1"} if confirmed else {})})


def test_tasks_of_all_workspaces_are_listed(olga, bench, charlie):
    first = bench.ask("rig.echo")
    bench.person = charlie
    second = bench.ask("rig.hopeless")

    page = olga.get(TASKS).content.decode()

    assert str(first.id) in page
    assert str(second.id) in page


def test_a_list_of_many_costs_the_same_number_of_queries(
    olga, bench, django_assert_max_num_queries
):
    for _number in range(20):
        bench.ask("rig.echo")
    olga.get(TASKS)

    with django_assert_max_num_queries(30):
        olga.get(TASKS)


def test_a_task_shows_its_timeline_and_redacted_content(olga, bench):
    task = bench.ask("rig.talkative")
    bench.work()

    page = olga.get(f"{TASKS}{task.id}/change/")

    text = page.content.decode()
    assert page.status_code == 200
    assert text.count("timeline-item") == len(bench.events(task))
    assert "hunter2" not in text
    assert f"{TASKS}{task.id}/part/" in text


def test_the_live_part_is_fetched_alone(olga, bench):
    task = bench.ask("rig.echo")

    part = olga.get(f"{TASKS}{task.id}/part/").content.decode()

    assert "<progress" in part
    assert "<html" not in part


def test_the_board_counts_queues_and_workers(olga, bench):
    bench.ask("rig.echo")
    with tenancy.dispatcher_scope():
        Worker.objects.create(host="here", pid=1, queues=["default"], slots=3)

    page = olga.get(f"{TASKS}board/").content.decode()
    part = olga.get(f"{TASKS}board/", headers={"HX-Request": "true"}).content.decode()

    assert 'hx-trigger="every 2s' in page
    assert "0/3" in part
    assert "here" in part
    assert "<html" not in part


@pytest.mark.parametrize(
    ("deed", "state"), [("cancel", "cancelled"), ("high", "queued"), ("nonsense", "queued")]
)
def test_one_task_is_steered_from_its_page(olga, bench, deed, state):
    task = bench.ask("rig.echo")

    olga.post(f"{TASKS}{task.id}/deed/", {"deed": deed})

    assert bench.now(task).state == state
    assert bench.now(task).priority == (80 if deed == "high" else 50)


def test_a_bulk_action_asks_first_and_says_how_many(olga, bench):
    tasks = [bench.ask("rig.echo") for _number in range(3)]

    question = _bulk(olga, "cancel", *tasks, confirmed=False)

    assert question.status_code == 200
    assert b"<strong>3" in question.content
    assert {bench.now(task).state for task in tasks} == {"queued"}


def test_a_confirmed_bulk_action_is_done_and_audited(olga, bench):
    tasks = [bench.ask("rig.echo") for _number in range(3)]

    assert _bulk(olga, "cancel", *tasks).status_code == 302

    assert {bench.now(task).state for task in tasks} == {"cancelled"}
    with tenancy.platform_scope(reason="test"):
        assert AuditLog.objects.filter(action="task.cancel").count() == 3


def test_dead_letters_are_settled_by_kind_and_code(olga, bench):
    tasks = [bench.ask("rig.hopeless") for _number in range(3)]
    bench.work()

    page = olga.get(f"{TASKS}dead-letters/").content.decode()
    olga.post(f"{TASKS}dead-letters/", {"deed": "retry", "type": "rig.hopeless", "code": "no_luck"})

    assert "no_luck" in page
    assert {bench.now(task).state for task in tasks} == {"queued"}


def test_acknowledged_failures_leave_the_dead_letters(olga, bench):
    task = bench.ask("rig.hopeless")
    bench.work()

    olga.post(
        f"{TASKS}dead-letters/", {"deed": "acknowledge", "type": "rig.hopeless", "code": "no_luck"}
    )

    assert "no_luck" not in olga.get(f"{TASKS}dead-letters/").content.decode()
    assert bench.events(task)[-1] == "acknowledged"
    assert bench.now(task).acknowledged_by_id == olga.user.id


def test_a_lane_is_made_paused_and_resumed(olga, bench):
    made = olga.post(
        "/admin/taishang/lane/add/",
        {
            "queue": "default",
            "workspace": "",
            "max_running": "4",
            "max_queued": "100",
            "weight": "5",
        },
    )
    assert made.status_code == 302
    with tenancy.platform_scope(reason="test"):
        lane = Lane.objects.get()
    for action, paused in (("pause", True), ("resume", False)):
        olga.post(
            "/admin/taishang/lane/",
            {"action": action, "_selected_action": [lane.pk], "confirmed": "1"},
        )
        with tenancy.platform_scope(reason="test"):
            assert bool(Lane.objects.get().paused_at) is paused


def test_a_schedule_is_run_disabled_and_given_other_times(olga, nightly):
    address = "/admin/taishang/schedule/"
    olga.post(address, {"action": "run_now", "_selected_action": [nightly]})
    olga.post(address, {"action": "disable", "_selected_action": [nightly], "confirmed": "1"})
    wrong = olga.post(f"{address}{nightly}/change/", {"override_cron": "often"})
    olga.post(f"{address}{nightly}/change/", {"override_cron": "5 4 * * *", "enabled": "on"})

    assert wrong.status_code == 200
    with tenancy.platform_scope(reason="test"):
        schedule = Schedule.objects.get(name=nightly)
        assert queue.Task.objects.get(schedule_name=nightly).id == schedule.last_task_id
    assert (schedule.override_cron, schedule.enabled) == ("5 4 * * *", True)
    assert schedule.next_due_at > timezone.now()


def test_a_worker_is_asked_to_drain(olga):
    with tenancy.dispatcher_scope():
        worker = Worker.objects.create(host="here", pid=1, queues=["default"], slots=3)

    olga.post(
        "/admin/taishang/worker/",
        {"action": "drain", "_selected_action": [str(worker.id)], "confirmed": "1"},
    )

    with tenancy.dispatcher_scope():
        assert Worker.objects.get().drain_requested_at is not None


@pytest.mark.parametrize("path", ["", "board/", "dead-letters/"])
def test_nobody_else_enters(alice, path):
    assert alice.get(f"{TASKS}{path}").status_code in {302, 403, 404}


@pytest.fixture
def nightly(db) -> str:
    """A schedule whose kind the suite handles."""
    with tenancy.dispatcher_scope():
        synchronise()
        Schedule.objects.create(
            name="rig.nightly",
            type="rig.nightly",
            queue="maintenance",
            cron="0 3 * * *",
            next_due_at=timezone.now() + timezone.timedelta(hours=1),
        )
    return "rig.nightly"
