"""Forms made from the definitions of settings: one field per kind, so that nobody types JSON."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laojun.configs import Entry
from laojun.definitions import BOOLEAN, CHOICE, INTEGER, NAMES

LIVES = ((300, _("5 minutes")), (3600, _("1 hour")), (86_400, _("24 hours")))


class Names(forms.CharField):
    """One name per line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]


def field_for(entry: Entry) -> forms.Field:
    """The form field of one setting, with its value in force."""
    definition = entry.definition
    common = {
        "label": definition.title,
        "help_text": definition.help,
        "initial": "" if definition.secret else entry.value,
        "required": not (definition.secret or definition.optional)
        and definition.kind not in {BOOLEAN, NAMES},
    }
    if definition.secret:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        return forms.CharField(**common, widget=widget)
    if definition.kind == INTEGER:
        return forms.IntegerField(**common, min_value=definition.low, max_value=definition.high)
    if definition.kind == BOOLEAN:
        return forms.BooleanField(**common)
    if definition.kind == CHOICE:
        return forms.ChoiceField(**common, choices=[(one, one) for one in definition.choices])
    if definition.kind == NAMES:
        return Names(**common)
    return forms.CharField(**common, max_length=definition.high)


class SettingForm(forms.Form):
    """One setting and the version of it that the page showed."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=50)

    def __init__(self, *args: Any, entry: Entry, **kwargs: Any) -> None:
        kwargs["prefix"] = entry.key.replace(".", "-")
        super().__init__(*args, **kwargs)
        self.entry = entry
        self.fields["value"] = field_for(entry)
        self.fields["seen"].initial = entry.version


class LinkForm(forms.Form):
    seconds = forms.TypedChoiceField(label=_("Valid for"), choices=LIVES, coerce=int)
