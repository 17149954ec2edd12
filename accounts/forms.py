"""Forms of the pages of somebody who is signed in."""

import re
import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import avatars, identity, preferences, registry
from accounts.models import Profile, User, UserSettings


class SettingsForm(forms.ModelForm):
    """Every preference. Saved field by field, so none is required together with another."""

    timezone = forms.ChoiceField(label=_("Time zone"))
    default_model_id = forms.ChoiceField(label=_("Default model"), required=False)
    default_agent_id = forms.ChoiceField(label=_("Default agent"), required=False)

    class Meta:
        model = UserSettings
        fields = (
            "theme",
            "language",
            "timezone",
            "show_sidebar",
            "show_outline",
            "show_status_bar",
            "editor_font_family",
            "editor_font_size",
            "editor_line_height",
            "editor_paragraph_spacing",
            "editor_word_wrap",
            "auto_save_interval",
            "default_model_id",
            "default_agent_id",
            "export_format",
            "export_include_metadata",
        )
        labels = {
            "theme": _("Theme"),
            "language": _("Language"),
            "show_sidebar": _("Side bar in the editor"),
            "show_outline": _("Outline in the editor"),
            "show_status_bar": _("Status line in the editor"),
            "editor_font_family": _("Font"),
            "editor_font_size": _("Size of letters"),
            "editor_line_height": _("Line height"),
            "editor_paragraph_spacing": _("Space between paragraphs"),
            "editor_word_wrap": _("Wrap long lines"),
            "auto_save_interval": _("Save by itself every"),
            "export_format": _("Format"),
            "export_include_metadata": _("With title, author and dates"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
        self.fields["timezone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]
        self.fields["editor_line_height"].widget.attrs["step"] = "0.1"
        self._offer("default_model_id")
        self._offer("default_agent_id")

    def _offer(self, name: str) -> None:
        """Choices come from the app that owns the rows; without it there is nothing to choose."""
        source = registry.setting_choices.get(name)
        choices = source(user=self.instance.user) if source else []
        self.fields[name].disabled = not choices
        kept = getattr(self.instance, name)
        if kept and str(kept) not in {str(value) for value, _label in choices}:
            choices = [(kept, kept), *choices]
        self.fields[name].choices = [("", "–"), *choices]  # type: ignore[attr-defined]

    def clean_editor_font_family(self) -> str:
        """The value goes into a style by script: names of fonts, nothing that could be more."""
        value = str(self.cleaned_data["editor_font_family"]).strip()
        if not re.match(preferences.FONT_FAMILY, value):
            raise forms.ValidationError(
                _("Use names of fonts: letters, spaces, commas, hyphens and quotes."),
                code="font_family_invalid",
            )
        return value

    def clean_default_model_id(self) -> str | None:
        return self.cleaned_data["default_model_id"] or None

    def clean_default_agent_id(self) -> str | None:
        return self.cleaned_data["default_agent_id"] or None


class ProfileForm(forms.ModelForm):
    class Meta:
        model = Profile
        fields = ("display_name", "bio", "website")
        widgets = {"bio": forms.Textarea(attrs={"rows": 4}), "website": forms.URLInput()}
        help_texts = {"website": _("With https:// in front.")}

    def clean_website(self) -> str:
        value = str(self.cleaned_data["website"]).strip()
        if value and not re.match(r"https?://[^\s<>\"]+$", value):
            raise forms.ValidationError(
                _("Write the whole address, with https:// in front."), code="website_invalid"
            )
        return value


class RenameForm(forms.Form):
    """Another user name, cleaned and not somebody else's."""

    username = forms.CharField(label=_("User name"), max_length=64)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_username(self) -> str:
        name = identity.clean_username(self.cleaned_data["username"])
        holder = identity.find(name)
        if holder is not None and holder != self.user:
            raise forms.ValidationError(_("This name is taken."), code="username_taken")
        return name


class PictureForm(forms.Form):
    picture = forms.FileField(
        label=_("Picture"),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )

    def clean_picture(self) -> Any:
        sent = self.cleaned_data["picture"]
        if sent.size > avatars.MAX_BYTES:
            raise forms.ValidationError(_("At most 5 MB."), code="too_large")
        return sent


class ApiKeyForm(forms.Form):
    """A new key: its name, what it may do, and until when."""

    DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("a year"))]

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What will use it?"))
    scopes = forms.MultipleChoiceField(
        label=_("It may"), widget=forms.CheckboxSelectMultiple, choices=()
    )
    days = forms.ChoiceField(label=_("Valid for"), choices=DAYS, initial="90")

    def __init__(self, *args: Any, scopes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = scopes  # type: ignore[attr-defined]
