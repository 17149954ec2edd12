"""The page for those who write programs: address, keys, models, and programs to begin with."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.models import ApiKey
from accounts.web.access import needs, principal_of
from taishang.catalogue import references
from taishang.catalogue.references import Place
from taishang.models import Kind, Model
from taishang.views import snippets

BASE_PATH = "/api/openai/v1"
RIGHT = "model.use"


@needs(RIGHT)
@never_cache
def developers(request: HttpRequest) -> HttpResponse:
    """What a program must know; `?model=` chooses the one in the examples."""
    principal = principal_of(request)
    models = references.usable(
        Place(principal.workspace_id, principal.user.id if principal.user else None)
    )
    chats = _names(models, Kind.CHAT)
    places = _names(models, Kind.EMBEDDING)
    chosen = request.GET.get("model", "")
    base_url = settings.PUBLIC_URL.rstrip("/") + BASE_PATH
    model = chosen if chosen in chats else next(iter(chats), "")
    context = {
        "base_url": base_url,
        "variable": snippets.KEY_VARIABLE,
        "keys": _keys(request),
        "may_manage_keys": principal.may("api_key.manage"),
        "models": chats,
        "model": model,
        "programs": snippets.chat(base_url, model, _("Say hello in one sentence."))
        if model
        else [],
        "embedding": snippets.embedding(base_url, places[0], _("A cat on a mat"))
        if places
        else None,
    }
    return render(request, "taishang/developers.html", context)


def _names(models: list[Model], kind: str) -> list[str]:
    """What a program writes to mean them, each once, the nearest first."""
    return list(dict.fromkeys(model.name for model in models if model.kind == kind))


def _keys(request: HttpRequest) -> list[ApiKey]:
    """One's own keys in this workspace that may ask models."""
    principal = principal_of(request)
    mine = ApiKey.objects.live(timezone.now()).filter(
        workspace_id=principal.workspace_id, user=principal.user
    )
    return [key for key in mine.order_by("name") if RIGHT in key.scopes]
