"""Chapters: the text as it stands now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    Deferrable,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    TextField,
    When,
)
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast, Coalesce, Length
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.bound import BinnableQuerySet
from studio.models.volume import MAX_RANK, Volume
from studio.models.work import MAX_TITLE, WORKSPACE_RIGHTS, Work

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_CHARACTERS = 2_000_000


class ChapterQuerySet(BinnableQuerySet["Chapter"]):
    def editable_by(self, principal: Principal) -> ChapterQuerySet:
        """Those of works one may write in, and those an editor was given one by one."""
        return self.writable_by(principal).alive()

    def writable_by(self, principal: Principal) -> ChapterQuerySet:
        """As `editable_by`, those of the bin too."""
        works = Work.objects.with_right(principal, "write")
        if principal.user is None or not principal.may(WORKSPACE_RIGHTS["write"]):
            return self.none()
        collaborator = apps.get_model("studio", "Collaborator")
        given = Func(
            KeyTransform("chapters", "permissions"),
            Cast(OuterRef("pk"), TextField()),
            function="jsonb_exists",
            output_field=BooleanField(),
        )
        mine = collaborator.objects.active().filter(
            given, user=principal.user, role="editor", work=OuterRef("work")
        )
        return self.filter(
            Q(work__in=works) | Q(Exists(mine)) & Q(work__deleted_at__isnull=True),
            workspace_id=principal.workspace_id,
        )

    def without_text(self) -> ChapterQuerySet:
        return self.defer("content")

    def in_order(self) -> ChapterQuerySet:
        """Reading order within a work: chapters without a volume first."""
        return self.order_by(
            F("volume__order_index").asc(nulls_first=True), "volume_id", "order_index", "id"
        )


class Chapter(Owned):
    """A chapter as it is now; its former texts are versions.

    `revision` rises with title, text, stage and synopsis alone. `content` is Markdown-lite and is written by
    `studio.drafting` only. `word_count` is 字数, `words_plain` without punctuation, `char_count` code points without
    white space, `reading_time` minutes. `fence` rises with each holder of the edit lock. `indexed_revision` and
    `counted_revision` say how far search and appearances have come. `tags` copies the names of its tags.
    """

    class Stage(models.TextChoices):
        OUTLINE = "outline", _("outline")
        DRAFT = "draft", _("draft")
        REVISING = "revising", _("revising")
        FINAL = "final", _("final")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="chapters", db_constraint=False
    )
    volume = models.ForeignKey(
        Volume, on_delete=models.DO_NOTHING, null=True, related_name="chapters", db_constraint=False
    )
    title = models.CharField(_("title"), max_length=MAX_TITLE, blank=True)
    content = models.TextField(blank=True)
    synopsis = models.TextField(_("synopsis"), blank=True)
    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices, default=Stage.DRAFT)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    target_words = models.IntegerField(_("aim"), null=True)
    is_numbered = models.BooleanField(_("numbered"), default=True)
    order_index = models.CharField(max_length=MAX_RANK, db_collation="C")
    order_scope = models.GeneratedField(
        expression=Case(
            When(
                deleted_at__isnull=True,
                then=Coalesce("volume_id", "work_id", output_field=models.UUIDField()),
            )
        ),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )

    revision = models.BigIntegerField(default=1)
    content_sha256 = models.CharField(max_length=64, blank=True)
    saved_at = models.DateTimeField(_("saved"), null=True)
    saved_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    saved_tab = models.CharField(max_length=64, blank=True)
    saved_device = models.CharField(max_length=100, blank=True)
    last_save_id = models.UUIDField(null=True)
    version_seq = models.IntegerField(default=0)
    fence = models.BigIntegerField(default=0)
    indexed_revision = models.BigIntegerField(default=0)
    counted_revision = models.BigIntegerField(default=0)
    summary = models.TextField(blank=True)
    summary_revision = models.BigIntegerField(null=True)

    word_count = models.IntegerField(_("words"), default=0)
    words_plain = models.IntegerField(default=0)
    char_count = models.IntegerField(default=0)
    reading_time = models.IntegerField(default=0)
    view_count = models.BigIntegerField(default=0)
    like_count = models.BigIntegerField(default=0)
    ai_version_count = models.IntegerField(default=0)
    last_ai_generated_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = ChapterQuerySet.as_manager()

    class Meta:
        db_table = "studio_chapters"
        verbose_name = _("chapter")
        verbose_name_plural = _("chapters")
        constraints = [
            models.UniqueConstraint(
                fields=["order_scope", "order_index"],
                deferrable=Deferrable.DEFERRED,
                name="studio_chapters_order_uniq",
            ),
            models.CheckConstraint(
                condition=Q(order_index__regex=r"^[0-9A-Za-z]+$"), name="studio_chapters_rank_ck"
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("content"), MAX_CHARACTERS),
                name="studio_chapters_content_ck",
            ),
            one_of("stage", ["outline", "draft", "revising", "final"], "studio_chapters_stage_ck"),
            models.CheckConstraint(
                condition=Q(
                    word_count__gte=0, words_plain__gte=0, char_count__gte=0, reading_time__gte=0
                ),
                name="studio_chapters_counters_ck",
            ),
        ]
        indexes = [
            models.Index(
                fields=["work"],
                condition=Q(deleted_at__isnull=True),
                name="studio_chapters_work_ix",
            ),
            # What the search index has not seen yet.
            models.Index(
                fields=["work"],
                condition=Q(indexed_revision__lt=F("revision")),
                name="studio_chapters_dirty_ix",
            ),
            # A volume that goes, and the bin.
            models.Index(fields=["volume"], name="studio_chapters_volume_ix"),
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False),
                name="studio_chapters_bin_ix",
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)
