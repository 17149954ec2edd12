"""Characters, how they stand to each other, and where they appear."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.bound import BinnableQuerySet, BoundQuerySet
from studio.models.chapter import Chapter
from studio.models.work import Work

MAX_NAME = 100
MAX_NAMES = 50


class AIInclusion(models.TextChoices):
    """When an entry is told to the AI."""

    ALWAYS = "always", _("always")
    DETECTED = "detected", _("when it is mentioned")
    MANUAL = "manual", _("when I add it")
    NEVER = "never", _("never")


class CharacterQuerySet(BinnableQuerySet["Character"]):
    def tracked(self) -> CharacterQuerySet:
        return self.filter(is_tracked=True)


class Character(Owned):
    """A person of a work. Names and aliases are looked for in the text; `exclusions` are phrases that only look alike.

    `relationships` keeps relations to people who have no row. Positions are code points.
    """

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="characters", db_constraint=False
    )
    name = models.CharField(_("name"), max_length=MAX_NAME)
    aliases = ArrayField(
        models.CharField(max_length=MAX_NAME), default=list, blank=True, verbose_name=_("aliases")
    )
    alias = models.GeneratedField(
        expression=F("aliases__0"),  # type: ignore[arg-type]
        output_field=models.CharField(max_length=MAX_NAME, null=True),
        db_persist=True,
    )
    exclusions = ArrayField(models.CharField(max_length=MAX_NAME), default=list, blank=True)
    case_sensitive = models.BooleanField(default=False)
    is_tracked = models.BooleanField(_("looked for"), default=True)
    ai_inclusion = models.CharField(
        max_length=8, choices=AIInclusion.choices, default=AIInclusion.DETECTED
    )
    role = models.CharField(_("role"), max_length=50, blank=True)
    description = models.TextField(_("description"), blank=True)
    avatar_url = models.CharField(max_length=500, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    relationships = models.JSONField(default=list, blank=True)
    order_index = models.CharField(max_length=64, db_collation="C", blank=True)
    first_appearance_chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    first_appearance_position = models.IntegerField(null=True)
    appearance_count = models.IntegerField(default=0)
    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    objects = CharacterQuerySet.as_manager()

    class Meta:
        db_table = "studio_characters"
        verbose_name = _("character")
        verbose_name_plural = _("characters")
        constraints = [
            models.UniqueConstraint(
                fields=["work", "name"],
                condition=Q(deleted_at__isnull=True),
                name="studio_characters_name_uniq",
            ),
            models.CheckConstraint(
                condition=Q(name__regex=r"\S"), name="studio_characters_name_ck"
            ),
            models.CheckConstraint(
                condition=Q(aliases__len__lte=MAX_NAMES, exclusions__len__lte=MAX_NAMES),
                name="studio_characters_aliases_ck",
            ),
            one_of("ai_inclusion", AIInclusion.values, "studio_characters_inclusion_ck"),
            models.CheckConstraint(
                condition=Q(appearance_count__gte=0), name="studio_characters_count_ck"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CharacterRelationQuerySet(BoundQuerySet["CharacterRelation"]):
    pass


class CharacterRelation(Owned):
    """How one character stands to another, from one chapter on until another. Undirected: the smaller id first."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="relations", db_constraint=False
    )
    from_character = models.ForeignKey(
        Character,
        on_delete=models.DO_NOTHING,
        related_name="relations_from",
        db_constraint=False,
        db_column="from_id",
    )
    to_character = models.ForeignKey(
        Character,
        on_delete=models.DO_NOTHING,
        related_name="relations_to",
        db_constraint=False,
        db_column="to_id",
    )
    kind = models.CharField(_("kind"), max_length=50)
    is_directed = models.BooleanField(default=False)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    since_chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    until_chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    weight = models.SmallIntegerField(default=3)
    version = models.BigIntegerField(default=0)

    objects = CharacterRelationQuerySet.as_manager()

    class Meta:
        db_table = "studio_character_relations"
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        constraints = [
            models.UniqueConstraint(
                fields=["from_character", "to_character", "kind"],
                name="studio_character_relations_uniq",
            ),
            models.CheckConstraint(
                condition=~Q(from_character=F("to_character")),
                name="studio_character_relations_ends_ck",
            ),
            models.CheckConstraint(
                condition=Q(is_directed=True) | Q(from_character__lt=F("to_character")),
                name="studio_character_relations_pair_ck",
            ),
            models.CheckConstraint(
                condition=Q(weight__range=(1, 5)), name="studio_character_relations_weight_ck"
            ),
        ]
        indexes = [models.Index(fields=["work"], name="studio_character_relations_ix")]

    def __str__(self) -> str:
        return self.kind


class AppearanceQuerySet(BoundQuerySet["Appearance"]):
    def ambiguous(self) -> AppearanceQuerySet:
        return self.filter(character__isnull=True)


class Appearance(Owned):
    """How often a character, or a name that several share, stands in a chapter.

    Without a character the `surface` is ambiguous, and credited to none of the `candidates`. `names_hash` is that of
    the names it was counted with.
    """

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="appearances", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, related_name="appearances", db_constraint=False
    )
    character = models.ForeignKey(
        Character,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="appearances",
        db_constraint=False,
    )
    surface = models.CharField(max_length=MAX_NAME, null=True)
    count = models.IntegerField()
    first_position = models.IntegerField()
    candidates = ArrayField(models.UUIDField(), default=list)
    names_hash = models.CharField(max_length=64)

    objects = AppearanceQuerySet.as_manager()

    class Meta:
        db_table = "studio_appearances"
        verbose_name = _("appearance")
        verbose_name_plural = _("appearances")
        constraints = [
            models.UniqueConstraint(
                fields=["chapter", "character", "surface"],
                nulls_distinct=False,
                name="studio_appearances_uniq",
            ),
            models.CheckConstraint(
                condition=Q(character__isnull=False) | Q(surface__isnull=False),
                name="studio_appearances_subject_ck",
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="studio_appearances_count_ck"),
        ]
        indexes = [
            models.Index(fields=["work"], name="studio_appearances_work_ix"),
            models.Index(fields=["character"], name="studio_appearances_who_ix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
