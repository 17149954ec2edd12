"""What people type about a story: characters, relations, scenes, world entries, tags, parts in a work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.authentication import Principal
from studio import scenes, worldview
from studio.characters import people
from studio.models import AIInclusion, Chapter, Character, Work, WorldEntry
from studio.models.character import MAX_NAME
from studio.models.work import MAX_TITLE
from studio.tags import COLORS

# Keys of `people.ATTRIBUTES` as a person reads them.
ATTRIBUTES = {
    "age": gettext_lazy("Age"),
    "gender": gettext_lazy("Gender"),
    "occupation": gettext_lazy("Occupation"),
    "appearance": gettext_lazy("Looks"),
    "personality": gettext_lazy("Personality"),
    "background": gettext_lazy("Background"),
    "goals": gettext_lazy("Aims"),
}
LONG = frozenset({"appearance", "personality", "background", "goals"})
COLOR_NAMES = (
    gettext_lazy("cinnabar"),
    gettext_lazy("amber"),
    gettext_lazy("jade"),
    gettext_lazy("lake"),
    gettext_lazy("violet"),
    gettext_lazy("plum"),
    gettext_lazy("grey"),
    gettext_lazy("olive"),
)


def _line(label: Any, most: int, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, **options)


def _lines(label: Any, most: int, rows: int = 4, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "class": "input"})
    return forms.CharField(label=label, max_length=most, widget=widget, required=False, **options)


def _names(text: str) -> list[str]:
    """Names on lines or between commas of either kind."""
    for comma in ("，", "、", ";", "；", "\n"):
        text = text.replace(comma, ",")
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


class CharacterForm(forms.Form):
    name = _line(gettext_lazy("Name"), MAX_NAME)
    role = _line(gettext_lazy("Part in the story"), 50, required=False)
    aliases = _lines(
        gettext_lazy("Other names"),
        6_000,
        2,
        help_text=gettext_lazy("Between commas. Every one is found in the text and counted."),
    )
    exclusions = _lines(
        gettext_lazy("Does not mean this person"),
        6_000,
        2,
        help_text=gettext_lazy("Words that only hold a name, between commas: 王子 for 王."),
    )
    description = _lines(gettext_lazy("Description"), 20_000)
    is_tracked = forms.BooleanField(label=gettext_lazy("Look for the names"), required=False)
    case_sensitive = forms.BooleanField(
        label=gettext_lazy("Capitals matter (May, but not may)"), required=False
    )
    ai_inclusion = forms.ChoiceField(
        label=gettext_lazy("Told to the AI"), choices=AIInclusion.choices
    )
    own = _lines(
        gettext_lazy("More"),
        60_000,
        3,
        help_text=gettext_lazy("One on each line, with a colon: weapon: a short sword"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for key, label in ATTRIBUTES.items():
            make = _lines if key in LONG else _line
            field = make(label, people.MAX_ATTRIBUTE)
            field.required = False
            self.fields[f"attribute_{key}"] = field

    def details(self) -> list[forms.BoundField]:
        return [self[f"attribute_{key}"] for key in ATTRIBUTES]

    def wishes(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the operation takes; `kept` are attributes that no field shows."""
        data = self.cleaned_data
        attributes = {key: text for key in ATTRIBUTES if (text := data[f"attribute_{key}"].strip())}
        plain = ("name", "role", "description", "is_tracked", "case_sensitive", "ai_inclusion")
        return {
            **{name: data[name] for name in plain},
            "aliases": _names(data["aliases"]),
            "exclusions": _names(data["exclusions"]),
            "attributes": {**attributes, **self._own(), **(kept or {})},
        }

    def _own(self) -> dict[str, str]:
        pairs = (
            line.replace("：", ":").partition(":") for line in self.cleaned_data["own"].splitlines()
        )
        return {key.strip(): text.strip() for key, _colon, text in pairs if key.strip()}

    @staticmethod
    def shown(row: Character) -> dict[str, Any]:
        own = {
            key: text
            for key, text in row.attributes.items()
            if key not in ATTRIBUTES and isinstance(text, str)
        }
        return {
            "name": row.name,
            "role": row.role,
            "description": row.description,
            "is_tracked": row.is_tracked,
            "case_sensitive": row.case_sensitive,
            "ai_inclusion": row.ai_inclusion,
            "aliases": ", ".join(row.aliases),
            "exclusions": ", ".join(row.exclusions),
            "own": "\n".join(f"{key}: {text}" for key, text in own.items()),
            **{f"attribute_{key}": row.attributes.get(key, "") for key in ATTRIBUTES},
        }


class _OfWork(forms.Form):
    """A form that offers rows of one work."""

    def __init__(self, *args: Any, work: Work, principal: Principal, **options: Any) -> None:
        super().__init__(*args, **options)
        self.work = work
        self.principal = principal

    def offer(self, field: str, rows: Any) -> None:
        chosen: Any = self.fields[field]
        chosen.queryset = rows.visible_to(self.principal).filter(work=self.work)

    def offer_chapters(self, *fields: str) -> None:
        for field in fields:
            self.offer(field, Chapter.objects.without_text().in_order())


def _choice(label: Any, model: Any, **options: Any) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(label=label, queryset=model.objects.none(), **options)


class RelationForm(_OfWork):
    from_character = _choice(gettext_lazy("Who"), Character)
    kind = _line(
        gettext_lazy("is to the other"),
        50,
        help_text=gettext_lazy("Mother, rival, teacher, friend …"),
    )
    to_character = _choice(gettext_lazy("Whom"), Character)
    is_directed = forms.BooleanField(label=gettext_lazy("In this direction only"), required=False)
    weight = forms.TypedChoiceField(
        label=gettext_lazy("How strong"),
        choices=[(n, str(n)) for n in range(1, 6)],
        coerce=int,
        initial=3,
    )
    since_chapter = _choice(gettext_lazy("From chapter"), Chapter, required=False)
    until_chapter = _choice(gettext_lazy("Until chapter"), Chapter, required=False)
    note = _lines(gettext_lazy("Note"), 1_000, 2)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in ("from_character", "to_character"):
            self.offer(field, Character.objects.order_by("name"))
        self.offer_chapters("since_chapter", "until_chapter")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        one, other = data.get("from_character"), data.get("to_character")
        if one and one == other:
            self.add_error("to_character", _("Choose two different people."))
        return data


class SceneForm(_OfWork):
    title = _line(gettext_lazy("Title"), MAX_TITLE)
    chapter = _choice(
        gettext_lazy("Chapter"), Chapter, required=False, empty_label=gettext_lazy("not placed yet")
    )
    description = _lines(gettext_lazy("What happens"), scenes.MAX_TEXT)
    location = _line(gettext_lazy("Place"), 200, required=False)
    time_period = _line(gettext_lazy("Time"), 100, required=False)
    mood = _line(gettext_lazy("Mood"), 100, required=False)
    pov_character = _choice(gettext_lazy("Seen by"), Character, required=False)
    characters = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Who takes part"),
        queryset=Character.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    goal = _lines(gettext_lazy("Aim"), scenes.MAX_TEXT, 2)
    conflict = _lines(gettext_lazy("Conflict"), scenes.MAX_TEXT, 2)
    outcome = _lines(gettext_lazy("Outcome"), scenes.MAX_TEXT, 2)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.offer_chapters("chapter")
        for field in ("pov_character", "characters"):
            self.offer(field, Character.objects.order_by("name"))


class EntryForm(_OfWork):
    title = _line(gettext_lazy("Title"), MAX_TITLE)
    category = forms.ChoiceField(
        label=gettext_lazy("Category"), choices=WorldEntry.Category.choices
    )
    parent = _choice(
        gettext_lazy("Part of"), WorldEntry, required=False, empty_label=gettext_lazy("at the top")
    )
    content = _lines(gettext_lazy("Text"), worldview.MAX_TEXT, 8)
    aliases = _lines(gettext_lazy("Other names"), 6_000, 2)
    ai_inclusion = forms.ChoiceField(
        label=gettext_lazy("Told to the AI"),
        choices=AIInclusion.choices,
        initial=AIInclusion.DETECTED,
    )
    characters = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Who has to do with it"),
        queryset=Character.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.offer("parent", WorldEntry.objects.order_by("title"))
        self.offer("characters", Character.objects.order_by("name"))

    def wishes(self) -> dict[str, Any]:
        return {**self.cleaned_data, "aliases": _names(self.cleaned_data["aliases"])}


class TagForm(forms.Form):
    name = _line(gettext_lazy("Name"), 50)
    color = forms.ChoiceField(
        label=gettext_lazy("Colour"), choices=list(zip(COLORS, COLOR_NAMES, strict=True))
    )
    description = _line(gettext_lazy("What it is for"), 500, required=False)
    is_own = forms.BooleanField(label=gettext_lazy("Mine, in all my works"), required=False)


class PartForm(forms.Form):
    """What somebody may do in a work."""

    role = forms.ChoiceField(
        label=gettext_lazy("Part"),
        choices=[
            ("editor", gettext_lazy("writes along")),
            ("commenter", gettext_lazy("reads and comments")),
        ],
    )
    can_use_ai = forms.BooleanField(label=gettext_lazy("may use AI"), required=False, initial=True)
    can_export = forms.BooleanField(label=gettext_lazy("may export"), required=False, initial=True)
    can_publish = forms.BooleanField(label=gettext_lazy("may publish"), required=False)
    can_invite = forms.BooleanField(label=gettext_lazy("may invite others"), required=False)

    def wishes(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        given.pop("username", None)
        return {"role": given.pop("role"), "permissions": given}


class InviteForm(PartForm):
    username = _line(
        gettext_lazy("User name"), 32, help_text=gettext_lazy("A member of this workspace.")
    )
    field_order = ("username", "role")
