"""What models are told, as pages: both languages side by side, with the text of the level above behind them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.authentication import Principal
from accounts.web.access import needs, person_of, principal_of
from laojun.audit import Actor
from querygpt import prompts
from querygpt.drafting import previewing
from querygpt.knowledge_forms import PromptForm, prompt_rows
from querygpt.models import Connection, Prompt
from querygpt.models.prompt import MAX_CONTENT

LEVELS = ("user", "workspace")


@require_GET
@needs("connection.view")
def index(request: HttpRequest) -> HttpResponse:
    """Each part of what models are told, and whose text holds."""
    rows = list(Prompt.objects.visible_to(principal_of(request)))
    found = {level: prompt_rows(rows, level) for level in ("user", "workspace")}
    parts = [
        {
            "key": key,
            "label": label,
            "user": found["user"].get(key),
            "workspace": found["workspace"].get(key),
            "text": prompts.effective(rows, _language(request))[key],
        }
        for key, label in Prompt.Type.choices
    ]
    principal = principal_of(request)
    context = {
        "tab": "prompts",
        "parts": parts,
        "may_update": principal.may("prompt.update"),
        "may_manage": principal.may("prompt.manage"),
    }
    return render(request, "query/prompts.html", context)


@needs("prompt.update")
def detail(request: HttpRequest, part: str) -> HttpResponse:
    """One part at one level: write it, reset it, look at the whole prompt."""
    principal = principal_of(request)
    level, key = _named(part)
    if level == "workspace" and not principal.may("prompt.manage"):
        return render(request, "403.html", status=403)
    rows = list(Prompt.objects.visible_to(principal))
    row = prompt_rows(rows, level).get(key)
    form = PromptForm(request.POST or None, initial=prompts.facts(row) if row else None)
    if request.method == "POST" and form.is_valid() and _saved(request, form, row, level, key):
        messages.success(request, _("Saved."))
        return redirect("query_prompt", part=part)
    empty = row or _blank(principal, level, key)
    context = {
        "tab": "prompts",
        "form": form,
        "row": row,
        "part": part,
        "level": level,
        "key": key,
        "label": Prompt.Type(key).label,
        "above": {one: prompts.above(rows, empty, one) for one in prompts.LANGUAGES},
        "placeholders": prompts.PLACEHOLDERS,
        "connections": Connection.objects.visible_to(principal).order_by("name")[:100],
    }
    return render(request, "query/prompt.html", context, status=400 if form.errors else 200)


@require_POST
@needs("prompt.update")
def reset(request: HttpRequest, part: str) -> HttpResponse:
    """Let the level above hold again."""
    principal, (level, key) = principal_of(request), _named(part)
    rows = Prompt.objects.editable_by(principal).filter(type=key, user__isnull=level != "user")
    row = rows.select_for_update().first()
    if row is not None:
        prompts.reset(prompt=row, actor=Actor.of_principal(principal))
        messages.success(request, _("The text of the level above holds again."))
    return redirect("query_prompts")


@require_POST
@needs("connection.view")
def preview(request: HttpRequest, part: str) -> HttpResponse:
    """The whole prompt with what stands in the form, as a model would get it."""
    principal = principal_of(request)
    level, key = _named(part)
    row = _blank(principal, level, key)
    for language in prompts.LANGUAGES:
        field = f"content_{language}"
        setattr(row, field, request.POST.get(field, "")[:MAX_CONTENT])
    try:
        prompts.check(prompts.facts(row))
    except prompts.PlaceholderUnknown as refused:
        fault = _("Unknown placeholders: %(names)s") % {"names": ", ".join(refused.names)}
        return render(request, "query/_preview.html", {"fault": fault})
    language = request.POST.get("language", "zh")
    shown = previewing.preview(
        prompt=row,
        language=language if language in prompts.LANGUAGES else "zh",
        connection=_connection(request),
        question="",
        reader=person_of(request),
    )
    return render(request, "query/_preview.html", {"shown": shown})


def _named(part: str) -> tuple[str, str]:
    """The level and the part of an address like `user-system`. Raises Http404."""
    level, _dash, key = part.partition("-")
    if level not in LEVELS or key not in Prompt.Type.values:
        raise Http404
    return level, key


def _saved(
    request: HttpRequest, form: PromptForm, row: Prompt | None, level: str, key: str
) -> bool:
    principal, given = principal_of(request), dict(form.cleaned_data)
    actor = Actor.of_principal(principal)
    if row is not None:
        locked = Prompt.objects.editable_by(principal).select_for_update().get(pk=row.pk)
        prompts.change(prompt=locked, given=given, actor=actor)
        return True
    try:
        prompts.create(
            workspace_id=principal.workspace_id or 0,
            user=person_of(request) if level == "user" else None,
            given={"type": key, **given},
            actor=actor,
        )
    except prompts.PromptTaken:
        form.add_error(None, _("Somebody wrote this text meanwhile. Look at it, then decide."))
        return False
    return True


def _blank(principal: Principal, level: str, key: str) -> Prompt:
    user = principal.user if level == "user" else None
    return Prompt(workspace_id=principal.workspace_id, user=user, type=key)


def _connection(request: HttpRequest) -> Connection | None:
    try:
        number = UUID(request.POST.get("connection", ""))
    except ValueError:
        return None
    return Connection.objects.visible_to(principal_of(request)).filter(pk=number).first()


def _language(request: HttpRequest) -> Any:
    return "zh" if str(getattr(request, "LANGUAGE_CODE", "zh")).startswith("zh") else "en"
