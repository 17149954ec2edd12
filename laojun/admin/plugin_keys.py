"""The key ring: whom the platform trusts to sign plugins, and what a revocation would hit."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts.models import Workspace
from accounts.web.console import may_act
from laojun.admin.console import OperatorAdmin, actor, in_scope
from laojun.models import PluginInstance, PluginKey
from laojun.plugins import keys, scanning
from laojun.plugins.keys import KeyExists, KeyInvalid, KeyRevoked

STATUSES = {"active": "success", "retired": "warning", "revoked": "danger"}


class KeyForm(forms.Form):
    public_key = forms.CharField(
        label=gettext_lazy("Public key"),
        max_length=60,
        help_text=gettext_lazy("As `plugin_keygen` prints it: 32 bytes in base64."),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=PluginKey.Role.choices)
    owner_name = forms.CharField(
        label=gettext_lazy("Owner"),
        max_length=100,
        help_text=gettext_lazy("The publisher that its packages name."),
    )
    slug_patterns = forms.CharField(
        label=gettext_lazy("May sign"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One slug a line; acme-* means all that begin so."),
    )
    workspace = forms.ModelChoiceField(
        Workspace.objects.none(),
        label=gettext_lazy("Workspace"),
        required=False,
        help_text=gettext_lazy("Empty: the whole platform."),
    )
    not_after = forms.DateTimeField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].queryset = Workspace.objects.order_by("slug")  # type: ignore[attr-defined]


@admin.register(PluginKey)
class PluginKeyAdmin(OperatorAdmin):
    icon = "key"
    list_display = ("key_id", "role", "owner_name", "patterns", "place", "state", "not_after")
    list_filter = ("status", "role")
    list_select_related = ("workspace",)
    search_fields = ("key_id", "owner_name")
    ordering = ("-created_at",)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_act(self, request)

    @display(description=gettext_lazy("may sign"))
    def patterns(self, row: PluginKey) -> str:
        return ", ".join(row.slug_patterns)

    @display(description=gettext_lazy("place"))
    def place(self, row: PluginKey) -> str:
        return str(row.workspace) if row.workspace else _("platform")

    @display(description=gettext_lazy("status"), label=STATUSES)
    def state(self, row: PluginKey) -> tuple[str, str]:
        return row.status, str(row.get_status_display())

    @in_scope
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        if object_id is None:
            return self._add(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        key = get_object_or_404(PluginKey.objects.select_related("workspace"), pk=object_id)
        if request.method == "POST":
            _act(request, PluginKey.objects.select_for_update().get(pk=key.pk))
            return redirect("admin:laojun_pluginkey_change", key.pk)
        signed = keys.signed_with(key)
        running = PluginInstance.objects.filter(
            version__in=[version.pk for version in signed], enabled=True
        )
        context = {
            **self.admin_site.each_context(request),
            "title": key.key_id,
            "opts": self.opts,
            "key": key,
            "signed": signed,
            "running": running.count(),
            "workspaces": running.values("workspace_id").distinct().count(),
            "reasons": PluginKey.Reason.choices,
            "may_act": may_act(self, request),
        }
        return TemplateResponse(request, "admin/laojun/plugin_key.html", context)

    def _add(self, request: HttpRequest) -> HttpResponse:
        """Trust a key."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = KeyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            key = _trusted(request, form)
            if key is not None:
                messages.success(request, _("The key is trusted from now on."))
                return redirect("admin:laojun_pluginkey_change", key.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Trust a key"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/laojun/plugin_package.html", context)


def _trusted(request: HttpRequest, form: KeyForm) -> PluginKey | None:
    given = form.cleaned_data
    workspace = given["workspace"]
    try:
        return keys.add(
            public_key=given["public_key"],
            role=given["role"],
            owner_name=given["owner_name"],
            slug_patterns=[line.strip() for line in given["slug_patterns"].split() if line.strip()],
            workspace_id=workspace.pk if workspace else None,
            not_after=given["not_after"],
            actor=actor(request),
        )
    except KeyInvalid as error:
        form.add_error(error.field, _("This cannot be used."))
    except KeyExists:
        form.add_error("public_key", _("This key is trusted already in this role."))
    return None


def _act(request: HttpRequest, key: PluginKey) -> None:
    """Retire or revoke; what the key signed is judged again at once."""
    try:
        if request.POST.get("deed") == "retire":
            keys.retire(key=key, actor=actor(request))
        else:
            keys.revoke(key=key, reason=request.POST.get("reason", ""), actor=actor(request))
    except KeyInvalid:
        messages.error(request, _("Choose a reason."))
        return
    except KeyRevoked:
        messages.error(request, _("It is revoked already."))
        return
    changed = scanning.recheck(keys.signed_with(key), actor=actor(request))
    messages.success(
        request, _("Done. Versions with another verdict now: %(count)s.") % {"count": changed}
    )
