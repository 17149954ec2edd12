"""Forms of works, and of what one sets out to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from studio import naming, works
from studio.models import Chapter, Work
from studio.models.work import MAX_TITLE
from studio.prose import naming as patterns

MAX_DESCRIPTION = 5_000
MAX_TAGS = 20
MAX_TAG = 50
# Field of `ConventionsForm` → key of a work's settings, and what stands where nothing is said.
CONVENTIONS = {
    "pattern": "chapterNamingPattern",
    "numbering": "numbering",
    "pov": "pov",
    "tense": "tense",
    "style_guide": "styleGuide",
    "word_goal": "wordCountGoal",
    "context_budget": "contextBudget",
    "suggestions": "enableAiSuggestions",
}
STANDARD = {"numbering": naming.CONTINUOUS, "suggestions": True}
WEEKDAYS = (
    (1, _("Monday")),
    (2, _("Tuesday")),
    (3, _("Wednesday")),
    (4, _("Thursday")),
    (5, _("Friday")),
    (6, _("Saturday")),
    (7, _("Sunday")),
)


def area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "input", "rows": rows})


def line() -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input"})


class WorkForm(forms.Form):
    """What is told of a work."""

    title = forms.CharField(label=_("Title"), max_length=MAX_TITLE, widget=line())
    language = forms.ChoiceField(
        label=_("Language"),
        choices=Work.Language.choices,
        widget=forms.Select(attrs={"class": "input"}),
    )
    genre = forms.CharField(label=_("Genre"), max_length=50, required=False, widget=line())
    description = forms.CharField(
        label=_("What it is about"), max_length=MAX_DESCRIPTION, required=False, widget=area(4)
    )
    tags = forms.CharField(
        label=_("Tags"), help_text=_("Separated by commas."), required=False, widget=line()
    )
    status = forms.ChoiceField(
        label=_("State"),
        choices=Work.Status.choices,
        required=False,
        widget=forms.Select(attrs={"class": "input"}),
    )

    def clean_tags(self) -> list[str]:
        given = self.cleaned_data["tags"].replace("，", ",").split(",")
        tags = list(dict.fromkeys(name.strip() for name in given if name.strip()))
        if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags):
            raise forms.ValidationError(
                _("At most %(tags)d tags of at most %(length)d characters."),
                params={"tags": MAX_TAGS, "length": MAX_TAG},
            )
        return tags

    def clean_status(self) -> str:
        return self.cleaned_data["status"] or Work.Status.DRAFT.value


class NewWorkForm(WorkForm):
    """A work to begin; its state is a draft."""

    status = None  # type: ignore[assignment]

    def clean_status(self) -> str:
        return Work.Status.DRAFT.value


class ConventionsForm(forms.Form):
    """How a work is written: names of chapters, the voice, what the AI may do. Empty means the usual."""

    pattern = forms.CharField(
        label=_("Names of chapters"),
        max_length=100,
        required=False,
        widget=line(),
        help_text=_("{n} number, {cn} in Chinese, {v} and {vcn} the volume's, {title} the title."),
    )
    numbering = forms.ChoiceField(
        label=_("Numbers"),
        choices=(
            (naming.CONTINUOUS, _("through the whole work")),
            (naming.BY_VOLUME, _("from 1 in each volume")),
        ),
        required=False,
        widget=forms.Select(attrs={"class": "input"}),
    )
    pov = forms.CharField(label=_("Point of view"), max_length=200, required=False, widget=line())
    tense = forms.CharField(label=_("Tense"), max_length=100, required=False, widget=line())
    style_guide = forms.CharField(
        label=_("Style guide"),
        max_length=works.MAX_STYLE_GUIDE,
        required=False,
        widget=area(4),
        help_text=_("What the AI is told of your style with every request."),
    )
    word_goal = forms.IntegerField(
        label=_("Words in all"),
        min_value=1,
        max_value=100_000_000,
        required=False,
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    context_budget = forms.FloatField(
        label=_("Part of a model's window for the context"),
        min_value=0.3,
        max_value=0.85,
        required=False,
        widget=forms.NumberInput(attrs={"class": "input", "step": "0.05"}),
        help_text=_("From 0.3 to 0.85; usually 0.65."),
    )
    suggestions = forms.BooleanField(label=_("The AI may help with this work"), required=False)

    @classmethod
    def shown(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {field: settings.get(key, STANDARD.get(field)) for field, key in CONVENTIONS.items()}

    def settings(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """The work's settings with what the form says; what it does not show is `kept`."""
        found = {key: value for key, value in kept.items() if key not in CONVENTIONS.values()}
        for field, key in CONVENTIONS.items():
            value = self.cleaned_data[field]
            if value not in (None, "", STANDARD.get(field)):
                found[key] = value
        return found

    def clean_pattern(self) -> str:
        pattern: str = self.cleaned_data["pattern"]
        unknown = patterns.unknown_tokens(pattern)
        if unknown:
            raise forms.ValidationError(
                _("Unknown token: %(name)s"), params={"name": "{" + unknown[0] + "}"}
            )
        return pattern


class ChapterForm(forms.Form):
    """What is told of a chapter beside its text."""

    title = forms.CharField(label=_("Title"), max_length=MAX_TITLE, required=False, widget=line())
    stage = forms.ChoiceField(
        label=_("Stage"),
        choices=Chapter.Stage.choices,
        widget=forms.Select(attrs={"class": "input"}),
    )
    target_words = forms.IntegerField(
        label=_("Words to reach"),
        min_value=1,
        max_value=1_000_000,
        required=False,
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    synopsis = forms.CharField(
        label=_("Synopsis"),
        max_length=10_000,
        required=False,
        widget=area(6),
        help_text=_("What happens here. The AI reads it, and batches write from it."),
    )
    is_numbered = forms.BooleanField(
        label=_("Has a number"),
        required=False,
        help_text=_("A prologue or an afterword has none."),
    )


class VolumeForm(forms.Form):
    """What is told of a volume."""

    title = forms.CharField(label=_("Title"), max_length=MAX_TITLE, required=False, widget=line())
    synopsis = forms.CharField(
        label=_("Synopsis"), max_length=10_000, required=False, widget=area(5)
    )
    is_numbered = forms.BooleanField(label=_("Has a number"), required=False)


class GoalForm(forms.Form):
    """What one sets out to write a day, or until a day."""

    daily_words = forms.IntegerField(
        label=_("Words a day"),
        min_value=1,
        max_value=100_000,
        required=False,
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    days_off = forms.TypedMultipleChoiceField(
        label=_("Days off"),
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A day off keeps the streak."),
    )
    target_words = forms.IntegerField(
        label=_("Words in all"),
        min_value=1,
        max_value=100_000_000,
        required=False,
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    deadline_on = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"class": "input", "type": "date"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("deadline_on") and not given.get("target_words"):
            self.add_error("target_words", _("A day to be ready by needs the words in all."))
        return given
