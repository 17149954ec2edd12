"""Published works: frozen chapters, and their readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.bound import BoundQuerySet
from studio.models.chapter import Chapter
from studio.models.work import MAX_TITLE, Work

if TYPE_CHECKING:
    from accounts.authentication import Principal


class PublicationQuerySet(BoundQuerySet["Publication"]):
    def live(self) -> PublicationQuerySet:
        return self.filter(withdrawn_at__isnull=True, published_at__isnull=False)


class Publication(Owned):
    """A work as readers find it, under a `slug` that cannot be guessed."""

    class Visibility(models.TextChoices):
        WORKSPACE = "workspace", _("the workspace")
        LINK = "link", _("whoever has the link")

    work = models.OneToOneField(
        Work, on_delete=models.DO_NOTHING, related_name="publication", db_constraint=False
    )
    slug = models.CharField(max_length=64, unique=True)
    visibility = models.CharField(
        _("visible to"), max_length=9, choices=Visibility.choices, default=Visibility.WORKSPACE
    )
    title = models.CharField(_("title"), max_length=MAX_TITLE)
    blurb = models.TextField(blank=True)
    author_name = models.CharField(max_length=150, blank=True)
    cover_file_id = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=0)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        db_table = "studio_publications"
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        constraints = [
            one_of("visibility", ["workspace", "link"], "studio_publications_visibility_ck"),
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[0-9A-Za-z_-]{22,64}$"),
                name="studio_publications_slug_ck",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class OfPublicationQuerySet(models.QuerySet):
    def visible_to(self, principal: Principal) -> OfPublicationQuerySet:
        works = Work.objects.visible_to(principal)
        return self.filter(publication__work__in=works)


class PublishedChapterQuerySet(BoundQuerySet["PublishedChapter"]):
    def live(self) -> PublishedChapterQuerySet:
        return self.filter(state=PublishedChapter.State.PUBLISHED)


class PublishedChapter(Owned):
    """Title and text of one revision of a chapter, frozen. `order_key` is its place among the published ones."""

    class State(models.TextChoices):
        DRAFT = "draft", _("not published")
        SCHEDULED = "scheduled", _("scheduled")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    publication = models.ForeignKey(
        Publication, on_delete=models.DO_NOTHING, related_name="chapters", db_constraint=False
    )
    chapter = models.OneToOneField(
        Chapter, on_delete=models.DO_NOTHING, related_name="published", db_constraint=False
    )
    slug = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)
    scheduled_for = models.DateTimeField(null=True)
    title = models.CharField(max_length=MAX_TITLE, blank=True)
    content = models.TextField(blank=True)
    word_count = models.IntegerField(default=0)
    source_revision = models.BigIntegerField(null=True)
    published_at = models.DateTimeField(null=True)
    order_key = models.CharField(max_length=200, db_collation="C", blank=True)
    version = models.BigIntegerField(default=0)

    objects = PublishedChapterQuerySet.as_manager()

    class Meta:
        db_table = "studio_published_chapters"
        verbose_name = _("published chapter")
        verbose_name_plural = _("published chapters")
        constraints = [
            one_of(
                "state",
                ["draft", "scheduled", "published", "withdrawn"],
                "studio_published_chapters_state_ck",
            ),
            models.CheckConstraint(
                condition=Q(state="scheduled", scheduled_for__isnull=False)
                | Q(~Q(state="scheduled"), scheduled_for__isnull=True),
                name="studio_published_chapters_scheduled_ck",
            ),
        ]
        indexes = [
            models.Index(
                fields=["scheduled_for"],
                condition=Q(state="scheduled"),
                name="studio_published_due_ix",
            ),
            models.Index(fields=["publication", "order_key"], name="studio_published_chapters_ix"),
        ]

    def __str__(self) -> str:
        return self.title


class Like(Owned):
    """One reader likes a publication, or one chapter of it. `reader_key` is a user's id or a keyed hash, never an address."""

    publication = models.ForeignKey(
        Publication, on_delete=models.DO_NOTHING, related_name="likes", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    reader_key = models.CharField(max_length=64)

    objects = OfPublicationQuerySet.as_manager()

    class Meta:
        db_table = "studio_likes"
        verbose_name = _("like")
        verbose_name_plural = _("likes")
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "chapter", "reader_key"],
                nulls_distinct=False,
                name="studio_likes_reader_uniq",
            ),
        ]
        indexes = [models.Index(fields=["chapter"], name="studio_likes_chapter_ix")]

    def __str__(self) -> str:
        return str(self.pk)


class Read(Owned):
    """One reader read a chapter on a day."""

    publication = models.ForeignKey(
        Publication, on_delete=models.DO_NOTHING, related_name="reads", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    reader_key = models.CharField(max_length=64)
    day = models.DateField()

    objects = OfPublicationQuerySet.as_manager()

    class Meta:
        db_table = "studio_reads"
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "chapter", "reader_key", "day"],
                nulls_distinct=False,
                name="studio_reads_reader_uniq",
            ),
        ]
        indexes = [
            models.Index(fields=["day"], name="studio_reads_day_ix"),
            models.Index(fields=["chapter"], name="studio_reads_chapter_ix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ReadingDayQuerySet(BoundQuerySet["ReadingDay"]):
    pass


class ReadingDay(Owned):
    """What readers did with a chapter on a day."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, related_name="reading_days", db_constraint=False
    )
    day = models.DateField()
    readers = models.IntegerField(default=0)
    likes = models.IntegerField(default=0)

    objects = ReadingDayQuerySet.as_manager()

    class Meta:
        db_table = "studio_reading_days"
        verbose_name = _("day of readers")
        verbose_name_plural = _("days of readers")
        constraints = [
            models.UniqueConstraint(fields=["chapter", "day"], name="studio_reading_days_uniq"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
