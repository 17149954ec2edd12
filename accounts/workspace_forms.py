"""Forms of the workspace's own pages."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import identity, roles
from accounts.models import Role


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)


class GrantForm(forms.Form):
    """Roles for somebody, and until when."""

    roles = forms.ModelMultipleChoiceField(
        label=_("Roles"),
        queryset=Role.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    until = forms.DateField(
        label=_("New roles end on"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("Empty: they do not end."),
    )

    def __init__(self, *args: Any, offered: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].queryset = offered  # type: ignore[attr-defined]

    def clean_until(self) -> datetime | None:
        """The end of the day chosen, in the reader's time zone."""
        day = self.cleaned_data["until"]
        if day is None:
            return None
        moment = timezone.make_aware(datetime.combine(day, time.max))
        if moment <= timezone.now():
            raise ValidationError(_("Choose a day to come."), code="in_the_past")
        return moment


class InvitationForm(forms.Form):
    email = forms.CharField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ModelChoiceField(label=_("Role"), queryset=Role.objects.none(), empty_label=None)
    message = forms.CharField(
        label=_("Message"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, offered: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].queryset = offered  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        return identity.clean_email(self.cleaned_data["email"], allow_local=True)


class RoleForm(forms.Form):
    """A role of the workspace's own. `held` bounds what it may give."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(
        label=_("Description"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    permissions = forms.MultipleChoiceField(label=_("It may"), required=False)

    def __init__(self, *args: Any, held: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["permissions"].choices = [(key, key) for key in sorted(held)]  # type: ignore[attr-defined]

    def clean_permissions(self) -> list[str]:
        keys: list[str] = self.cleaned_data["permissions"]
        if len(keys) > roles.MAX_KEYS:
            raise ValidationError(_("Too many for one role."), code="too_many")
        return keys
