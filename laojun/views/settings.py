"""The workspace's settings: a form per setting, where its value comes from, and its history."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.authentication import Principal
from accounts.web.access import needs, principal_of
from laojun import audit, configs
from laojun.audit import Actor
from laojun.configs import Change
from laojun.definitions import GROUPS, InvalidValue, UnknownKey
from laojun.forms import SettingForm

HISTORY = 50


@needs("config.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return _page(request, principal_of(request))


@needs("config.edit")
@require_POST
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Save or reset one setting; a refusal shows the page with what is wrong beside its field."""
    principal = principal_of(request)
    entry = _entry(key, principal)
    form = SettingForm(request.POST, entry=entry)
    reset = "reset" in request.POST
    if not form.is_valid() and not reset:
        return _page(request, principal, refused=form)
    wish = Change(
        key,
        None if reset else form.cleaned_data["value"],
        reset=reset,
        seen=form.data.get(form.add_prefix("seen"), ""),
    )
    try:
        configs.write(
            changes=[wish],
            workspace_id=principal.workspace_id,
            actor=Actor.of_principal(principal),
        )
    except InvalidValue as error:
        form.add_error("value", error.message)
    except configs.Stale as error:
        form.add_error(
            None,
            _("Somebody changed it meanwhile. It is now: %(value)s") % {"value": error.entry.shown},
        )
    else:
        messages.success(request, _("Saved. It holds from the next request on."))
        return redirect("workspace_settings")
    return _page(request, principal, refused=form)


@needs("config.view")
@require_safe
def history(request: HttpRequest, key: str) -> HttpResponse:
    principal = principal_of(request)
    entry = _entry(key, principal)
    rows = list(configs.history(key, principal.workspace_id)[:HISTORY])
    known = audit.names(rows)
    changes = [
        {
            "row": row,
            "actor": known.get(row.actor) or row.get_actor_kind_display(),
            "words": audit.actions.get(row.action) or row.action,
            "before": (row.payload.get("before") or {}).get("value"),
            "after": (row.payload.get("after") or {}).get("value"),
        }
        for row in rows
    ]
    context = {"entry": entry, "changes": changes, "may_edit": principal.may("config.edit")}
    # Beside the settings it is a drawer, by itself a page.
    name = "_setting_history" if request.headers.get("HX-Request") else "setting_history"
    return render(request, f"laojun/{name}.html", context)


@needs("config.edit")
@require_POST
def rollback(request: HttpRequest, key: str) -> HttpResponse:
    """Take one change back."""
    principal = principal_of(request)
    text = request.POST.get("audit_id", "")
    audit_id = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    try:
        configs.rollback(
            key=key,
            audit_id=audit_id,
            workspace_id=principal.workspace_id,
            actor=Actor.of_principal(principal),
        )
    except UnknownKey as error:
        raise Http404 from error
    except (configs.NotRestorable, configs.ScopeNotAllowed):
        messages.error(request, _("The history does not hold this value; enter it again."))
    except InvalidValue as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The earlier value is back."))
    return redirect("workspace_history", key=key)


def _page(
    request: HttpRequest, principal: Principal, *, refused: SettingForm | None = None
) -> HttpResponse:
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in configs.entries(principal.workspace_id):
        form = SettingForm(entry=entry)
        if refused is not None and refused.entry.key == entry.key:
            form = refused
        groups.setdefault(entry.definition.group, []).append({"entry": entry, "form": form})
    context = {
        "groups": [(GROUPS.get(key, key), key, found) for key, found in groups.items()],
        "may_edit": principal.may("config.edit"),
    }
    status = 400 if refused is not None else 200
    return render(request, "laojun/workspace_settings.html", context, status=status)


def _entry(key: str, principal: Principal) -> configs.Entry:
    try:
        return configs.entry(key, principal.workspace_id)
    except UnknownKey as error:
        raise Http404 from error
