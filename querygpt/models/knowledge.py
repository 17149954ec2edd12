"""What people taught the platform about their data: the words of the house, and questions with their SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from querygpt.models.connection import Connection

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_TERM = 80
MAX_QUESTION = 500


class TermQuerySet(models.QuerySet["Term"]):
    def visible_to(self, principal: Principal) -> TermQuerySet:
        """Those of the whole workspace and of the connections this person sees."""
        if not principal.may("connection.view"):
            return self.none()
        seen = Q(connection__isnull=True) | Q(
            connection__in=Connection.objects.visible_to(principal)
        )
        return self.filter(seen, workspace_id=principal.workspace_id)

    def editable_by(self, principal: Principal) -> TermQuerySet:
        return self.visible_to(principal) if principal.may("knowledge.update") else self.none()

    def of(self, connection: Connection) -> TermQuerySet:
        """What holds for a connection: its own words and those of the workspace."""
        ours = Q(connection=connection) | Q(connection__isnull=True)
        return self.filter(ours, workspace_id=connection.workspace_id)

    def usable(self) -> TermQuerySet:
        return self.filter(state=Term.State.VALID)


class Term(models.Model):
    """A word with what it means in SQL. `key_zh` and `key_en` are the names folded; NULL where there is none."""

    class Kind(models.TextChoices):
        METRIC = "metric", _("measure")
        DIMENSION = "dimension", _("dimension")
        FILTER = "filter", _("condition")
        ALIAS = "alias", _("another name")

    class State(models.TextChoices):
        VALID = "valid", _("in use")
        BROKEN = "broken", _("broken")
        OFF = "off", _("switched off")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="terms",
        db_constraint=False,
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind.choices)
    name_zh = models.CharField(_("name (Chinese)"), max_length=MAX_TERM, blank=True)
    name_en = models.CharField(_("name (English)"), max_length=MAX_TERM, blank=True)
    key_zh = models.CharField(max_length=MAX_TERM, null=True, editable=False)
    key_en = models.CharField(max_length=MAX_TERM, null=True, editable=False)
    synonyms = ArrayField(models.CharField(max_length=MAX_TERM), default=list, blank=True)
    table = models.CharField(_("table"), max_length=511)
    expression = models.TextField(_("expression"), blank=True)
    description = models.CharField(_("description"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=6, choices=State.choices, default=State.VALID)
    reason = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_terms"
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name_zh="") | ~Q(name_en=""), name="querygpt_terms_named_ck"
            ),
            models.CheckConstraint(
                condition=(
                    Q(name_zh="", key_zh__isnull=True)
                    | ~Q(name_zh="") & Q(key_zh__isnull=False, key_zh__gt="")
                )
                & (
                    Q(name_en="", key_en__isnull=True)
                    | ~Q(name_en="") & Q(key_en__isnull=False, key_en__gt="")
                ),
                name="querygpt_terms_keys_ck",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["metric", "dimension", "filter", "alias"]),
                name="querygpt_terms_kind_ck",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["valid", "broken", "off"]), name="querygpt_terms_state_ck"
            ),
            models.CheckConstraint(
                condition=Q(kind="alias") | ~Q(expression=""), name="querygpt_terms_expression_ck"
            ),
            models.UniqueConstraint(
                fields=["workspace", "connection", "kind", "key_zh"],
                condition=Q(key_zh__isnull=False),
                nulls_distinct=False,
                name="querygpt_terms_zh_uniq",
            ),
            models.UniqueConstraint(
                fields=["workspace", "connection", "kind", "key_en"],
                condition=Q(key_en__isnull=False),
                nulls_distinct=False,
                name="querygpt_terms_en_uniq",
            ),
        ]

    def __str__(self) -> str:
        return self.name_zh or self.name_en


class ExampleQuerySet(models.QuerySet["Example"]):
    def visible_to(self, principal: Principal) -> ExampleQuerySet:
        return self.filter(connection__in=Connection.objects.visible_to(principal))

    def editable_by(self, principal: Principal) -> ExampleQuerySet:
        return self.visible_to(principal) if principal.may("knowledge.update") else self.none()

    def approvable_by(self, principal: Principal) -> ExampleQuerySet:
        return self.visible_to(principal) if principal.may("knowledge.approve") else self.none()

    def approved(self) -> ExampleQuerySet:
        return self.filter(state=Example.State.APPROVED)


class Example(models.Model):
    """A question with the SQL that answers it. Only a person's approval makes it count."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        BROKEN = "broken", _("broken")
        ARCHIVED = "archived", _("archived")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.DO_NOTHING, related_name="examples", db_constraint=False
    )
    question = models.CharField(_("question"), max_length=MAX_QUESTION)
    question_key = models.CharField(max_length=MAX_QUESTION, editable=False)
    language = models.CharField(_("language"), max_length=2)
    sql = models.TextField("SQL")
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    reason = models.CharField(max_length=300, blank=True)
    # The name outlives the account: an approval is never without somebody who gave it.
    approved_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    approved_by_name = models.CharField(max_length=100, blank=True)
    approved_at = models.DateTimeField(_("approved"), null=True)
    source_message = models.ForeignKey(
        "querygpt.Message",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    uses = models.IntegerField(_("uses"), default=0)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ExampleQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_examples"
        verbose_name = _("example")
        verbose_name_plural = _("examples")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "question_key"],
                condition=Q(state="approved"),
                name="querygpt_examples_question_uniq",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(approved_at__isnull=False) & ~Q(approved_by_name=""),
                name="querygpt_examples_approved_ck",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "approved", "broken", "archived"]),
                name="querygpt_examples_state_ck",
            ),
            models.CheckConstraint(
                condition=Q(language__in=["zh", "en"]), name="querygpt_examples_language_ck"
            ),
            models.CheckConstraint(
                condition=~Q(question_key=""), name="querygpt_examples_question_ck"
            ),
            models.CheckConstraint(condition=Q(uses__gte=0), name="querygpt_examples_uses_ck"),
        ]
        indexes = [
            # The list of a connection.
            models.Index(
                fields=["connection", "-created_at", "id"], name="querygpt_examples_list_ix"
            ),
        ]

    def __str__(self) -> str:
        return self.question
