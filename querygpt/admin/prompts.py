"""The platform's texts for models in the console: both languages, what differs from the shipped text, reset."""

from __future__ import annotations

import difflib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from querygpt import prompts
from querygpt.drafting import previewing
from querygpt.models import Prompt
from taishang.admin.console import OperatorAdmin, actor, ask


class PromptAdminForm(forms.ModelForm):
    class Meta:
        model = Prompt
        fields = ("content_zh", "content_en", "is_active")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            prompts.check(data)
        except prompts.PlaceholderUnknown as refused:
            names = ", ".join(refused.names)
            self.add_error(refused.field, _("Unknown placeholders: %(names)s") % {"names": names})
        return data


@admin.register(Prompt)
class PromptAdmin(OperatorAdmin):
    """What every workspace's models are told unless it says something else itself."""

    icon = "chat_bubble"
    form = PromptAdminForm
    list_display = ("type", "is_active", "is_shipped", "updated_at")
    ordering = ("type",)
    actions = ("reset",)
    readonly_fields = ("differences_zh", "differences_en", "preview_zh", "preview_en")
    fields = (
        "is_active",
        "content_zh",
        "differences_zh",
        "content_en",
        "differences_en",
        "preview_zh",
        "preview_en",
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Prompt]:
        rows: models.QuerySet[Prompt] = super().get_queryset(request)
        return rows.filter(workspace__isnull=True)

    def save_model(
        self, request: HttpRequest, obj: Prompt, form: PromptAdminForm, change: Any
    ) -> None:
        locked = Prompt.objects.select_for_update().get(pk=obj.pk)
        prompts.change(prompt=locked, given=form.cleaned_data, actor=actor(request))

    @admin.action(description=gettext_lazy("Reset to the shipped text"))
    def reset(self, request: HttpRequest, rows: models.QuerySet[Prompt]) -> HttpResponse | None:
        effect = _("The texts this version of the platform brings hold again.")
        question = ask(request, self, action="reset", effect=effect, rows=rows)
        if question is None:
            for prompt in rows.select_for_update():
                prompts.reset(prompt=prompt, actor=actor(request))
            messages.success(request, _("The shipped texts hold again."))
        return question

    @display(description=gettext_lazy("as shipped"), boolean=True)
    def is_shipped(self, row: Prompt) -> bool:
        return all(
            prompts.content(row, one) == prompts.shipped(row.type, one) for one in prompts.LANGUAGES
        )

    @display(description=gettext_lazy("differs from the shipped text (Chinese)"))
    def differences_zh(self, row: Prompt) -> str:
        return _differences(row, "zh")

    @display(description=gettext_lazy("differs from the shipped text (English)"))
    def differences_en(self, row: Prompt) -> str:
        return _differences(row, "en")

    @display(description=gettext_lazy("Preview (Chinese)"))
    def preview_zh(self, row: Prompt) -> str:
        return _preview(row, "zh")

    @display(description=gettext_lazy("Preview (English)"))
    def preview_en(self, row: Prompt) -> str:
        return _preview(row, "en")


def _differences(row: Prompt, language: str) -> str:
    lines = difflib.unified_diff(
        prompts.shipped(row.type, language).splitlines(),
        prompts.content(row, language).splitlines(),
        lineterm="",
        n=1,
    )
    found = "\n".join(list(lines)[2:])
    return format_html('<pre class="whitespace-pre-wrap">{}</pre>', found) if found else "–"


def _preview(row: Prompt, language: str) -> str:
    shown = previewing.preview(
        prompt=row, language=language, connection=None, question="", reader=None
    )
    text = "\n\n".join(message["content"] for message in shown["messages"])
    return format_html('<pre class="whitespace-pre-wrap">{}</pre>', text)
