"""A work's skeleton for pages: its volumes with their chapters, in reading order, each under its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from studio import naming
from studio.models import Chapter, Volume, Work


@dataclass(frozen=True)
class Entry:
    """A chapter of the outline; `label` is what it is called, number and all."""

    pk: UUID
    label: str
    chapter: Chapter
    synopsis: str = ""


@dataclass
class Part:
    """A volume with its chapters; the first part may have no volume."""

    volume: Volume | None
    label: str = ""
    entries: list[Entry] = field(default_factory=list)

    @property
    def words(self) -> int:
        return sum(entry.chapter.word_count for entry in self.entries)


@dataclass(frozen=True)
class Place:
    """Where a chapter stands, and what is before and after it."""

    part: Part
    entry: Entry
    previous: Entry | None
    following: Entry | None


@dataclass(frozen=True)
class Outline:
    parts: list[Part]

    @property
    def entries(self) -> list[Entry]:
        return [entry for part in self.parts for entry in part.entries]

    def place(self, pk: UUID) -> Place | None:
        every = [(part, entry) for part in self.parts for entry in part.entries]
        for at, (part, entry) in enumerate(every):
            if entry.pk == pk:
                before = every[at - 1][1] if at else None
                after = every[at + 1][1] if at + 1 < len(every) else None
                return Place(part, entry, before, after)
        return None


def of(work: Work, *, synopses: bool = False) -> Outline:
    """Two queries and no text; one more with the synopses."""
    skeleton = naming.outline(work)
    told = dict[UUID, str]()
    if synopses:
        rows = Chapter.objects.alive().filter(work=work).exclude(synopsis="")
        told = dict(rows.values_list("pk", "synopsis"))
    parts: dict[UUID | None, Part] = {None: Part(None)}
    for number, volume in enumerate(skeleton.volumes, 1):
        parts[volume.pk] = Part(volume, volume.title or _("Volume %(n)d") % {"n": number})
    for line in skeleton.lines:
        chapter = line.chapter
        label = line.label or _("Chapter without a title")
        entry = Entry(chapter.pk, label, chapter, told.get(chapter.pk, ""))
        parts[chapter.volume_id].entries.append(entry)
    return Outline([part for part in parts.values() if part.volume or part.entries])
