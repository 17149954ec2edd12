"""Where else in a work one can go, and what stands beside the text of a chapter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from studio.models import Chapter, Work


@dataclass(frozen=True)
class Place:
    """A tab of a work."""

    key: str
    label: Any
    url: str


@dataclass(frozen=True)
class Panel:
    """A part beside the text, loaded when it is opened."""

    name: str
    label: Any
    url: str


# Key, label, name of the page.
PLACES = (
    ("characters", _("Characters"), "studio_characters"),
    ("scenes", _("Scenes"), "studio_scenes"),
    ("world", _("World"), "studio_world"),
    ("tags", _("Tags"), "studio_tags"),
    ("search", _("Search"), "studio_search"),
    ("batches", _("Batches"), "studio_batches"),
    ("goals", _("Goals"), "studio_work_goals"),
    ("people", _("Collaborators"), "studio_people"),
)
PANELS = (
    ("assistant", _("AI"), "studio_panel_assistant"),
    ("chapter", _("About the chapter"), "studio_panel_chapter"),
    ("scenes", _("Scenes"), "studio_panel_scenes"),
    ("names", _("Names"), "studio_panel_names"),
    ("comments", _("Comments"), "studio_panel_comments"),
)


def places_of(work: Work) -> list[Place]:
    return [Place(key, label, reverse(name, args=[work.pk])) for key, label, name in PLACES]


def panels_of(chapter: Chapter) -> list[Panel]:
    numbers = [chapter.work_id, chapter.pk]
    return [Panel(key, label, reverse(name, args=numbers)) for key, label, name in PANELS]
