"""Rows that belong to a work are seen and changed by its people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal

Row = TypeVar("Row", bound=models.Model)


class BoundQuerySet(models.QuerySet[Row]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(work__in=Work.objects.visible_to(principal))

    def editable_by(self, principal: Principal) -> Self:
        return self.with_right(principal, "write")

    def with_right(self, principal: Principal, right: str) -> Self:
        return self.filter(work__in=Work.objects.with_right(principal, right))


class BinnableQuerySet(BoundQuerySet[Row]):
    """Rows with a `deleted_at`; those of the bin are found by `binned` alone."""

    def alive(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def binned(self) -> Self:
        return self.filter(deleted_at__isnull=False)

    def visible_to(self, principal: Principal) -> Self:
        return super().visible_to(principal).alive()

    def editable_by(self, principal: Principal) -> Self:
        return super().editable_by(principal).alive()
