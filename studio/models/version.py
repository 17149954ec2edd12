"""Versions: former texts of chapters, each of them whole."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from studio.models.base import one_of
from studio.models.chapter import Chapter
from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal


class ChapterVersionQuerySet(models.QuerySet["ChapterVersion"]):
    def visible_to(self, principal: Principal) -> ChapterVersionQuerySet:
        works = Work.objects.with_right(principal, "versions")
        return self.filter(chapter__work__in=works, chapter__deleted_at__isnull=True)

    def editable_by(self, principal: Principal) -> ChapterVersionQuerySet:
        """Those of chapters one may write, whose history one may see."""
        chapters = Chapter.objects.editable_by(principal)
        return self.visible_to(principal).filter(chapter__in=chapters)

    def newest(self) -> ChapterVersionQuerySet:
        return self.without_text().order_by("-version_number")

    def without_text(self) -> ChapterVersionQuerySet:
        return self.defer("content")

    def due(self, now: datetime) -> ChapterVersionQuerySet:
        """Those whose time is over, but for the newest of each chapter."""
        newer = ChapterVersion.objects.filter(
            chapter_id=OuterRef("chapter_id"), version_number__gt=OuterRef("version_number")
        )
        return self.filter(Exists(newer), valid_until__lte=now)


class ChapterVersion(models.Model):
    """A text that a chapter had. `created_at` is the time in its id; `revision` the one whose text it is.

    `valid_until` NULL stays for ever. `model_id` names the model in words, since versions outlive the catalogue.
    """

    class Kind(models.TextChoices):
        AUTOSAVE = "autosave", _("saved by itself")
        MANUAL = "manual", _("saved by hand")
        AI = "ai", _("after the AI")
        PRE_AI = "pre_ai", _("before the AI")
        RESTORE = "restore", _("restored")
        PRE_RESTORE = "pre_restore", _("before restoring")
        MERGE = "merge", _("merged")
        CONFLICT = "conflict", _("kept from a conflict")
        IMPORT = "import", _("imported")
        REPLACE = "replace", _("after replacing")
        PRE_REPLACE = "pre_replace", _("before replacing")
        PUBLISHED = "published", _("published")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, related_name="versions", db_constraint=False
    )
    version_number = models.IntegerField(_("number"))
    change_type = models.CharField(_("kind"), max_length=11, choices=Kind.choices)
    title = models.CharField(max_length=255, blank=True)
    content = models.TextField()
    revision = models.BigIntegerField()
    label = models.CharField(_("name"), max_length=200, blank=True)
    is_kept = models.BooleanField(_("kept for ever"), default=False)
    # The database itself clears this column, whatever the deleter's context can see; the name stays.
    author = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    author_name = models.CharField(_("by"), max_length=150, blank=True)
    tab_id = models.CharField(max_length=64, blank=True)
    device = models.CharField(max_length=100, blank=True)
    sha256 = models.CharField(max_length=64)
    word_count = models.IntegerField(_("words"), default=0)
    char_count = models.IntegerField(default=0)
    bytes = models.IntegerField(default=0)
    diff_summary = models.JSONField(default=dict)
    source_version = models.IntegerField(null=True)
    agent_id = models.UUIDField(null=True)
    ai_request_id = models.UUIDField(null=True)
    model_id = models.CharField(max_length=200, blank=True)
    valid_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("time"))
    updated_at = models.DateTimeField(auto_now=True)

    objects = ChapterVersionQuerySet.as_manager()

    class Meta:
        db_table = "studio_chapter_versions"
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [
            one_of(
                "change_type",
                [
                    "autosave",
                    "manual",
                    "ai",
                    "pre_ai",
                    "restore",
                    "pre_restore",
                    "merge",
                    "conflict",
                    "import",
                    "replace",
                    "pre_replace",
                    "published",
                ],
                "studio_chapter_versions_kind_ck",
            ),
        ]
        indexes = [
            models.Index(fields=["chapter", "-version_number"], name="studio_chapter_versions_ix"),
            models.Index(fields=["valid_until"], name="studio_chapter_versions_due_ix"),
        ]

    def __str__(self) -> str:
        return self.label or f"{self.version_number}"
