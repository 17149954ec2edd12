"""Tags of chapters: a person's own, or those of one work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from studio.models.base import Anchored, Owned
from studio.models.bound import BoundQuerySet
from studio.models.chapter import Chapter
from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal


class TagQuerySet(models.QuerySet["Tag"]):
    def visible_to(self, principal: Principal) -> TagQuerySet:
        """Those of works one sees, and one's own."""
        return self._of(principal, Work.objects.visible_to(principal))

    def editable_by(self, principal: Principal) -> TagQuerySet:
        return self._of(principal, Work.objects.with_right(principal, "write"))

    def _of(self, principal: Principal, works: models.QuerySet[Work]) -> TagQuerySet:
        if principal.user is None:
            return self.none()
        own = Q(work__isnull=True, user=principal.user)
        return self.filter(own | Q(work__in=works), workspace_id=principal.workspace_id)


class Tag(Owned):
    """A word to sort chapters by. Without a work it is its person's, in all of their works."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, null=True, related_name="own_tags", db_constraint=False
    )
    name = models.CharField(_("name"), max_length=50)
    color = models.CharField(_("colour"), max_length=7, default="#808080")
    description = models.CharField(_("description"), max_length=500, blank=True)
    version = models.BigIntegerField(default=0)

    objects = TagQuerySet.as_manager()

    class Meta:
        db_table = "studio_tags"
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [
            models.UniqueConstraint(
                "workspace",
                "user",
                "work",
                Lower("name"),
                nulls_distinct=False,
                name="studio_tags_name_uniq",
            ),
            models.CheckConstraint(
                condition=Q(color__regex=r"^#[0-9A-Fa-f]{6}$"), name="studio_tags_color_ck"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(work__isnull=False), name="studio_tags_home_ck"
            ),
        ]
        indexes = [models.Index(fields=["work"], name="studio_tags_work_ix")]

    def __str__(self) -> str:
        return self.name


class ChapterTagQuerySet(BoundQuerySet["ChapterTag"]):
    pass


class ChapterTag(Anchored, Owned):
    """A chapter, or from `position` a passage in it, carries a tag. Positions are code points."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, related_name="chapter_tags", db_constraint=False
    )
    # A tag may be a person's, of no work: the workspace binds it.
    tag = models.ForeignKey(
        Tag, on_delete=models.DO_NOTHING, related_name="chapter_tags", db_constraint=False
    )
    position = models.IntegerField(null=True)
    end_position = models.IntegerField(null=True)

    objects = ChapterTagQuerySet.as_manager()

    class Meta:
        db_table = "studio_chapter_tags"
        verbose_name = _("tag of a chapter")
        verbose_name_plural = _("tags of chapters")
        constraints = [
            models.UniqueConstraint(
                fields=["chapter", "tag", "position"],
                nulls_distinct=False,
                name="studio_chapter_tags_uniq",
            ),
        ]
        indexes = [models.Index(fields=["tag"], name="studio_chapter_tags_tag_ix")]

    def __str__(self) -> str:
        return str(self.pk)
