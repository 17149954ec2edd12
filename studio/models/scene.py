"""Scenes: what happens where, placed in a chapter's text or waiting for a place."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, Placed, one_of
from studio.models.bound import BinnableQuerySet, BoundQuerySet
from studio.models.chapter import Chapter
from studio.models.character import Character
from studio.models.work import MAX_TITLE, Work


class SceneQuerySet(BinnableQuerySet["Scene"]):
    pass


class Scene(Placed, Owned):
    """A scene. Without a chapter it is not placed yet."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="scenes", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, null=True, related_name="scenes", db_constraint=False
    )
    title = models.CharField(_("title"), max_length=MAX_TITLE)
    description = models.TextField(_("description"), blank=True)
    location = models.CharField(_("place"), max_length=200, blank=True)
    time_period = models.CharField(_("time"), max_length=100, blank=True)
    mood = models.CharField(_("mood"), max_length=100, blank=True)
    goal = models.TextField(_("goal"), blank=True)
    conflict = models.TextField(_("conflict"), blank=True)
    outcome = models.TextField(_("outcome"), blank=True)
    pov_character = models.ForeignKey(
        Character, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    order_index = models.CharField(max_length=64, db_collation="C", blank=True)
    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    objects = SceneQuerySet.as_manager()

    class Meta:
        db_table = "studio_scenes"
        verbose_name = _("scene")
        verbose_name_plural = _("scenes")
        constraints = [
            models.CheckConstraint(
                condition=Q(start_position__isnull=True)
                | Q(end_position__isnull=True)
                | Q(start_position__lte=F("end_position")),
                name="studio_scenes_positions_ck",
            ),
            one_of(
                "anchor_state", ["", "anchored", "moved", "orphaned"], "studio_scenes_anchor_ck"
            ),
        ]
        indexes = [
            models.Index(fields=["work"], name="studio_scenes_work_ix"),
            models.Index(fields=["chapter"], name="studio_scenes_chapter_ix"),
        ]

    def __str__(self) -> str:
        return self.title


class SceneCharacterQuerySet(BoundQuerySet["SceneCharacter"]):
    pass


class SceneCharacter(Owned):
    """A character takes part in a scene."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    scene = models.ForeignKey(
        Scene, on_delete=models.DO_NOTHING, related_name="cast", db_constraint=False
    )
    character = models.ForeignKey(
        Character, on_delete=models.DO_NOTHING, related_name="scenes", db_constraint=False
    )

    objects = SceneCharacterQuerySet.as_manager()

    class Meta:
        db_table = "studio_scenes_characters"
        verbose_name = _("character of a scene")
        verbose_name_plural = _("characters of scenes")
        constraints = [
            models.UniqueConstraint(
                fields=["scene", "character"], name="studio_scenes_characters_uniq"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
