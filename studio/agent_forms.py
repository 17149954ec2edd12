"""Forms of the AI's help: what is wanted and where, agents, batches."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.authentication import Principal
from studio.agents import behaviour, variables
from studio.context import parts
from studio.models import Agent, AIRequest
from studio.models.agent import MAX_PROMPT
from studio.requests import tools

MAX_INSTRUCTION = 8_000
LENGTHS = (50, 5_000)
# What the panel offers; outlines of the whole work are asked for on the work's own page.
OFFERED = (
    ("continue", gettext_lazy("Continue at the caret")),
    ("generate", gettext_lazy("Write from an instruction")),
    ("rewrite", gettext_lazy("Rewrite the selection")),
    ("polish", gettext_lazy("Polish the selection")),
    ("expand", gettext_lazy("Expand the selection")),
    ("condense", gettext_lazy("Condense the selection")),
    ("analyze", gettext_lazy("Check this chapter")),
    ("summarize", gettext_lazy("Summarise this chapter")),
    ("outline", gettext_lazy("Outline the work")),
    ("chat", gettext_lazy("Talk about the work")),
)
POLICY = (
    ("text", gettext_lazy("the passage")),
    ("work_card", gettext_lazy("title, genre, style guide")),
    ("entries", gettext_lazy("characters and world")),
    ("synopses", gettext_lazy("synopses")),
    ("tail", gettext_lazy("earlier chapters")),
    ("chat", gettext_lazy("the talk so far")),
)
SLIDERS = {
    "creativity": gettext_lazy("Creativity"),
    "formality": gettext_lazy("Formality"),
    "detailLevel": gettext_lazy("Amount of detail"),
    "emotionLevel": gettext_lazy("Emotion"),
}


class HelpForm(forms.Form):
    """What is wanted. Positions are code points of the chapter at `base_revision`."""

    type = forms.ChoiceField(choices=AIRequest.Type.choices)
    instruction = forms.CharField(required=False, max_length=MAX_INSTRUCTION)
    length = forms.IntegerField(required=False, min_value=LENGTHS[0], max_value=LENGTHS[1])
    agent = forms.UUIDField(required=False)
    model = forms.CharField(required=False, max_length=150)
    variants = forms.IntegerField(required=False, min_value=1, max_value=3)
    range_start = forms.IntegerField(required=False, min_value=0)
    range_end = forms.IntegerField(required=False, min_value=0)
    base_revision = forms.IntegerField(required=False, min_value=0)
    context_sha256 = forms.RegexField(r"^[0-9a-f]{64}\Z", required=False)

    def given(self) -> dict[str, Any]:
        """What was said, with the parts that were shown and then unticked."""
        data = cast("QueryDict", self.data)
        shown, sent = data.getlist("shown"), set(data.getlist("sent"))
        pins = [one for one in data.getlist("pins") if one]
        return {
            **self.cleaned_data,
            "excluded": [key for key in shown if key not in sent],
            "pins": pins,
        }


class ToolForm(forms.Form):
    """What text tools shall do with a passage. Positions are code points of the chapter at `base_revision`."""

    instruction = forms.CharField(required=False, max_length=tools.MOST_WISH)
    range_start = forms.IntegerField(min_value=0)
    range_end = forms.IntegerField(min_value=0)
    base_revision = forms.IntegerField(required=False, min_value=0)


class AgentForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    description = forms.CharField(
        label=gettext_lazy("What it is for"), max_length=1_000, required=False
    )
    output_mode = forms.ChoiceField(
        label=gettext_lazy("It answers with"), choices=Agent.OutputMode.choices
    )
    system_prompt = forms.CharField(
        label=gettext_lazy("Prompt"),
        max_length=MAX_PROMPT,
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    creativity = forms.FloatField(min_value=0, max_value=1)
    formality = forms.FloatField(min_value=0, max_value=1)
    detailLevel = forms.FloatField(min_value=0, max_value=1)  # noqa: N815
    emotionLevel = forms.FloatField(min_value=0, max_value=1)  # noqa: N815
    pacing = forms.ChoiceField(
        label=gettext_lazy("Pace"),
        choices=[
            ("slow", gettext_lazy("slow")),
            ("medium", gettext_lazy("medium")),
            ("fast", gettext_lazy("fast")),
        ],
    )
    knowledge = forms.CharField(
        label=gettext_lazy("What it should know"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One fact a line."),
    )
    context_policy = forms.MultipleChoiceField(
        label=gettext_lazy("What of a work it may be sent"), choices=POLICY, required=False
    )
    model_preference = forms.CharField(
        label=gettext_lazy("Model"),
        max_length=150,
        required=False,
        help_text=gettext_lazy("Empty for the usual one."),
    )
    is_public = forms.BooleanField(
        label=gettext_lazy("Offer it to everybody in this workspace"), required=False
    )
    note = forms.CharField(label=gettext_lazy("What has changed"), max_length=500, required=False)

    def clean_system_prompt(self) -> str:
        text = str(self.cleaned_data["system_prompt"])
        unknown = variables.unknown(text, self.own_variables)
        if unknown:
            names = ", ".join(unknown)
            raise forms.ValidationError(_("Unknown variables: %(names)s") % {"names": names})
        return text

    @property
    def own_variables(self) -> list[str]:
        return list(self.initial.get("own_variables", []))

    def values(self) -> dict[str, Any]:
        """What is said, as an agent keeps it."""
        data = self.cleaned_data
        behavior = {name: data[name] for name in (*behaviour.SLIDERS, "pacing")}
        lines = [line.strip() for line in data["knowledge"].splitlines()]
        plain = ("name", "description", "output_mode", "system_prompt", "model_preference")
        return {
            **{name: data[name] for name in plain},
            "behavior": behavior,
            "knowledge": [line for line in lines if line],
            "context_policy": [name for name in parts.POLICY if name in data["context_policy"]],
            "is_public": data["is_public"],
        }


def initial_of(agent: Agent | None) -> dict[str, Any]:
    """What the form shows of an agent, or of a new one."""
    if agent is None:
        policy = ["work_card", "entries", "synopses", "tail", "text"]
        return {**behaviour.DEFAULT, "context_policy": policy, "output_mode": "prose"}
    return {
        **behaviour.DEFAULT,
        **agent.behavior,
        "name": agent.name,
        "description": agent.description,
        "output_mode": agent.output_mode,
        "system_prompt": agent.system_prompt,
        "knowledge": "\n".join(map(str, agent.knowledge)),
        "context_policy": agent.context_policy,
        "model_preference": agent.model_preference,
        "is_public": agent.is_public,
        "own_variables": [str(one["name"]) for one in agent.variables],
    }


class CodeForm(forms.Form):
    code = forms.CharField(label=gettext_lazy("Share code"), max_length=20)


class TrialForm(forms.Form):
    text = forms.CharField(max_length=4_000)
    work = forms.UUIDField()


class BatchForm(forms.Form):
    """Which chapters are written, and within which limits."""

    chapters = forms.MultipleChoiceField()
    agent = forms.UUIDField(required=False)
    length = forms.IntegerField(
        label=gettext_lazy("Words a chapter"), min_value=LENGTHS[0], max_value=LENGTHS[1]
    )
    instruction = forms.CharField(
        label=gettext_lazy("For every chapter"),
        required=False,
        max_length=MAX_INSTRUCTION,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    max_cost = forms.DecimalField(
        label=gettext_lazy("Costs at most"),
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=4,
    )


def agents_for(principal: Principal) -> list[Agent]:
    """The agents a person may choose from, their own first."""
    rows = Agent.objects.visible_to(principal).defer("system_prompt", "knowledge", "examples")
    return sorted(rows, key=lambda one: (one.is_builtin, one.name, str(one.pk)))
