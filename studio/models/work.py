"""Works: novels and what is told of them on the shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_TITLE = 255
# The right in a work → the right in its workspace without which nobody has it.
WORKSPACE_RIGHTS = {
    "read": "work.view",
    "comment": "work.view",
    "versions": "work.view",
    "write": "work.update",
    "invite": "work.update",
    "ai": "model.use",
    "export": "work.export",
    "publish": "work.publish",
    "own": "work.delete",
}


class WorkQuerySet(models.QuerySet["Work"]):
    def visible_to(self, principal: Principal) -> WorkQuerySet:
        """Those one owns or takes part in; with `work.view_all` everybody's. None of the bin."""
        if principal.user is not None and principal.may("work.view_all"):
            return self.alive().filter(workspace_id=principal.workspace_id)
        return self.with_right(principal, "read")

    def editable_by(self, principal: Principal) -> WorkQuerySet:
        return self.with_right(principal, "write")

    def with_right(self, principal: Principal, right: str) -> WorkQuerySet:
        """The works in which this person may read, comment, write … (`WORKSPACE_RIGHTS`), none of the bin."""
        return self.alive()._with_right(principal, right)

    def binned_by(self, principal: Principal) -> WorkQuerySet:
        """One's own in the bin: to be restored, or deleted for good."""
        return self.filter(deleted_at__isnull=False)._with_right(principal, "own")

    def alive(self) -> WorkQuerySet:
        return self.filter(deleted_at__isnull=True)

    def _with_right(self, principal: Principal, right: str) -> WorkQuerySet:
        user = principal.user
        if user is None or not principal.may(WORKSPACE_RIGHTS[right]):
            return self.none()
        people = apps.get_model("studio", "Collaborator").objects.allowing(user, right)
        mine = Q(user=user) | Q(Exists(people.filter(work=OuterRef("pk"))))
        return self.filter(mine, workspace_id=principal.workspace_id)


class Work(Owned):
    """A novel. `revision` counts changes of what is told about it, `structure_revision` those of order and membership.

    `tags` are free words of the shelf. Counters are moved by the statement that moves what they count.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHING = "publishing", _("appearing")
        COMPLETED = "completed", _("completed")
        PAUSED = "paused", _("paused")

    class Language(models.TextChoices):
        SIMPLIFIED = "zh-Hans", _("Simplified Chinese")
        TRADITIONAL = "zh-Hant", _("Traditional Chinese")
        ENGLISH = "en", _("English")
        OTHER = "other", _("another language")

    # Whoever leaves hands the work over or bins it first.
    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("owner")
    )
    title = models.CharField(_("title"), max_length=MAX_TITLE)
    description = models.TextField(_("description"), blank=True)
    cover_url = models.CharField(_("cover"), max_length=500, blank=True)
    genre = models.CharField(_("genre"), max_length=50, blank=True)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    language = models.CharField(
        _("language"), max_length=7, choices=Language.choices, default=Language.SIMPLIFIED
    )
    status = models.CharField(
        _("state"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    settings = models.JSONField(default=dict, blank=True)
    is_published = models.BooleanField(_("published"), default=False)
    published_at = models.DateTimeField(null=True)

    chapters_count = models.IntegerField(_("chapters"), default=0)
    total_words = models.BigIntegerField(_("words"), default=0)
    words_plain = models.BigIntegerField(default=0)
    char_count = models.BigIntegerField(default=0)
    reading_count = models.BigIntegerField(default=0)
    like_count = models.BigIntegerField(default=0)

    revision = models.BigIntegerField(default=1)
    structure_revision = models.BigIntegerField(default=1)
    last_edited_at = models.DateTimeField(_("last edited"), null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = WorkQuerySet.as_manager()

    class Meta:
        db_table = "studio_works"
        verbose_name = _("work")
        verbose_name_plural = _("works")
        constraints = [
            models.CheckConstraint(condition=Q(title__regex=r"\S"), name="studio_works_title_ck"),
            one_of(
                "status", ["draft", "publishing", "completed", "paused"], "studio_works_status_ck"
            ),
            one_of("language", ["zh-Hans", "zh-Hant", "en", "other"], "studio_works_language_ck"),
            models.CheckConstraint(
                condition=Q(is_published=False) | Q(published_at__isnull=False),
                name="studio_works_published_ck",
            ),
            models.CheckConstraint(
                condition=Q(
                    chapters_count__gte=0,
                    total_words__gte=0,
                    words_plain__gte=0,
                    char_count__gte=0,
                    reading_count__gte=0,
                    like_count__gte=0,
                ),
                name="studio_works_counters_ck",
            ),
        ]
        indexes = [
            # The shelf.
            models.Index(
                fields=["workspace", "user", "-updated_at"],
                condition=Q(deleted_at__isnull=True),
                name="studio_works_shelf_ix",
            ),
            # The bin, and what leaves it.
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False),
                name="studio_works_bin_ix",
            ),
        ]

    def __str__(self) -> str:
        return self.title
