"""The search index of works: folded segments and their grams."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.bound import BoundQuerySet
from studio.models.work import Work


class SearchSegmentQuerySet(BoundQuerySet["SearchSegment"]):
    pass


class SearchSegment(Owned):
    """A stretch of a field, from code point `start` of it. It is made from the text and may be made anew at any time."""

    class ObjectType(models.TextChoices):
        WORK = "work", _("work")
        CHAPTER = "chapter", _("chapter")
        SYNOPSIS = "synopsis", _("synopsis")
        CHARACTER = "character", _("character")
        SCENE = "scene", _("scene")
        WORLDVIEW = "worldview", _("world entry")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    object_type = models.CharField(max_length=9, choices=ObjectType.choices)
    object_id = models.UUIDField()
    field = models.CharField(max_length=20)
    segment = models.IntegerField()
    start = models.IntegerField()
    folded = models.TextField()
    grams = SearchVectorField()
    revision = models.BigIntegerField(default=0)

    objects = SearchSegmentQuerySet.as_manager()

    class Meta:
        db_table = "studio_search_segments"
        verbose_name = _("part of the search index")
        verbose_name_plural = _("parts of the search index")
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "object_id", "field", "segment"],
                name="studio_search_segments_uniq",
            ),
            one_of(
                "object_type",
                ["work", "chapter", "synopsis", "character", "scene", "worldview"],
                "studio_search_segments_type_ck",
            ),
        ]
        indexes = [
            # Search, through the function of the search role alone.
            GinIndex(fields=["grams"], fastupdate=False, name="studio_search_segments_gram_ix"),
            models.Index(fields=["work"], name="studio_search_segments_work_ix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
