"""Writing agents: the gallery, one's own in an editor with its versions, sharing, copying, trying, rating."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio.agent_forms import SLIDERS, AgentForm, CodeForm, TrialForm, agents_for, initial_of
from studio.agents import behaviour, rating, saving, sharing, variables
from studio.agents.refusals import AgentRefused, CodeUnknown, NameTaken
from studio.models import Agent, AgentVersion, Work
from studio.prose import differences
from studio.requests import trying
from studio.views import proposing

MOST_OUTPUT = 10**6
WORKS = 50


@require_GET
@needs("agent.view")
def gallery(request: HttpRequest) -> HttpResponse:
    """One's own, the workspace's, the platform's in the language of the page."""
    principal = principal_of(request)
    person = principal.user
    language = "zh" if str(getattr(request, "LANGUAGE_CODE", "zh")).startswith("zh") else "en"
    found = agents_for(principal)
    shown = {
        "own": [one for one in found if person and one.user_id == person.pk],
        "shared": [
            one for one in found if not one.is_builtin and person and one.user_id != person.pk
        ],
        "builtin": [
            one for one in found if one.is_builtin and one.subcategory.endswith(f".{language}")
        ],
        "form": CodeForm(),
        "may_create": principal.may("agent.create"),
    }
    return render(request, "studio/agents.html", shown)


@needs("agent.view")
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One's own agent in its editor, anybody else's to be read."""
    principal = principal_of(request)
    agent = _agent(request, pk)
    mine = Agent.objects.editable_by(principal).filter(pk=pk).exists()
    if not mine:
        return render(request, "studio/agent.html", _around(request, agent, None))
    form = AgentForm(request.POST or None, initial=initial_of(agent))
    if request.method == "POST" and form.is_valid():
        held = Agent.objects.editable_by(principal).select_for_update(of=("self",)).get(pk=pk)
        if _saved(
            form,
            lambda: saving.change(
                principal=principal,
                agent=held,
                values=form.values(),
                note=form.cleaned_data["note"],
            ),
        ):
            messages.success(request, _("Saved."))
            return redirect("studio_agent", pk=pk)
    status = 400 if form.errors else 200
    return render(request, "studio/agent.html", _around(request, agent, form), status=status)


@needs("agent.create")
def new(request: HttpRequest) -> HttpResponse:
    """A new agent, from nothing or from one that can be read."""
    principal = principal_of(request)
    origin = request.GET.get("from")
    pattern = _agent(request, _uuid(origin)) if origin else None
    initial = initial_of(pattern)
    if pattern is not None:
        initial["name"] = _("%(name)s, mine") % {"name": pattern.name}
        initial["is_public"] = False
    form = AgentForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        made: list[Agent] = []
        if _saved(
            form,
            lambda: made.append(
                saving.create(
                    principal=principal, values=form.values(), note=form.cleaned_data["note"]
                )
            ),
        ):
            messages.success(request, _("Saved."))
            return redirect("studio_agent", pk=made[0].pk)
    status = 400 if form.errors else 200
    return render(request, "studio/agent.html", _around(request, None, form), status=status)


@require_POST
@needs("agent.view")
def parameters(request: HttpRequest) -> HttpResponse:
    """What the sliders come to, while they move."""
    form = AgentForm(request.POST)
    form.is_valid()
    given = {
        name: form.cleaned_data[name]
        for name in (*behaviour.SLIDERS, "pacing")
        if name in form.cleaned_data
    }
    shown = {"parameters": behaviour.parameters(given, most_output=MOST_OUTPUT)}
    return render(request, "studio/_parameters.html", shown)


@require_GET
@needs("agent.view")
def versions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the agent was; two of them beside each other."""
    agent = _agent(request, pk)
    rows = list(AgentVersion.objects.filter(agent=agent).order_by("-version"))
    chosen = request.GET.get("with", "")
    other = next((row for row in rows if str(row.version) == chosen), None)
    shown = {
        "agent": agent,
        "versions": rows,
        "other": other,
        "hunks": differences.compare(other.system_prompt, agent.system_prompt) if other else [],
        "mine": Agent.objects.editable_by(principal_of(request)).filter(pk=pk).exists(),
    }
    return render(request, "studio/agent_versions.html", shown)


@require_POST
@needs("agent.update")
def restore(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Write again as that version did."""
    agent = _held(request, pk)
    version = get_object_or_404(AgentVersion, agent=agent, version=number)
    saving.roll_back(principal=principal_of(request), agent=agent, version=version)
    messages.success(request, _("The agent writes again as in version %(n)s.") % {"n": number})
    return redirect("studio_agent", pk=pk)


@require_POST
@needs("agent.update")
def share(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give it a code, or end the one it has."""
    agent = _held(request, pk)
    if request.POST.get("end"):
        sharing.revoke(principal=principal_of(request), agent=agent)
    else:
        sharing.share(principal=principal_of(request), agent=agent)
    return redirect("studio_agent", pk=pk)


@require_POST
@needs("agent.delete")
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    saving.remove(principal=principal_of(request), agent=_held(request, pk))
    messages.success(request, _("The agent lies in the bin for 30 days."))
    return redirect("studio_agents")


@require_POST
@needs("agent.view")
def rate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One's stars for it."""
    stars = request.POST.get("stars", "")
    if stars not in {"1", "2", "3", "4", "5"}:
        raise Http404
    try:
        rating.rate(principal=principal_of(request), agent=_agent(request, pk), stars=int(stars))
        messages.success(request, _("Thank you."))
    except AgentRefused as refused:
        messages.error(request, words(refused))
    return redirect("studio_agent", pk=pk)


@needs("agent.create")
def imported(request: HttpRequest) -> HttpResponse:
    """An agent that somebody shares: looked at first, then copied."""
    form = CodeForm(request.POST or None)
    shown: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        principal = principal_of(request)
        try:
            if request.POST.get("confirm"):
                copy = sharing.take(principal=principal, code=form.cleaned_data["code"])
                messages.success(request, _("The agent is yours now."))
                return redirect("studio_agent", pk=copy.pk)
            shown["agent"] = sharing.find(form.cleaned_data["code"])
        except CodeUnknown:
            form.add_error("code", _("No agent is shared by this code."))
        except NameTaken as refused:
            form.add_error("code", words(refused))
    status = 400 if form.errors else 200
    return render(request, "studio/agent_import.html", shown, status=status)


@require_POST
@needs("model.use")
def attempt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A real call on a sample."""
    form = TrialForm(request.POST)
    agent = _agent(request, pk)
    principal = principal_of(request)
    if not form.is_valid():
        return proposing.fault(request, "validation_error", form)
    work = get_object_or_404(Work.objects.with_right(principal, "ai"), pk=form.cleaned_data["work"])
    try:
        asked = trying.attempt(
            principal=principal, agent=agent, work=work, text=form.cleaned_data["text"]
        )
    except proposing.REFUSALS as error:
        return proposing.refused(request, error)
    shown = {"card": proposing.card(request, asked.request)}
    return render(request, "studio/_request.html", shown)


def _agent(request: HttpRequest, pk: UUID | None) -> Agent:
    return get_object_or_404(Agent.objects.visible_to(principal_of(request)), pk=pk)


def _held(request: HttpRequest, pk: UUID) -> Agent:
    rows = Agent.objects.editable_by(principal_of(request)).select_for_update(of=("self",))
    return get_object_or_404(rows, pk=pk)


def _around(request: HttpRequest, agent: Agent | None, form: AgentForm | None) -> dict[str, Any]:
    principal = principal_of(request)
    given = agent.behavior if agent else {}
    return {
        "agent": agent,
        "form": form,
        "sliders": [(form[name], label) for name, label in SLIDERS.items()] if form else [],
        "parameters": behaviour.parameters(given, most_output=MOST_OUTPUT),
        "variables": variables.FIXED,
        "works": Work.objects.with_right(principal, "ai").order_by("-updated_at")[:WORKS],
        "mine": form is not None,
        "may_create": principal.may("agent.create"),
        "may_rate": agent is not None and agent.user_id != (principal.user and principal.user.pk),
    }


def _saved(form: AgentForm, deed: Any) -> bool:
    """Carry it out; a name that is taken becomes a fault of its field."""
    try:
        deed()
    except NameTaken as refused:
        form.add_error("name", words(refused))
        return False
    return True


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
