"""The first page: for strangers what this is, for people what waits for them, in parts that load by themselves."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from accounts.registry import FirstStep, HomeCard, first_steps, home_cards
from accounts.web import frame
from accounts.web.access import public, signed_in

BANDS = {
    "continue": _("Go on"),
    "running": _("Running"),
    "happened": _("What happened"),
    "left": _("What is left"),
}


@dataclass(frozen=True)
class Step:
    """A first step and whether it is done."""

    label: Any
    url_name: str
    done: bool


@public
def home(request: HttpRequest) -> HttpResponse:
    if request.user.is_anonymous:
        return render(request, "accounts/landing.html", {"demo": frame.of(request).demo})
    bands = [(key, title, _cards(key)) for key, title in BANDS.items()]
    return render(
        request,
        "accounts/home.html",
        {
            "bands": [band for band in bands if band[2]],
            "has_steps": bool(first_steps),
            "name": frame.of(request).name,
        },
    )


@signed_in
def card(request: HttpRequest, key: str) -> HttpResponse:
    """One card, fetched by the page itself, so that a slow or broken one disturbs no other."""
    entry = home_cards.get(key)
    if entry is None:
        raise Http404
    context = entry.build(user=request.user, workspace=_workspace(request))
    return render(request, entry.template, context) if context else HttpResponse()


@signed_in
def steps(request: HttpRequest) -> HttpResponse:
    """The newcomer's checklist; nothing once all of it is done."""
    workspace = _workspace(request)
    listed = [
        Step(step.label, step.url_name, step.is_done(user=request.user, workspace=workspace))
        for step in _ordered(first_steps.values())
    ]
    if all(step.done for step in listed):
        return HttpResponse()
    return render(request, "accounts/_first_steps.html", {"steps": listed})


def _cards(band: str) -> list[HomeCard]:
    return [card for card in _ordered(home_cards.values()) if card.band == band]


def _ordered(entries: list[Any]) -> list[Any]:
    def place(entry: HomeCard | FirstStep) -> int:
        return entry.order

    return sorted(entries, key=place)


def _workspace(request: HttpRequest) -> Workspace:
    visible = Workspace.objects.visible_to(request.user)  # type: ignore[arg-type]
    return get_object_or_404(visible, pk=request.principal.workspace_id)  # type: ignore[attr-defined]
