"""What the AI was asked, with what it was told, and what it answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from studio.models.base import Anchored, one_of
from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal

LIVE = ("pending", "processing")


class AIRequestQuerySet(models.QuerySet["AIRequest"]):
    def visible_to(self, principal: Principal) -> AIRequestQuerySet:
        """One's own, as long as one sees the work."""
        if principal.user is None:
            return self.none()
        works = Work.objects.visible_to(principal)
        return self.filter(
            Q(work__isnull=True) | Q(work__in=works),
            workspace_id=principal.workspace_id,
            user_id=principal.user.pk,
        )

    def live(self) -> AIRequestQuerySet:
        return self.filter(status__in=LIVE)


class AIRequest(Anchored):
    """One request. Its calls are rows of the gateway with `subject_type = studio.ai_request`.

    Ranges are code points of `base_revision`. Rows lie in months, so references to them are bare ids with the time
    in the id; the database itself clears references of theirs.
    """

    class Type(models.TextChoices):
        CONTINUE = "continue", _("continue")
        REWRITE = "rewrite", _("rewrite")
        POLISH = "polish", _("polish")
        EXPAND = "expand", _("expand")
        CONDENSE = "condense", _("condense")
        GENERATE = "generate", _("write from an instruction")
        OUTLINE = "outline", _("outline")
        CHAT = "chat", _("talk")
        ANALYZE = "analyze", _("check")
        SUMMARIZE = "summarize", _("summarise")

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        PROCESSING = "processing", _("writing")
        COMPLETED = "completed", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    user_name = models.CharField(_("by"), max_length=150, blank=True)
    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    chapter = models.ForeignKey(
        "studio.Chapter",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="ai_requests",
        db_constraint=False,
    )
    agent = models.ForeignKey(
        "studio.Agent",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    agent_version = models.IntegerField(null=True)
    request_type = models.CharField(_("kind"), max_length=9, choices=Type.choices)
    instruction = models.TextField(blank=True)
    input_text = models.TextField(blank=True)
    base_revision = models.BigIntegerField(null=True)
    range_start = models.IntegerField(null=True)
    range_end = models.IntegerField(null=True)
    variants = models.SmallIntegerField(default=1)
    context = models.JSONField(default=dict)
    context_sha256 = models.CharField(max_length=64, blank=True)
    context_tokens = models.IntegerField(null=True)
    output_text = models.TextField(blank=True)
    status = models.CharField(
        _("state"), max_length=10, choices=Status.choices, default=Status.PENDING
    )
    finish_reason = models.CharField(max_length=30, blank=True)
    is_partial = models.BooleanField(default=False)
    error_message = models.CharField(max_length=500, blank=True)
    parent_id = models.UUIDField(null=True)
    chat_id = models.UUIDField(null=True)
    batch_item_id = models.UUIDField(null=True)
    model_call_id = models.UUIDField(null=True)
    task_id = models.UUIDField(null=True)
    trace_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("asked"))
    updated_at = models.DateTimeField(auto_now=True)

    objects = AIRequestQuerySet.as_manager()

    class Meta:
        db_table = "studio_ai_requests"
        verbose_name = _("AI request")
        verbose_name_plural = _("AI requests")
        constraints = [
            one_of(
                "request_type",
                [
                    "continue",
                    "rewrite",
                    "polish",
                    "expand",
                    "condense",
                    "generate",
                    "outline",
                    "chat",
                    "analyze",
                    "summarize",
                ],
                "studio_ai_requests_type_ck",
            ),
            one_of(
                "status",
                ["pending", "processing", "completed", "failed", "cancelled"],
                "studio_ai_requests_status_ck",
            ),
            models.CheckConstraint(
                condition=Q(variants__range=(1, 3)), name="studio_ai_requests_variants_ck"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="studio_ai_requests_user_ix"),
            models.Index(fields=["chapter", "-created_at"], name="studio_ai_requests_chapter_ix"),
            models.Index(
                fields=["created_at"],
                condition=Q(status__in=LIVE),
                name="studio_ai_requests_live_ix",
            ),
            # A work or an agent that goes.
            models.Index(fields=["work"], name="studio_ai_requests_work_ix"),
            models.Index(fields=["agent"], name="studio_ai_requests_agent_ix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
