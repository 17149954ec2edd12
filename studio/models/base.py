"""What every row of a novel has, and where in a text a thing stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

QUOTE_CHARACTERS = 200
MARGIN_CHARACTERS = 32


def moment_of(number: UUID) -> datetime:
    """The millisecond inside a UUIDv7: `created_at` of a row that lies in a month's partition."""
    return datetime.fromtimestamp((number.int >> 80) / 1000, UTC)


def uuid7_at(moment: datetime) -> UUID:
    """A UUIDv7 of a given millisecond, for rows whose time is not the time of their writing."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | uuid7().int & (1 << 80) - 1)


def one_of(column: str, values: Iterable[str], name: str) -> models.CheckConstraint:
    """The constraint that a column holds one of a few words."""
    return models.CheckConstraint(condition=Q(**{f"{column}__in": list(values)}), name=name)


class Owned(models.Model):
    """A row of one workspace."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Anchored(models.Model):
    """A passage named by its words (W3C TextQuoteSelector), so that it is found again after edits.

    `anchor_revision` is the revision of the chapter in which the passage was last found.
    """

    class AnchorState(models.TextChoices):
        ANCHORED = "anchored", _("in place")
        MOVED = "moved", _("moved")
        ORPHANED = "orphaned", _("passage gone")

    anchor_quote = models.CharField(max_length=QUOTE_CHARACTERS, blank=True)
    anchor_prefix = models.CharField(max_length=MARGIN_CHARACTERS, blank=True)
    anchor_suffix = models.CharField(max_length=MARGIN_CHARACTERS, blank=True)
    anchor_revision = models.BigIntegerField(null=True)
    anchor_state = models.CharField(
        max_length=8, choices=AnchorState.choices, blank=True, default=""
    )

    class Meta:
        abstract = True


class Placed(Anchored):
    """An anchored passage with its place: code points from the start of the text, the end excluded."""

    start_position = models.IntegerField(null=True)
    end_position = models.IntegerField(null=True)

    class Meta:
        abstract = True
