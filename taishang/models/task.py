from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.authentication import Principal

PRIORITY_LOW, PRIORITY_NORMAL, PRIORITY_HIGH, PRIORITY_URGENT = 20, 50, 80, 95
MAX_CRASHES = 5
ENDINGS = {
    "expired": _("It waited longer than it may and was never started."),
    "crashed": _("Its process died five times."),
    "timeout": _("It took longer than it may."),
    "restored": _("The database was restored; this may have been done before. Repeat it if not."),
}
UNKNOWN_KIND_AFTER = timedelta(minutes=5)


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, principal: Principal) -> TaskQuerySet:
        """One's own tasks in this workspace; everybody's with `task.view_all`."""
        if principal.user is None or not principal.may("task.view"):
            return self.none()
        tasks = self.filter(workspace_id=principal.workspace_id)
        if principal.may("task.view_all"):
            return tasks
        return tasks.filter(user_id=principal.user.id)

    def live(self) -> TaskQuerySet:
        return self.filter(state__in=[Task.State.QUEUED, Task.State.RUNNING])

    def finished(self) -> TaskQuerySet:
        return self.exclude(state__in=[Task.State.QUEUED, Task.State.RUNNING])

    def dead_letters(self) -> TaskQuerySet:
        """Failed for good, and nobody has said yet that they know."""
        return self.filter(state=Task.State.FAILED, acknowledged_at__isnull=True)

    def without_worker(self, known: list[str], now: datetime) -> TaskQuerySet:
        """Waiting for a kind that no code here handles."""
        return self.filter(state=Task.State.QUEUED, due_at__lt=now - UNKNOWN_KIND_AFTER).exclude(
            type__in=known
        )


class Task(models.Model):
    """One piece of background work: what to do, for whom, how far it is and how it ended.

    The database refuses every change of state that the engine does not know (trigger `tai_tasks_guard`), raises
    `row_version` at each update and `fence` at each change of state.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    # The database itself clears this column (see the migration), whatever the deleter's context can see.
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    api_key_id = models.UUIDField(null=True)

    type = models.CharField(_("kind"), max_length=100)
    queue = models.CharField(_("queue"), max_length=40)
    payload = models.JSONField(default=dict)
    payload_version = models.SmallIntegerField(default=1)
    dedup_key = models.CharField(max_length=200, null=True)
    subject_type = models.CharField(max_length=50, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    parent_id = models.UUIDField(null=True)
    retried_from_id = models.UUIDField(null=True)
    schedule_name = models.CharField(max_length=100, blank=True)
    locale = models.CharField(max_length=16, blank=True)
    trace_id = models.CharField(max_length=64, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    priority = models.SmallIntegerField(_("priority"), default=PRIORITY_NORMAL)
    rank = models.BigIntegerField(default=0, editable=False)
    ready = models.BooleanField(default=False, editable=False)
    fence = models.BigIntegerField(default=0, editable=False)
    row_version = models.BigIntegerField(default=0, editable=False)
    event_seq = models.IntegerField(default=0, editable=False)
    attempts = models.SmallIntegerField(_("attempts"), default=0)
    max_attempts = models.SmallIntegerField(default=3)
    crashes = models.SmallIntegerField(default=0)
    timeout_s = models.IntegerField(default=600)
    rerun = models.BooleanField(default=False)
    lease_owner = models.CharField(max_length=80, null=True)
    lease_until = models.DateTimeField(null=True)

    progress = models.SmallIntegerField(_("progress"), default=0)
    progress_message = models.CharField(max_length=300, blank=True)
    progress_current = models.BigIntegerField(null=True)
    progress_total = models.BigIntegerField(null=True)
    checkpoint = models.JSONField(null=True)
    result = models.JSONField(null=True)
    error = models.TextField(_("error"), blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_detail = models.TextField(blank=True)

    cancel_requested_at = models.DateTimeField(null=True)
    cancel_by = models.CharField(max_length=80, blank=True)
    cancel_reason = models.CharField(max_length=300, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by_id = models.UUIDField(null=True)

    scheduled_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = TaskQuerySet.as_manager()

    class Meta:
        db_table = "tai_tasks"
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "dedup_key"],
                condition=models.Q(state__in=["queued", "running"], dedup_key__isnull=False),
                nulls_distinct=False,
                name="tai_tasks_one_live_dedup",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["queued", "running", "succeeded", "failed", "cancelled"]
                ),
                name="tai_tasks_state_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(priority__gte=0, priority__lte=100),
                name="tai_tasks_priority_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(progress__gte=0, progress__lte=100),
                name="tai_tasks_progress_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(attempts__gte=0, attempts__lte=models.F("max_attempts")),
                name="tai_tasks_attempts_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="running", lease_owner__isnull=False, lease_until__isnull=False
                )
                | (
                    ~models.Q(state="running")
                    & models.Q(lease_owner__isnull=True, lease_until__isnull=True)
                ),
                name="tai_tasks_lease_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False
                )
                | models.Q(state__in=["queued", "running"], finished_at__isnull=True),
                name="tai_tasks_finished_ck",
            ),
        ]
        indexes = [
            # The list of a workspace, newest first.
            models.Index(fields=["workspace", "-created_at"], name="tai_tasks_newest_ix"),
            # The list by state, most urgent first.
            models.Index(fields=["workspace", "state", "-priority"], name="tai_tasks_state_ix"),
            # Dead letters and failure charts, by kind.
            models.Index(fields=["type", "finished_at"], name="tai_tasks_kind_ix"),
            # "The tasks of this thing."
            models.Index(fields=["subject_type", "subject_id"], name="tai_tasks_subject_ix"),
            # Promotion of what falls due.
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="queued", ready=False),
                name="tai_tasks_promotion_ix",
            ),
            # Rescue of lost leases.
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state="running"),
                name="tai_tasks_lease_ix",
            ),
            # What runs in each lane: limits and fairness.
            models.Index(
                fields=["queue", "workspace"],
                condition=models.Q(state="running"),
                name="tai_tasks_running_ix",
            ),
            # Expiry of what waited too long.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state="queued"),
                name="tai_tasks_expiry_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    deduplicated = False  # set on the instance that an enqueue found instead of made

    @property
    def is_live(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    @property
    def version(self) -> int:
        """What entity tags are made of."""
        return self.row_version

    @property
    def error_message(self) -> str:
        """A sentence for the person; what the engine itself ends tasks with is said in their language."""
        return self.error or str(ENDINGS.get(self.error_code, ""))

    def queue_position(self) -> int | None:
        """How many ready tasks of this workspace's lane come first, about; one query, None when it does not wait."""
        if self.state != self.State.QUEUED or not self.ready:
            return None
        return Task.objects.filter(
            queue=self.queue,
            workspace_id=self.workspace_id,
            state=self.State.QUEUED,
            ready=True,
            rank__lt=self.rank,
        ).count()

    @property
    def is_cancelling(self) -> bool:
        return self.state == self.State.RUNNING and self.cancel_requested_at is not None

    @property
    def is_dead_letter(self) -> bool:
        return self.state == self.State.FAILED and self.acknowledged_at is None

    def allowed_actions(self, principal: Principal) -> list[str]:
        """What this person may do with the task as it stands now."""
        possible = {
            self.State.QUEUED: ["cancel", "priority"],
            self.State.RUNNING: [] if self.cancel_requested_at else ["cancel"],
            self.State.FAILED: ["retry"],
            self.State.CANCELLED: ["retry"],
        }.get(self.State(self.state), [])
        rights = {"cancel": "task.cancel", "retry": "task.retry", "priority": "task.create"}
        return [action for action in possible if principal.may(rights[action])]


class TaskEventQuerySet(models.QuerySet["TaskEvent"]):
    def of(self, task: Task) -> TaskEventQuerySet:
        """The history of one task; the time lets the planner leave out older months."""
        return self.filter(task_id=task.id, created_at__gte=task.created_at - timedelta(minutes=5))

    def after(self, seq: int) -> TaskEventQuerySet:
        return self.filter(seq__gt=seq).order_by("seq")


class TaskEvent(models.Model):
    """Something that happened to a task. Numbers are gapless per task; rows are never changed."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    task_id = models.UUIDField()
    seq = models.IntegerField()
    event = models.CharField(max_length=60)
    detail = models.JSONField(default=dict)
    actor = models.CharField(max_length=80, blank=True)
    attempt = models.SmallIntegerField(default=0)
    trace_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = TaskEventQuerySet.as_manager()

    class Meta:
        db_table = "tai_task_events"
        verbose_name = _("task event")
        verbose_name_plural = _("task events")

    def __str__(self) -> str:
        return f"{self.task_id}#{self.seq} {self.event}"

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "event": self.event,
            "detail": self.detail,
            "actor": self.actor,
            "attempt": self.attempt,
            "trace_id": self.trace_id,
            "created_at": self.created_at,
        }
