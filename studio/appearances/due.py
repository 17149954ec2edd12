"""Which chapters have to be counted anew, and how many still wait."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Q

from studio.models import Chapter


@dataclass(frozen=True, slots=True)
class Waiting:
    """How far the counting of a work is, in chapters."""

    done: int
    total: int

    @property
    def is_over(self) -> bool:
        return self.done >= self.total


def names_changed(work_id: UUID) -> None:
    """Every chapter of the work has to be counted with other names; one statement that writes no text.

    It writes rows that are due already too: their lock makes a count that goes on see the names or run again.
    """
    Chapter.objects.filter(work=work_id).update(counted_revision=0)


def waiting(work_id: UUID) -> Waiting:
    found = (
        Chapter.objects.filter(work=work_id)
        .alive()
        .aggregate(
            total=Count("pk"), done=Count("pk", filter=Q(counted_revision__gte=F("revision")))
        )
    )
    return Waiting(found["done"], found["total"])
