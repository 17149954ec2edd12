"""The pages of AI models: what is connected here, what each is like, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.authentication import Principal
from accounts.web.access import needs, person_of, principal_of
from accounts.web.problems import words
from laojun.audit import Actor
from laojun.destinations import BlockedAddress
from taishang.catalogue import aliases, connecting, defaults, prices
from taishang.catalogue.refusals import CatalogueRefused, FieldsRefused, ModelInUse
from taishang.model_forms import FaultsForm, ModelForm, PriceForm, VersionForm
from taishang.models import Model, ModelPrice
from taishang.models.catalogue import DEFAULT_ALIAS
from taishang.providers.base import PROVIDERS

SHOWN = 600
PRICES = 20
SCOPES = (
    (Model.Scope.USER, gettext_lazy("Yours alone")),
    (Model.Scope.WORKSPACE, gettext_lazy("Of this workspace")),
    (Model.Scope.PLATFORM, gettext_lazy("Of the platform")),
)


@dataclass
class Card:
    """A model as the overview shows it."""

    model: Model
    names: list[str]
    is_default: bool
    may_edit: bool
    may_choose: bool
    provider: Any

    @property
    def price(self) -> str:
        return price_of(self.model)

    @property
    def state(self) -> tuple[str, str]:
        """Word of the state list and a word of our own."""
        model = self.model
        if model.status == Model.Status.DISABLED:
            return "cancelled", _("off")
        if model.last_test_ok is False:
            return "failed", _("test failed")
        if model.status == Model.Status.DEPRECATED:
            return "needs_you", _("outdated")
        return ("succeeded", _("works")) if model.last_test_ok else ("queued", _("not tried"))


@needs("model.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    found = cards(principal)
    groups = [
        (title, [card for card in found if card.model.scope == scope]) for scope, title in SCOPES
    ]
    context = {
        "groups": [(title, listed) for title, listed in groups if listed],
        "may_connect": principal.may("model.own"),
    }
    return render(request, "models/models.html", context)


@needs("model.view")
def detail(request: HttpRequest, model_id: int) -> HttpResponse:
    """A model: its settings as a form, its prices, what uses it."""
    principal = principal_of(request)
    if request.method != "POST":
        return shown(request, model_of(principal, model_id))
    model = editable(principal, model_id)
    if model is None:
        return render(request, "403.html", status=403)
    form = ModelForm(request.POST, model=model, spec=PROVIDERS[model.provider])
    if not form.is_valid():
        return shown(request, model, form=form)
    if form.cleaned_data["seen"] != str(model.row_version):
        form.add_error(None, _("Somebody changed it meanwhile. Look at it again, then decide."))
        return shown(request, model, form=form)
    if not saved(
        form, lambda: connecting.change(model=model, wishes=form.wishes(), actor=_actor(request))
    ):
        return shown(request, model_of(principal, model_id), form=form)
    messages.success(request, _("Saved."))
    return redirect("model", model_id=model_id)


@needs("model.own")
def version(request: HttpRequest, model_id: int) -> HttpResponse:
    """The next version: what was used stays, the changes go into a row of their own."""
    principal = principal_of(request)
    model = editable(principal, model_id)
    if model is None:
        return render(request, "403.html", status=403)
    spec = PROVIDERS[model.provider]
    form = VersionForm(request.POST if request.method == "POST" else None, model=model, spec=spec)
    made: list[Model] = []

    def deed() -> None:
        wishes = form.wishes()
        move = wishes.pop("move_aliases")
        made.append(
            connecting.new_version(
                model=model,
                wishes=wishes,
                move_aliases=move,
                by=person_of(request),
                actor=_actor(request),
            )
        )

    if request.method == "POST" and form.is_valid() and saved(form, deed):
        messages.success(request, _("%(model)s is here. Try it.") % {"model": made[0]})
        return redirect("model_trial", model_id=made[0].pk)
    context = {"model": model, "form": form}
    status = 400 if form.is_bound else 200
    return render(request, "models/version.html", context, status=status)


@needs("model.own")
@require_POST
def switch(request: HttpRequest, model_id: int) -> HttpResponse:
    """On or off; what is off answers to nobody, what stands in for it is said."""
    status = Model.Status.ACTIVE if request.POST.get("on") == "yes" else Model.Status.DISABLED

    def deed(model: Model) -> str:
        names = [name for name, other in connecting.instead_of(model) if not other]
        connecting.change(model=model, wishes={"status": status}, actor=_actor(request))
        if status == Model.Status.ACTIVE:
            return _("It is switched on.")
        if names:
            return _("It is switched off. Nothing stands in for it under: %(names)s") % {
                "names": ", ".join(names)
            }
        return _("It is switched off.")

    return _done(request, model_id, deed)


@needs("model.own")
@require_POST
def choose(request: HttpRequest, model_id: int) -> HttpResponse:
    """Let it answer when nobody names a model, or no more."""
    principal = principal_of(request)
    model = model_of(principal, model_id)
    if model.scope != Model.Scope.USER and not principal.may("model.manage"):
        return render(request, "403.html", status=403)
    place = principal.workspace_id
    try:
        if request.POST.get("on") == "no":
            defaults.clear_default(model=model, workspace_id=place, actor=_actor(request))
            messages.success(request, _("It is the default no more."))
        else:
            defaults.set_default(
                model=model, workspace_id=place, by=person_of(request), actor=_actor(request)
            )
            messages.success(request, _("%(model)s is the default now.") % {"model": model})
    except CatalogueRefused as refused:
        messages.error(request, words(refused))
    return redirect("models")


@needs("model.own")
@require_POST
def delete(request: HttpRequest, model_id: int) -> HttpResponse:
    """Take a model away that nothing names any more."""

    def deed(model: Model) -> str:
        connecting.remove(model=model, actor=_actor(request))
        return _("%(model)s is deleted.") % {"model": model}

    return _done(request, model_id, deed)


@needs("model.own")
@require_POST
def price(request: HttpRequest, model_id: int) -> HttpResponse:
    """What it costs from now on; of a platform model for this workspace alone."""
    principal = principal_of(request)
    model = model_of(principal, model_id)
    if model.scope != Model.Scope.USER and not principal.may("model.manage"):
        return render(request, "403.html", status=403)
    form = PriceForm(request.POST, model=model)

    def deed() -> None:
        prices.add(
            model=model,
            workspace_id=principal.workspace_id,
            wishes=form.wishes(),
            by=person_of(request),
            actor=_actor(request),
        )

    if form.is_valid() and saved(form, deed):
        messages.success(request, _("The price holds from now on."))
        return redirect("model", model_id=model_id)
    return shown(request, model, price_form=form)


def cards(principal: Principal) -> list[Card]:
    """Every model somebody can see, with its names. Two queries."""
    named: dict[int, list[str]] = {}
    default: dict[str, int] = {}
    for row in aliases.shown_to(principal.workspace_id):
        if row.name == DEFAULT_ALIAS:
            default.setdefault(row.kind, row.model_id)
        else:
            named.setdefault(row.model_id, []).append(row.name)
    rows = Model.objects.visible_to(principal).order_by("name", "-version")[:SHOWN]
    manages = principal.may("model.manage")
    found = []
    for model in rows:
        own = model.scope == Model.Scope.USER
        found.append(
            Card(
                model=model,
                names=named.get(model.pk, []),
                is_default=model.is_default if own else default.get(model.kind) == model.pk,
                may_edit=model.scope != Model.Scope.PLATFORM
                and (principal.may("model.own") if own else manages),
                may_choose=principal.may("model.own") if own else manages,
                provider=PROVIDERS[model.provider].label
                if model.provider in PROVIDERS
                else model.provider,
            )
        )
    return found


def price_of(model: Model) -> str:
    """Per million tokens, or that it is not known."""
    if not model.price_known or model.input_price is None:
        return _("price unknown")
    amounts = [model.input_price, *([] if model.output_price is None else [model.output_price])]
    if not any(amounts):
        return _("free")
    said = " / ".join(_short(amount * 1000) for amount in amounts)
    return _("%(amounts)s %(currency)s per 1M") % {"amounts": said, "currency": model.currency}


def model_of(principal: Principal, model_id: int) -> Model:
    return get_object_or_404(Model.objects.visible_to(principal), pk=model_id)


def editable(principal: Principal, model_id: int) -> Model | None:
    """The model, locked; None who may see but not change it."""
    model_of(principal, model_id)
    rows = Model.objects.editable_by(principal).select_for_update(of=("self",))
    return rows.filter(pk=model_id).first()


def saved(form: FaultsForm, deed: Callable[[], Any]) -> bool:
    """Do it, or show beside its field why not."""
    try:
        with transaction.atomic():
            deed()
    except FieldsRefused as refused:
        form.show(refused.faults)
    except BlockedAddress:
        form.show(
            {
                "base_url": _(
                    "This address may not be reached from here. Use a public one, or ask an operator to open it under Outbound rules."
                )
            }
        )
    except CatalogueRefused as refused:
        form.add_error(None, str(words(refused)))
    else:
        return True
    return False


def shown(
    request: HttpRequest,
    model: Model,
    *,
    form: ModelForm | None = None,
    price_form: PriceForm | None = None,
) -> HttpResponse:
    principal = principal_of(request)
    (card,) = [one for one in cards(principal) if one.model.pk == model.pk]
    spec = PROVIDERS.get(model.provider)
    context = {
        "card": card,
        "model": card.model,
        "form": form or (ModelForm(model=model, spec=spec) if card.may_edit and spec else None),
        "price_form": price_form or (PriceForm(model=model) if card.may_choose else None),
        "prices": [
            (
                row,
                _short(row.input_price * 1000) if row.input_price is not None else "?",
                _short(row.output_price * 1000) if row.output_price is not None else "?",
            )
            for row in ModelPrice.objects.of(model, principal.workspace_id).order_by(
                "-effective_from"
            )[:PRICES]
        ],
        "instead": connecting.instead_of(model),
    }
    refused = form is not None or price_form is not None
    return render(request, "models/model.html", context, status=400 if refused else 200)


def _done(request: HttpRequest, model_id: int, deed: Callable[[Model], str]) -> HttpResponse:
    """Do something to a model that may be changed; say how it went."""
    model = editable(principal_of(request), model_id)
    if model is None:
        return render(request, "403.html", status=403)
    try:
        with transaction.atomic():
            messages.success(request, deed(model))
    except ModelInUse as refused:
        names = ", ".join(one["label"] for one in refused.members["uses"])
        messages.error(request, _("It is still used by: %(names)s") % {"names": names})
        return redirect("model", model_id=model_id)
    except CatalogueRefused as refused:
        messages.error(request, words(refused))
    return redirect("models")


def _actor(request: HttpRequest) -> Actor:
    return Actor.of_principal(principal_of(request))


def _short(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
