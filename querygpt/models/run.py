"""Runs: every attempt to send a statement to a database, refused ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_SQL_BYTES = 32_768


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, principal: Principal) -> RunQuerySet:
        """One's own; operators look in the console."""
        if principal.user is None or not principal.may("connection.query"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id, user=principal.user)

    def refused(self) -> RunQuerySet:
        return self.filter(verdict=Run.Verdict.REFUSED)

    def running(self) -> RunQuerySet:
        return self.filter(state=Run.State.RUNNING)


class Run(models.Model):
    """One attempt: the text that came, the text that went, what the guard and the server said.

    `verdict` is NULL where the guard was never asked. Times are milliseconds.
    """

    class Origin(models.TextChoices):
        MODEL = "model", _("model")
        PLANNER = "planner", _("planner")
        EXAMPLE = "example", _("example")
        EDITED = "edited", _("edited by hand")
        RERUN = "rerun", _("run again")
        SAVED = "saved", _("saved question")
        PLUGIN = "plugin", _("plugin")
        API = "api", "API"
        EVALUATION = "evaluation", _("evaluation")
        INTROSPECTION = "introspection", _("reading the structure")

    class Verdict(models.TextChoices):
        ALLOWED = "allowed", _("allowed")
        REFUSED = "refused", _("refused")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        REFUSED = "refused", _("refused")
        OK = "ok", _("done")
        FAILED = "failed", _("failed")
        TIMEOUT = "timeout", _("took too long")
        CANCELLED = "cancelled", _("stopped")
        KILLED = "killed", _("killed")
        TOO_LARGE = "too_large", _("too large")

    class Review(models.TextChoices):
        NONE = "", _("not reviewed")
        RIGHT = "right", _("rightly refused")
        FALSE = "false", _("wrongly refused")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        "querygpt.Connection",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="runs",
        db_constraint=False,
        verbose_name=_("connection"),
    )
    conversation = models.ForeignKey(
        "querygpt.Conversation",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="runs",
        db_constraint=False,
    )
    message = models.ForeignKey(
        "querygpt.Message",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="runs",
        db_constraint=False,
    )
    # The name outlives the account.
    user = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_name = models.CharField(_("by"), max_length=100, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    origin = models.CharField(_("origin"), max_length=13, choices=Origin.choices)
    sql_submitted = models.TextField(_("statement"))
    sql_executed = models.TextField(blank=True)
    sql_sha256 = models.CharField(max_length=64)
    verdict = models.CharField(_("verdict"), max_length=7, choices=Verdict.choices, null=True)
    rule = models.CharField(_("rule"), max_length=40, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices)
    error_code = models.CharField(max_length=40, blank=True)
    rows_count = models.IntegerField(_("rows"), null=True)
    bytes = models.BigIntegerField(null=True)
    truncated = models.BooleanField(default=False)
    wait_ms = models.IntegerField(null=True)
    guard_ms = models.IntegerField(null=True)
    execution_ms = models.IntegerField(_("time"), null=True)
    peak_rss_kb = models.IntegerField(null=True)
    server_abandoned = models.BooleanField(default=False)
    trace_id = models.CharField(max_length=64, blank=True)
    review = models.CharField(_("review"), max_length=5, choices=Review.choices, blank=True)
    reviewed_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_runs"
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    origin__in=[
                        "model",
                        "planner",
                        "example",
                        "edited",
                        "rerun",
                        "saved",
                        "plugin",
                        "api",
                        "evaluation",
                        "introspection",
                    ]
                ),
                name="querygpt_runs_origin_ck",
            ),
            models.CheckConstraint(
                condition=Q(verdict__isnull=True) | Q(verdict__in=["allowed", "refused"]),
                name="querygpt_runs_verdict_ck",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "running",
                        "refused",
                        "ok",
                        "failed",
                        "timeout",
                        "cancelled",
                        "killed",
                        "too_large",
                    ]
                ),
                name="querygpt_runs_state_ck",
            ),
            # What the guard refused never went anywhere, and says by which rule.
            models.CheckConstraint(
                condition=Q(
                    ~Q(rule=""),
                    state="refused",
                    verdict__isnull=False,
                    verdict="refused",
                    sql_executed="",
                )
                | Q(~Q(state="refused"), verdict__isnull=True)
                | Q(~Q(state="refused"), verdict="allowed"),
                name="querygpt_runs_refused_ck",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    models.Func(
                        F("sql_submitted"),
                        function="octet_length",
                        output_field=models.IntegerField(),
                    ),
                    MAX_SQL_BYTES,
                ),
                name="querygpt_runs_sql_ck",
            ),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="querygpt_runs_attempt_ck"),
        ]
        indexes = [
            # The newest of a workspace.
            models.Index(fields=["workspace", "-created_at"], name="querygpt_runs_newest_ix"),
            # Refusals, for operators.
            models.Index(
                fields=["-created_at"],
                condition=Q(verdict="refused"),
                name="querygpt_runs_refused_ix",
            ),
            # What runs now, for operators and the sweep.
            models.Index(
                fields=["created_at"],
                condition=Q(state="running"),
                name="querygpt_runs_running_ix",
            ),
            # The attempts of an answer, and the health of a connection.
            models.Index(fields=["message"], name="querygpt_runs_message_ix"),
            models.Index(fields=["connection", "-created_at"], name="querygpt_runs_connection_ix"),
        ]

    def __str__(self) -> str:
        return str(self.id)
