"""The platform's settings: a form for each group, with sources, overrides, history and the way back."""

from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from accounts import secrets
from accounts.redaction import MASK
from laojun import audit, configs
from laojun.admin.console import OperatorAdmin, actor, in_scope
from laojun.configs import Change, Entry
from laojun.definitions import GROUPS, InvalidValue, UnknownKey, definitions, known
from laojun.forms import SettingForm
from laojun.models import Config

HISTORY = 50
HERE = "admin:laojun_config_changelist"
SEALED = "sealed"


@admin.register(Config)
class ConfigurationAdmin(OperatorAdmin):
    """The list is one page of forms; single rows are never opened."""

    icon = "tune"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("history/<str:key>/", wrap(self.history_of), name="laojun_config_history"),
            path("overrides/", wrap(self.overrides_view), name="laojun_config_overrides"),
            *super().get_urls(),
        ]

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._save(request) if request.method == "POST" else self._page(request, [])

    @in_scope
    def overrides_view(self, request: HttpRequest) -> HttpResponse:
        """Which workspaces have values of their own, key by key."""
        found = configs.overrides()
        places = sorted({place for values in found.values() for place in values}, key=str)
        rows = [
            (definitions.get(key), key, [values.get(place) for place in places])
            for key, values in found.items()
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Values of single workspaces"),
            "opts": self.opts,
            "places": places,
            "rows": rows,
        }
        return TemplateResponse(request, "admin/laojun/overrides.html", context)

    @in_scope
    def history_of(self, request: HttpRequest, key: str) -> HttpResponse:
        """Who changed a setting; a POST takes one change back."""
        if request.method == "POST":
            _take_back(request, key)
            return redirect("admin:laojun_config_history", key=key)
        try:
            rows = list(configs.history(key, None)[:HISTORY])
        except UnknownKey as error:
            raise Http404 from error
        known = audit.names(rows)
        context = {
            **self.admin_site.each_context(request),
            "title": configs.entry(key, None).definition.title,
            "opts": self.opts,
            "changes": [_shown(row, known) for row in rows],
        }
        return TemplateResponse(request, "admin/laojun/config_history.html", context)

    def _save(self, request: HttpRequest) -> HttpResponse:
        """What would change in one group, and once that was seen, write it."""
        group = request.POST.get("group", "")
        forms_of = [
            SettingForm(request.POST, entry=entry)
            for entry in configs.entries(None)
            if entry.definition.group == group
        ]
        if "reset" in request.POST:
            changes = [Change(request.POST["reset"], reset=True)]
        else:
            invalid = [form for form in forms_of if not form.is_valid()]
            if invalid:
                return self._page(request, invalid)
            changes = [change for form in forms_of if (change := change_of(form))]
        if changes and "confirm" not in request.POST:
            return self._preview(request, changes)
        refused = self._write(request, changes, forms_of)
        return self._page(request, refused) if refused else redirect(HERE)

    def _preview(self, request: HttpRequest, changes: list[Change]) -> HttpResponse:
        """Before and after of each change. What was typed for a secret comes back sealed, never in clear."""
        places = configs.overrides()
        context = {
            **self.admin_site.each_context(request),
            "title": _("This will change"),
            "opts": self.opts,
            "rows": [_difference(change, len(places.get(change.key, ()))) for change in changes],
            "fields": _sent_again(request, changes),
        }
        return TemplateResponse(request, "admin/laojun/config_diff.html", context)

    def _write(
        self, request: HttpRequest, changes: list[Change], forms_of: list[SettingForm]
    ) -> list[SettingForm]:
        by_key = {form.entry.key: form for form in forms_of}
        try:
            configs.write(changes=changes, workspace_id=None, actor=actor(request))
        except InvalidValue as error:
            return [faulty(by_key[error.key], error.message)]
        except configs.Stale as error:
            text = _("Somebody changed it meanwhile. It is now: %(value)s")
            return [faulty(by_key[error.entry.key], text % {"value": error.entry.shown})]
        except (UnknownKey, configs.ScopeNotAllowed) as error:
            raise Http404 from error
        messages.success(request, _("Saved. It holds from the next request on."))
        return []

    def _page(self, request: HttpRequest, refused: list[SettingForm]) -> HttpResponse:
        faulty = {form.entry.key: form for form in refused}
        overrides = Counter(
            Config.objects.filter(scope=Config.WORKSPACE).values_list("key", flat=True)
        )
        groups: dict[str, list[dict[str, Any]]] = {}
        for entry in configs.entries(None):
            form = faulty.get(entry.key) or SettingForm(entry=entry)
            groups.setdefault(entry.definition.group, []).append(
                {"entry": entry, "form": form, "overrides": overrides[entry.key]}
            )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Configuration"),
            "opts": self.opts,
            "groups": [(key, GROUPS.get(key, key), found) for key, found in groups.items()],
            "orphans": configs.orphans(),
        }
        return TemplateResponse(
            request, "admin/laojun/configuration.html", context, status=400 if refused else 200
        )


def change_of(form: SettingForm) -> Change | None:
    """The wish behind a field, or None where it shows what is in force already."""
    entry: Entry = form.entry
    value = form.cleaned_data["value"]
    if sealed := form.data.get(form.add_prefix(SEALED)):
        value = secrets.unseal(sealed, place=_preview_place(entry.key))
    unchanged = value == "" if entry.definition.secret else value == entry.value
    return None if unchanged else Change(entry.key, value, seen=form.cleaned_data["seen"])


def _difference(change: Change, overrides: int) -> dict[str, Any]:
    entry = configs.entry(change.key, None)
    secret = entry.definition.secret
    after = entry.definition.default if change.reset else change.value
    return {
        "entry": entry,
        "before": entry.shown,
        "after": (MASK if after else "") if secret else after,
        "reset": change.reset,
        "overrides": overrides,
    }


def _sent_again(request: HttpRequest, changes: list[Change]) -> list[tuple[str, str]]:
    """The fields of the form as they were sent, with secrets sealed."""
    hidden = {
        f"{change.key.replace('.', '-')}-value": change
        for change in changes
        if known(change.key).secret and not change.reset
    }
    fields = []
    for name, values in request.POST.lists():
        if name == "csrfmiddlewaretoken":
            continue
        if name in hidden:
            change = hidden[name]
            sealed = secrets.seal(change.value, place=_preview_place(change.key))
            fields.append((name.removesuffix("value") + SEALED, sealed))
        else:
            fields += [(name, str(value)) for value in values]
    return fields


def _preview_place(key: str) -> str:
    return f"laojun.config-preview:{key}"


def faulty(form: SettingForm, message: Any) -> SettingForm:
    form.is_valid()
    form.add_error("value", forms.ValidationError(str(message)))
    return form


def _take_back(request: HttpRequest, key: str) -> None:
    text = request.POST.get("audit_id", "")
    audit_id = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    try:
        configs.rollback(key=key, audit_id=audit_id, workspace_id=None, actor=actor(request))
    except UnknownKey as error:
        raise Http404 from error
    except (configs.NotRestorable, configs.ScopeNotAllowed):
        messages.error(request, _("The history does not hold this value; enter it again."))
    except InvalidValue as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The earlier value is back."))


def _shown(row: Any, known: dict[str, str]) -> dict[str, Any]:
    return {
        "row": row,
        "actor": known.get(row.actor) or row.get_actor_kind_display(),
        "words": audit.actions.get(row.action) or row.action,
        "before": (row.payload.get("before") or {}).get("value"),
        "after": (row.payload.get("after") or {}).get("value"),
    }
