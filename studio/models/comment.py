"""Comments on passages, with one level of answers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, Placed, one_of
from studio.models.bound import BinnableQuerySet
from studio.models.chapter import Chapter
from studio.models.work import Work

MAX_BODY = 5_000


class CommentQuerySet(BinnableQuerySet["Comment"]):
    def open(self) -> CommentQuerySet:
        return self.filter(resolved_at__isnull=True)


class Comment(Placed, Owned):
    """A remark on a chapter, or an answer to one (`parent`). The author's name outlives the account."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="comments", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, related_name="comments", db_constraint=False
    )
    parent = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="replies", db_constraint=False
    )
    author = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    author_name = models.CharField(max_length=150, blank=True)
    body = models.TextField()
    revision = models.BigIntegerField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        db_table = "studio_comments"
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        constraints = [
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("body"), MAX_BODY), name="studio_comments_body_ck"
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | Q(resolved_at__isnull=True),
                name="studio_comments_reply_ck",
            ),
            one_of(
                "anchor_state", ["", "anchored", "moved", "orphaned"], "studio_comments_anchor_ck"
            ),
        ]
        indexes = [
            models.Index(fields=["chapter"], name="studio_comments_chapter_ix"),
            models.Index(fields=["work"], name="studio_comments_work_ix"),
            models.Index(fields=["parent"], name="studio_comments_parent_ix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
