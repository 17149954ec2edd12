"""Forms of works, and of what one sets out to write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from studio.models import Chapter, Work
from studio.models.work import MAX_TITLE

MAX_DESCRIPTION = 5_000
MAX_TAGS = 20
MAX_TAG = 50
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


class SynopsisForm(forms.Form):
    """What is told of a chapter beside its text."""

    title = forms.CharField(label=_("Title"), max_length=MAX_TITLE, required=False, widget=line())
    stage = forms.ChoiceField(
        label=_("Stage"),
        choices=Chapter.Stage.choices,
        widget=forms.Select(attrs={"class": "input"}),
    )
    synopsis = forms.CharField(
        label=_("Synopsis"), max_length=10_000, required=False, widget=area(5)
    )


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
