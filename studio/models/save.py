"""Saves: one row for each accepted save of a chapter, without its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from studio.models.chapter import Chapter
from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal


class ChapterSaveQuerySet(models.QuerySet["ChapterSave"]):
    def visible_to(self, principal: Principal) -> ChapterSaveQuerySet:
        """Those of works whose versions one may see."""
        works = Work.objects.with_right(principal, "versions")
        return self.filter(chapter__work__in=works)


class ChapterSave(models.Model):
    """One accepted save: `revision` is what it made of `base_revision`. Nobody changes such a row.

    `typed_words`, `pasted_words` and `active_seconds` are what the editor counted, `ai_words` what an accepted proposal
    put in; sizes are of the text.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, related_name="saves", db_constraint=False
    )
    # The database itself clears this column, whatever the deleter's context can see.
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    revision = models.BigIntegerField()
    base_revision = models.BigIntegerField()
    save_id = models.UUIDField()
    kind = models.CharField(max_length=11)
    tab_id = models.CharField(max_length=64, blank=True)
    device = models.CharField(max_length=100, blank=True)
    fence = models.BigIntegerField(null=True)
    bytes = models.IntegerField()
    chars_added = models.IntegerField(default=0)
    chars_removed = models.IntegerField(default=0)
    words_delta = models.IntegerField(default=0)
    typed_words = models.IntegerField(default=0)
    pasted_words = models.IntegerField(default=0)
    ai_words = models.IntegerField(default=0)
    active_seconds = models.IntegerField(default=0)
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("time"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ChapterSaveQuerySet.as_manager()

    class Meta:
        db_table = "studio_chapter_saves"
        verbose_name = _("save")
        verbose_name_plural = _("saves")
        indexes = [
            models.Index(fields=["chapter", "revision"], name="studio_chapter_saves_rev_ix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
