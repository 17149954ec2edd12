from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

EVERY_QUEUE = "*"


class LaneQuerySet(models.QuerySet["Lane"]):
    def paused(self) -> LaneQuerySet:
        return self.filter(paused_at__isnull=False)


class Lane(models.Model):
    """Limits and pauses of a queue, of one workspace in a queue, or (queue `*`) of a whole workspace.

    Without a workspace `max_running` counts the queue's tasks of everybody. A lane without a row has no limit.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    queue = models.CharField(_("queue"), max_length=40)
    max_running = models.IntegerField(_("most at a time"), null=True, blank=True)
    max_queued = models.IntegerField(_("most waiting"), default=10_000)
    weight = models.SmallIntegerField(_("weight"), default=10)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    paused_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = LaneQuerySet.as_manager()

    class Meta:
        db_table = "tai_task_lanes"
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "queue"], nulls_distinct=False, name="tai_task_lanes_pair_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(weight__gte=1, weight__lte=100),
                name="tai_task_lanes_weight_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(max_running__isnull=True) | models.Q(max_running__gte=1),
                name="tai_task_lanes_running_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(max_queued__gte=1), name="tai_task_lanes_queued_ck"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue} {self.workspace_id or _('(all workspaces)')}"


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self, now: datetime) -> WorkerQuerySet:
        return self.filter(stopped_at__isnull=True, heartbeat_at__gt=now - Worker.SILENT_AFTER)

    def gone(self, now: datetime) -> WorkerQuerySet:
        return self.filter(heartbeat_at__lt=now - Worker.FORGOTTEN_AFTER)


class Worker(models.Model):
    """A worker process tree: where it runs, what it serves, when it was last heard."""

    SILENT_AFTER = timedelta(seconds=10)
    FORGOTTEN_AFTER = timedelta(hours=24)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    queues = ArrayField(models.CharField(max_length=40))
    slots = models.SmallIntegerField()
    build = models.CharField(max_length=64, blank=True)
    running = models.IntegerField(default=0)
    done = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    broker_away = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    drain_requested_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        db_table = "tai_workers"
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"

    def is_alive(self, now: datetime) -> bool:
        return self.stopped_at is None and self.heartbeat_at > now - self.SILENT_AFTER


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def red(self) -> ScheduleQuerySet:
        """Failing again and again."""
        return self.filter(enabled=True, failures__gte=Schedule.FAILURES_TO_RED)


class Schedule(models.Model):
    """Something that runs by itself. Code declares it; an operator may disable it or change its times."""

    FAILURES_TO_RED = 3

    name = models.CharField(_("name"), primary_key=True, max_length=100)
    type = models.CharField(_("kind"), max_length=100)
    queue = models.CharField(_("queue"), max_length=40)
    workspace_id = models.BigIntegerField(null=True, editable=False)
    payload = models.JSONField(default=dict)
    cron = models.CharField("cron", max_length=100, blank=True)
    every_s = models.IntegerField(_("every (seconds)"), null=True)
    tz = models.CharField(_("time zone"), max_length=50, blank=True)
    jitter_s = models.IntegerField(default=0)
    catch_up = models.CharField(max_length=4, default="once")
    override_cron = models.CharField(_("operator's cron"), max_length=100, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    next_due_at = models.DateTimeField(_("next"))
    last_due_at = models.DateTimeField(_("last"), null=True)
    last_task_id = models.UUIDField(null=True)
    last_ms = models.IntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    failures = models.IntegerField(_("failures in a row"), default=0)
    skipped = models.IntegerField(_("skipped"), default=0)
    retired_at = models.DateTimeField(null=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        db_table = "tai_schedules"
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(every_s__isnull=False, cron="")
                | (models.Q(every_s__isnull=True) & ~models.Q(cron="")),
                name="tai_schedules_rhythm_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(catch_up__in=["skip", "once"]),
                name="tai_schedules_catch_up_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(workspace_id__isnull=True), name="tai_schedules_platform_ck"
            ),
        ]
        # The tick: what is due.
        indexes = [
            models.Index(
                fields=["next_due_at"],
                condition=models.Q(enabled=True, retired_at__isnull=True),
                name="tai_schedules_due_ix",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_tick(self) -> bool:
        """Frequent entries run as a plain function: a task row each would bury the table."""
        return self.every_s is not None and self.every_s <= 60 and not self.override_cron
