"""What people type into the pages of generation, projects and AI use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from taishang.generation.receiving import MAX_CHAT_BYTES
from taishang.models import GenerationJob, Project, Quota
from taishang.models.generation import MAX_UPLOAD_BYTES

MAX_MESSAGE = 500
DEFAULT_MODEL = "@default"
MOST_TOKENS = 10**15


class JobForm(forms.Form):
    """A new job: the export, the chat log, where it goes, and the options few people need."""

    upload = forms.FileField(
        label=_("The ZIP of your front end"),
        error_messages={
            "required": _("Choose the ZIP of your front end."),
            "empty": _("This file is empty. Pack the project again as .zip."),
        },
    )
    chat = forms.FileField(label=_("The chat log it came from"), required=False)
    chat_text = forms.CharField(
        label=_("or paste the conversation"),
        required=False,
        max_length=MAX_CHAT_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=120,
        help_text=_("Empty: the name of the file."),
    )
    project = forms.ModelChoiceField(
        label=_("Into the project"),
        queryset=Project.objects.none(),
        required=False,
        empty_label=_("a new one, named like the upload"),
        help_text=_("An existing project gets the difference, and keeps what you changed by hand."),
    )
    source = forms.ChoiceField(
        label=_("Made with"),
        required=False,
        choices=[("", _("find out by yourself")), *GenerationJob.Source.choices],
    )
    prefix = forms.CharField(  # type: ignore[assignment]
        label=_("Path prefix of the API"),
        required=False,
        max_length=160,
        help_text=_("Empty: as the front end calls it, for example /api."),
    )
    refine = forms.ChoiceField(
        label=_("Let a model propose names and types"),
        required=False,
        help_text=_("It may propose, never open anything; each proposal can be switched off."),
    )

    def __init__(
        self, *args: Any, projects: Any, models: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        refine = self.fields["refine"]
        assert isinstance(refine, forms.ChoiceField)  # noqa: S101 - declared above
        refine.choices = [
            ("", _("no model is asked")),
            *([(DEFAULT_MODEL, _("the default model"))] if models else []),
            *((name, name) for name in models),
        ]
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = projects

    def clean_upload(self) -> Any:
        upload = self.cleaned_data["upload"]
        if upload.size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(_("At most 50 MB. Leave out node_modules and media."))
        return upload

    def clean_chat(self) -> Any:
        chat = self.cleaned_data["chat"]
        if chat and chat.size > MAX_CHAT_BYTES:
            raise forms.ValidationError(_("A chat log has at most 10 MB."))
        return chat

    def options(self) -> dict[str, Any]:
        """The options that were chosen; what was left alone is left out."""
        model = self.cleaned_data["refine"]
        chosen: dict[str, Any] = {"refine": "auto" if model else "off"}
        if model and model != DEFAULT_MODEL:
            chosen["model"] = model
        for name in ("source", "prefix"):
            if self.cleaned_data[name]:
                chosen[name] = self.cleaned_data[name]
        return chosen


class ApplyForm(forms.Form):
    """What is taken over, in whose words. `mode` merge also takes what changed in the project meanwhile."""

    mode = forms.ChoiceField(
        choices=[("apply", "apply"), ("merge", "merge")], required=False, initial="apply"
    )
    message = forms.CharField(
        label=_("Message of the commit"),
        required=False,
        max_length=MAX_MESSAGE,
        help_text=_("Empty: the counts of what was applied."),
    )


class ProjectForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(label=_("Description"), max_length=500, required=False)


class QuotaForm(forms.Form):
    """What a workspace may use in a month; empty is unlimited."""

    monthly_quota = forms.IntegerField(
        label=_("Tokens per month"),
        required=False,
        min_value=0,
        max_value=MOST_TOKENS,
        help_text=_("Empty: unlimited."),
    )
    cost_quota = forms.DecimalField(
        label=_("Costs per month"),
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=10,
        help_text=_("In the platform's currency. Empty: unlimited."),
    )
    max_parallel_calls = forms.IntegerField(
        label=_("Calls at a time"), required=False, min_value=1, max_value=10_000
    )
    on_exhaust = forms.ChoiceField(label=_("When it is used up"), choices=Quota.OnExhaust.choices)
    on_unknown_price = forms.ChoiceField(
        label=_("Models without a price"), choices=Quota.OnUnknownPrice.choices
    )
    anchor_day = forms.IntegerField(label=_("First day of a month"), min_value=1, max_value=31)
    count_own_keys = forms.BooleanField(label=_("Count calls with personal keys"), required=False)
