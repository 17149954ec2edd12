"""Connecting a model in four steps: whose, how to reach it, does it work, use it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import asdict
from functools import partial

import orjson
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import tenancy
from accounts.web import outside
from accounts.web.access import needs, person_of, principal_of
from laojun import audit
from laojun.audit import Actor
from taishang.catalogue import connecting, defaults, hints
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import CatalogueRefused
from taishang.gateway import trying
from taishang.gateway.asks import Caller
from taishang.gateway.trying import Outcome, Phase, Trial
from taishang.model_forms import ConnectForm, ModelForm
from taishang.models import Kind, Model
from taishang.providers.base import PROVIDERS, ProviderSpec
from taishang.views.models import editable, model_of, saved

LINES = "application/x-ndjson"
# Whom one connects with a key, and what runs on an own machine.
OWN_SERVERS = ("ollama", "openai_compatible", "local")


@needs("model.own")
@require_safe
def providers(request: HttpRequest) -> HttpResponse:
    """Step one: whose model it is."""
    offered = list(PROVIDERS.values())
    groups = [
        (_("With a key"), [one for one in offered if one.key not in OWN_SERVERS]),
        (_("Your own server"), [one for one in offered if one.key in OWN_SERVERS[:2]]),
        (_("On this machine"), [one for one in offered if one.key in OWN_SERVERS[2:]]),
    ]
    context = {
        "groups": [
            (title, [(one, _kinds(one)) for one in listed]) for title, listed in groups if listed
        ],
        "step": 1,
    }
    return render(request, "models/providers.html", context)


@needs("model.own")
def connect(request: HttpRequest, provider: str) -> HttpResponse:
    """Step two: how it is reached. It is kept switched off until it has been tried."""
    spec = PROVIDERS.get(provider)
    if spec is None:
        raise Http404
    kind = request.GET.get("kind", "")
    if kind not in spec.capabilities.kinds:
        kind = _kinds(spec)[0][0]
    principal = principal_of(request)
    form = ConnectForm(
        request.POST if request.method == "POST" else None,
        spec=spec,
        kind=kind,
        may_share=principal.may("model.manage"),
    )
    made: list[Model] = []

    def deed() -> None:
        shared = form.cleaned_data.get("shared")
        made.append(
            connecting.create(
                scope=Model.Scope.WORKSPACE if shared else Model.Scope.USER,
                place=Place(principal.workspace_id, person_of(request).pk),
                wishes=_with_a_free_name(request, form) | {"status": Model.Status.DISABLED},
                by=person_of(request),
                actor=Actor.of_principal(principal),
            )
        )

    if request.method == "POST" and form.is_valid() and saved(form, deed):
        return redirect("model_trial", model_id=made[0].pk)
    context = {
        "spec": spec,
        "kind": kind,
        "kinds": _kinds(spec),
        "form": form,
        "names": hints.names(kind, provider),
        "step": 2,
    }
    return render(request, "models/connect.html", context, status=400 if form.is_bound else 200)


@needs("model.own")
def trial(request: HttpRequest, model_id: int) -> HttpResponse:
    """Steps three and four: does it work? What is wrong is mended in place; what works is put to use."""
    principal = principal_of(request)
    if request.method != "POST":
        return _trial(request, model_of(principal, model_id))
    model = editable(principal, model_id)
    if model is None:
        return render(request, "403.html", status=403)
    form = ModelForm(_completed(request, model), model=model, spec=PROVIDERS[model.provider])
    if not form.is_valid() or not saved(
        form,
        lambda: connecting.change(
            model=model, wishes=form.wishes(), actor=Actor.of_principal(principal)
        ),
    ):
        return _trial(request, model_of(principal, model_id), form=form)
    return redirect("model_trial", model_id=model_id)


@needs("model.use")
@require_POST
def test(request: HttpRequest, model_id: int) -> HttpResponse:
    """One real call, once this request is over: line by line for a script, else as the whole page."""
    principal = principal_of(request)
    model = model_of(principal, model_id)
    actor = Actor.of_principal(principal)
    audit.record(actor=actor, action="model.tested", target=("model", model.pk))
    caller = Caller(trace_id=getattr(request, "trace_id", ""))
    asked = Trial(model, person_of(request), principal.workspace_id, caller)
    if LINES in request.headers.get("Accept", ""):
        return outside.later(partial(_told, asked, translation.get_language()))

    def whole() -> HttpResponseBase:
        outcome = trying.outcome_of(asked)
        with tenancy.entered(principal.context):
            return _trial(request, model_of(principal, model_id), outcome=outcome)

    return outside.later(whole)


@needs("model.own")
@require_POST
def activate(request: HttpRequest, model_id: int) -> HttpResponse:
    """Step four: it is used from now on, as the default if wanted."""
    principal = principal_of(request)
    model = editable(principal, model_id)
    if model is None:
        return render(request, "403.html", status=403)
    actor = Actor.of_principal(principal)
    try:
        connecting.change(model=model, wishes={"status": Model.Status.ACTIVE}, actor=actor)
        if request.POST.get("default"):
            defaults.set_default(
                model=model,
                workspace_id=principal.workspace_id,
                by=person_of(request),
                actor=actor,
            )
    except CatalogueRefused as refused:
        messages.error(request, str(refused))
        return redirect("model_trial", model_id=model_id)
    messages.success(request, _("%(model)s can be used now.") % {"model": model})
    return redirect("models")


def _told(asked: Trial, language: str | None) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_lines(asked, language), content_type=LINES)
    response["Cache-Control"] = "private, no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _lines(asked: Trial, language: str | None) -> AsyncIterator[bytes]:
    """Phases and the outcome, one JSON object a line."""
    steps: AsyncGenerator[Phase | Outcome, None] = trying.steps(asked)
    try:
        while True:
            with translation.override(language):
                step = await anext(steps, None)
            if step is None:
                return
            yield orjson.dumps(asdict(step)) + b"\n"
    finally:
        await steps.aclose()


def _trial(
    request: HttpRequest,
    model: Model,
    *,
    form: ModelForm | None = None,
    outcome: Outcome | None = None,
) -> HttpResponse:
    spec = PROVIDERS.get(model.provider)
    may_edit = Model.objects.editable_by(principal_of(request)).filter(pk=model.pk).exists()
    if form is None and may_edit and spec is not None:
        form = ModelForm(model=model, spec=spec)
    context = {
        "model": model,
        "spec": spec,
        "form": form,
        "outcome": outcome,
        "is_new": model.status == Model.Status.DISABLED and model.first_used_at is None,
        "first": not Model.objects.active().filter(kind=model.kind, is_default=True).exists(),
        "kind_word": model.get_kind_display(),
        "step": 4 if model.last_test_ok else 3,
    }
    refused = form is not None and form.is_bound
    return render(request, "models/trial.html", context, status=400 if refused else 200)


def _completed(request: HttpRequest, model: Model) -> dict[str, str]:
    """What the short form leaves out stays as it is."""
    spec: ProviderSpec = PROVIDERS[model.provider]
    whole = ModelForm(model=model, spec=spec)
    kept = {
        name: value
        for name in whole.fields
        if (value := whole[name].value()) is not None and value is not False
    }
    return {
        **kept,
        **{
            name: value
            for name, value in request.POST.items()
            if name in kept or name in whole.fields
        },
    }


def _with_a_free_name(request: HttpRequest, form: ConnectForm) -> dict[str, object]:
    """The provider's name for it, numbered where somebody here has it already."""
    wishes = form.wishes()
    taken = set(Model.objects.visible_to(principal_of(request)).values_list("name", flat=True))
    name, number = str(wishes["name"]), 2
    while name in taken:
        name = f"{str(wishes['name'])[:95]} {number}"
        number += 1
    return {**wishes, "name": name}


def _kinds(spec: ProviderSpec) -> list[tuple[str, str]]:
    """What its models can be for, chat first."""
    return [(kind.value, str(kind.label)) for kind in Kind if kind.value in spec.capabilities.kinds]
