"""The database itself refuses what the engine does not know: a random walk, then single steps by hand."""

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import tenancy
from taishang import claiming, transitions
from taishang.models import Task
from taishang.transitions import Holder, IllegalTransition, LeaseLost

pytestmark = pytest.mark.django_db
LEGAL = {
    ("queued", "running"),
    ("queued", "cancelled"),
    ("queued", "failed"),
    ("running", "succeeded"),
    ("running", "queued"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("failed", "queued"),
    ("cancelled", "queued"),
}
STATES = ("queued", "running", "succeeded", "failed", "cancelled")
STEPS = (
    "claim", "succeed", "fail", "retry_later", "give_back", "cancel", "obey", "retry", "rescue",
    "expire", "reorder", "progress", "stale", "direct",
)  # fmt: skip


class Walk:
    """One task pushed about by whatever comes next; `holders` are the runs it ever had."""

    def __init__(self, bench) -> None:
        self.bench = bench
        self.task = bench.ask("rig.echo")
        self.holders: list[Holder] = [Holder(self.task.id, -1)]
        self.row = bench.now(self.task)

    def step(self, name: str, number: int) -> None:
        try:
            with transaction.atomic(), self.bench.inside():
                getattr(self, name)(number)
        except (LeaseLost, IllegalTransition, IntegrityError):
            pass
        self.check(self.bench.now(self.task))

    def check(self, now: Task) -> None:
        before = self.row
        assert before.state == now.state or (before.state, now.state) in LEGAL
        assert now.fence == before.fence or now.fence > before.fence
        assert (now.fence > before.fence) >= (now.state != before.state)
        assert now.row_version >= before.row_version
        assert 0 <= now.attempts <= now.max_attempts
        assert (now.state == "running") == (now.lease_owner is not None)
        assert (now.finished_at is None) == now.is_live
        self.row = now

    def claim(self, _number: int) -> None:
        found = claiming.claim(self.bench.claimant).task
        if found is not None:
            self.holders.append(Holder(found.id, found.fence))

    def succeed(self, _number: int) -> None:
        transitions.succeed(self.holders[-1], result={"n": 1})

    def fail(self, _number: int) -> None:
        transitions.fail(self.holders[-1], code="x", message="x")

    def retry_later(self, _number: int) -> None:
        transitions.retry_later(self.holders[-1], after=0, code="x", message="x")

    def give_back(self, _number: int) -> None:
        transitions.give_back(self.holders[-1])

    def cancel(self, _number: int) -> None:
        transitions.cancel(self.task.id, by="x")

    def obey(self, _number: int) -> None:
        transitions.cancelled(self.holders[-1])

    def retry(self, _number: int) -> None:
        transitions.retry(self.task.id, by="x")

    def rescue(self, _number: int) -> None:
        if self.row.lease_owner:
            with tenancy.dispatcher_scope():
                transitions.rescue(lease=_NONE, dead_owners=[self.row.lease_owner])

    def expire(self, _number: int) -> None:
        with tenancy.dispatcher_scope():
            transitions.expire()

    def reorder(self, number: int) -> None:
        transitions.reorder(self.task.id, by="x", priority=number)

    def progress(self, number: int) -> None:
        transitions.progress(self.holders[-1], percent=number, current=1, total=2, message="x")

    def stale(self, number: int) -> None:
        """A run that lost its task tries to end it."""
        old = self.holders[number % len(self.holders)]
        if old is not self.holders[-1]:
            before = self.bench.now(self.task).row_version
            with pytest.raises(LeaseLost):
                transitions.succeed(old, result=None)
            assert self.bench.now(self.task).row_version == before

    def direct(self, number: int) -> None:
        """Somebody writes a state by hand."""
        state = STATES[number % len(STATES)]
        Task.objects.filter(id=self.task.id).update(state=state)


_NONE = transitions.timedelta(0)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 99)), min_size=40, max_size=40))
def test_no_walk_leaves_the_known_transitions(bench, steps):
    walk = Walk(bench)

    for name, number in steps:
        walk.step(name, number)

    with bench.inside():
        Task.objects.filter(id=walk.task.id).delete()


def _refused(bench, task: Task, match: str = "tai_tasks_guard", **changes) -> None:
    with (
        pytest.raises(IntegrityError) as refused,
        bench.inside(),
        transaction.atomic(),
    ):
        Task.objects.filter(id=task.id).update(**changes)
    assert refused.value.__cause__.diag.constraint_name == match


@pytest.mark.parametrize("state", ["running", "succeeded"])
def test_a_waiting_task_is_not_started_or_done_by_hand(bench, state):
    _refused(bench, bench.ask("rig.echo"), state=state)


def test_what_was_cancelled_never_succeeds(bench):
    task = bench.ask("rig.echo")
    bench.cancel(task)

    _refused(bench, task, state="succeeded")
    _refused(bench, task, state="running")


@pytest.mark.parametrize(
    "changes", [{"fence": 9}, {"row_version": 9}, {"payload": {"value": 2}}, {"type": "rig.broken"}]
)
def test_what_the_engine_relies_on_cannot_be_written(bench, changes):
    _refused(bench, bench.ask("rig.echo"), **changes)


def test_how_a_task_ended_cannot_be_rewritten(bench):
    task = bench.ask("rig.hopeless")
    bench.work()

    _refused(bench, task, error="all fine")
    _refused(bench, task, result={"all": "fine"})


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"priority": 101}, "tai_tasks_priority_ck"),
        ({"progress": 101}, "tai_tasks_progress_ck"),
        ({"attempts": 9}, "tai_tasks_attempts_ck"),
        ({"lease_owner": "me"}, "tai_tasks_lease_ck"),
        ({"finished_at": "2026-01-01T00:00Z"}, "tai_tasks_finished_ck"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(bench, changes, constraint):
    _refused(bench, bench.ask("rig.echo"), constraint, **changes)


def test_a_history_is_never_rewritten(bench):
    task = bench.ask("rig.echo")

    for statement in ("UPDATE tai_task_events SET event = 'x'", "DELETE FROM tai_task_events"):
        for scope in (bench.inside(), tenancy.platform_scope(reason="test")):
            with (
                pytest.raises(Exception, match=r"permission denied|append-only"),
                scope,
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
    assert bench.events(task) == ["enqueued"]


def test_a_history_cannot_be_written_into_another_workspace(bench, charlie):
    task = bench.ask("rig.echo")

    def intrude() -> None:
        with (
            transaction.atomic(),
            tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "INSERT INTO tai_task_events (workspace_id, task_id, seq, event, detail, actor,"
                " attempt, trace_id, created_at) VALUES (%s, %s, 9, 'x', '{}', '', 0, '', now())",
                [charlie.workspace.id, task.id],
            )
            connection.check_constraints()

    with pytest.raises(IntegrityError, match="tai_task_events_task_id_tenant_fk"):
        intrude()


def test_every_column_that_clients_rely_on_is_here(db):
    wanted = {
        "tai_tasks": "id workspace_id type state priority progress payload result error attempts"
        " dedup_key scheduled_at expires_at created_at updated_at",
        "tai_task_events": "id task_id event detail trace_id created_at",
    }
    for table, columns in wanted.items():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
            )
            assert set(columns.split()) <= {row[0] for row in cursor.fetchall()}


def test_the_history_is_kept_by_month(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'tai_task_events'::regclass"
        )
        assert cursor.fetchone()[0] >= 7
