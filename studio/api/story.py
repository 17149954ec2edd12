"""What the views of a story start from: the work, and its rows that a person sees and may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.web import etags
from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.views import ApiView
from studio.models import Chapter, Character, Work

Row = TypeVar("Row", bound=models.Model)
MOST_NAMED = 200


class StoryView(ApiView):
    """Views of one work or of one row of it. A stranger finds nothing; who only reads is told so."""

    def work(self, work_id: UUID, right: str = "read") -> Work:
        work = self.find(Work.objects.visible_to(self.principal), pk=work_id)
        self.require(work.pk, right)
        return work

    def require(self, work_id: UUID, right: str) -> None:
        """Raises Refused where this person sees the work but has not the right in it."""
        if right != "read":
            mine = Work.objects.with_right(self.principal, right)
            if not mine.filter(pk=work_id).exists():
                raise Refused("permission_denied")

    def row(self, rows: models.QuerySet[Row], number: UUID, right: str = "read") -> Row:
        """A row of `rows`, which are those the person sees; for a change it is locked."""
        if right == "read":
            return self.find(rows, pk=number)
        row = self.find(rows.select_for_update(of=("self",)), pk=number)
        self.require(row.work_id, right)  # type: ignore[attr-defined]
        return row

    def fresh(self, row: Row) -> Row:
        """The row if the writer saw its present form."""
        etags.require(self.request, row)
        return row

    def named(
        self, rows: models.QuerySet[Row], given: Mapping[str, Any], work_id: UUID, field: str
    ) -> Row | None:
        """The row of this work that a field of the body names; None where it names none. Raises Invalid."""
        number = given.get(field)
        if number is None:
            return None
        found = rows.filter(work=work_id, pk=number).first()
        if found is None:
            raise unknown(field)
        return found

    def people(self, numbers: Iterable[UUID], work_id: UUID) -> list[Character]:
        """The characters of this work that a body names. Raises Invalid."""
        wanted = set(numbers)
        rows = Character.objects.visible_to(self.principal).filter(work=work_id, pk__in=wanted)
        found = list(rows)
        if len(found) != len(wanted):
            raise unknown("character_ids")
        return found

    def resolved(
        self, given: dict[str, Any], work_id: UUID, chapters: Iterable[str] = ()
    ) -> dict[str, Any]:
        """The body with rows of this work in the place of their ids."""
        for name in chapters:
            if f"{name}_id" in given:
                rows = Chapter.objects.visible_to(self.principal)
                given[name] = self.named(rows, given, work_id, f"{name}_id")
                del given[f"{name}_id"]
        if "character_ids" in given:
            given["characters"] = self.people(given.pop("character_ids"), work_id)
        return given


def unknown(field: str) -> Invalid:
    return Invalid([field_error(field, "does_not_exist", _("This work has no such thing."))])


class Names(serializers.ListField):
    """Aliases and the like."""

    child = serializers.CharField(max_length=100)


class Numbers(serializers.ListField):
    """Ids of characters."""

    child = serializers.UUIDField()
