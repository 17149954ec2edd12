"""Messages: questions, the answers to them and how far they got, and notes of what changed in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from querygpt.models.conversation import Conversation

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_METADATA_BYTES = 65_536
LIVE = ("queued", "running")
TERMINAL = ("done", "error", "cancelled")


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, principal: Principal) -> MessageQuerySet:
        return self.filter(conversation__in=Conversation.objects.visible_to(principal))

    def live(self) -> MessageQuerySet:
        return self.filter(state__in=LIVE)


class Message(models.Model):
    """One turn. A new try of an answer is another row with the same `reply_to` and the next `variant`."""

    class Role(models.TextChoices):
        USER = "user", _("question")
        ASSISTANT = "assistant", _("answer")
        SYSTEM = "system", _("note")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        ERROR = "error", _("failed")
        CANCELLED = "cancelled", _("stopped")

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("answered")
        CLARIFICATION = "clarification", _("asked back")
        NOT_DATA = "not_data", _("no question about data")
        UNANSWERABLE = "unanswerable", _("cannot be answered here")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    class Engine(models.TextChoices):
        MODEL = "model", _("model")
        PLANNER = "planner", _("planner")
        EXAMPLE = "example", _("example")
        MANUAL = "manual", _("edited by hand")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(
        Conversation, on_delete=models.DO_NOTHING, related_name="messages", db_constraint=False
    )
    position = models.IntegerField()
    role = models.CharField(max_length=9, choices=Role.choices)
    reply_to = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="replies", db_constraint=False
    )
    variant = models.PositiveSmallIntegerField(default=1)
    content = models.TextField(blank=True)
    language = models.CharField(max_length=2, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, null=True)
    outcome = models.CharField(max_length=13, choices=Outcome.choices, null=True)
    engine = models.CharField(max_length=7, choices=Engine.choices, blank=True)
    plan = models.JSONField(null=True)
    metadata = models.JSONField(default=dict)
    event_seq = models.IntegerField(default=0)
    task_id = models.UUIDField(null=True)
    feedback = models.SmallIntegerField(default=0)
    feedback_note = models.CharField(max_length=1000, blank=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_messages"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "position"], name="querygpt_messages_position_uniq"
            ),
            models.UniqueConstraint(
                fields=["reply_to", "variant"],
                condition=Q(role="assistant"),
                name="querygpt_messages_variant_uniq",
            ),
            # One answer at a time in a conversation.
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state__in=LIVE),
                name="querygpt_messages_live_uniq",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["user", "assistant", "system"]),
                name="querygpt_messages_role_ck",
            ),
            models.CheckConstraint(
                condition=Q(~Q(role="assistant"), state__isnull=True, outcome__isnull=True)
                | Q(
                    role="assistant",
                    state__isnull=False,
                    state__in=LIVE,
                    outcome__isnull=True,
                )
                | Q(
                    role="assistant",
                    state__isnull=False,
                    state__in=TERMINAL,
                    outcome__isnull=False,
                ),
                name="querygpt_messages_state_ck",
            ),
            models.CheckConstraint(
                condition=Q(outcome__isnull=True)
                | Q(
                    outcome__in=[
                        "answered",
                        "clarification",
                        "not_data",
                        "unanswerable",
                        "refused",
                        "failed",
                        "cancelled",
                    ]
                ),
                name="querygpt_messages_outcome_ck",
            ),
            models.CheckConstraint(
                condition=Q(engine__in=["", "model", "planner", "example", "manual"]),
                name="querygpt_messages_engine_ck",
            ),
            models.CheckConstraint(
                condition=Q(language__in=["", "zh", "en"]), name="querygpt_messages_language_ck"
            ),
            models.CheckConstraint(
                condition=Q(feedback__in=[-1, 0, 1]), name="querygpt_messages_feedback_ck"
            ),
            models.CheckConstraint(
                condition=Q(variant__gte=1, position__gte=0), name="querygpt_messages_number_ck"
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    models.Func(
                        Cast(F("metadata"), models.TextField()),
                        function="octet_length",
                        output_field=models.IntegerField(),
                    ),
                    MAX_METADATA_BYTES,
                ),
                name="querygpt_messages_metadata_ck",
            ),
        ]
        indexes = [
            # Answers that never ended, for the sweep.
            models.Index(
                fields=["updated_at"],
                condition=Q(state__in=LIVE),
                name="querygpt_messages_live_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.position}"

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL
