"""The world of a work: a tree of entries."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.bound import BinnableQuerySet, BoundQuerySet
from studio.models.character import MAX_NAME, MAX_NAMES, AIInclusion, Character
from studio.models.work import MAX_TITLE, Work

MAX_DEPTH = 8


class WorldEntryQuerySet(BinnableQuerySet["WorldEntry"]):
    def roots(self) -> WorldEntryQuerySet:
        return self.filter(parent__isnull=True)


class WorldEntry(Owned):
    """What is true in the world of a work. A trigger refuses circles; `depth` is 0 at the top."""

    class Category(models.TextChoices):
        GEOGRAPHY = "geography", _("geography")
        HISTORY = "history", _("history")
        MAGIC = "magic", _("magic")
        TECHNOLOGY = "technology", _("technology")
        CULTURE = "culture", _("culture")
        ORGANISATION = "organisation", _("organisation")
        ITEM = "item", _("item")
        OTHER = "other", _("other")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="worldview", db_constraint=False
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="children",
        db_constraint=False,
    )
    category = models.CharField(
        _("category"), max_length=12, choices=Category.choices, default=Category.OTHER
    )
    title = models.CharField(_("title"), max_length=MAX_TITLE)
    content = models.TextField(_("text"), blank=True)
    aliases = ArrayField(models.CharField(max_length=MAX_NAME), default=list, blank=True)
    ai_inclusion = models.CharField(
        max_length=8, choices=AIInclusion.choices, default=AIInclusion.DETECTED
    )
    depth = models.SmallIntegerField(default=0)
    order_index = models.CharField(max_length=64, db_collation="C", blank=True)
    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    objects = WorldEntryQuerySet.as_manager()

    class Meta:
        db_table = "studio_worldview"
        verbose_name = _("world entry")
        verbose_name_plural = _("world entries")
        constraints = [
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="studio_worldview_parent_ck",
            ),
            models.CheckConstraint(
                condition=Q(depth__range=(0, MAX_DEPTH)), name="studio_worldview_depth_ck"
            ),
            models.CheckConstraint(
                condition=Q(aliases__len__lte=MAX_NAMES), name="studio_worldview_aliases_ck"
            ),
            one_of(
                "category",
                [
                    "geography",
                    "history",
                    "magic",
                    "technology",
                    "culture",
                    "organisation",
                    "item",
                    "other",
                ],
                "studio_worldview_category_ck",
            ),
            one_of("ai_inclusion", AIInclusion.values, "studio_worldview_inclusion_ck"),
        ]
        indexes = [
            models.Index(fields=["work"], name="studio_worldview_work_ix"),
            models.Index(fields=["parent"], name="studio_worldview_parent_ix"),
        ]

    def __str__(self) -> str:
        return self.title


class WorldEntryCharacterQuerySet(BoundQuerySet["WorldEntryCharacter"]):
    pass


class WorldEntryCharacter(Owned):
    """A character has to do with a world entry."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    entry = models.ForeignKey(
        WorldEntry, on_delete=models.DO_NOTHING, related_name="cast", db_constraint=False
    )
    character = models.ForeignKey(
        Character, on_delete=models.DO_NOTHING, related_name="worldview", db_constraint=False
    )

    objects = WorldEntryCharacterQuerySet.as_manager()

    class Meta:
        db_table = "studio_worldview_characters"
        verbose_name = _("character of a world entry")
        verbose_name_plural = _("characters of world entries")
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "character"], name="studio_worldview_characters_uniq"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
