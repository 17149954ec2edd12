"""Roles and what they hold: the matrix, who may do something, and whether every right has a door."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, get_resolver, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts import permissions, roles
from accounts.admin.base import Console, operator
from accounts.models import Role, UserRole, Workspace
from accounts.registry import permissions as declared
from accounts.web import asked, doors
from accounts.web.asked import number

MAX_HOLDERS = 200


@admin.register(Role)
class RoleAdmin(Console):
    icon = "shield_person"
    list_display = ("name", "key", "is_system", "workspace", "holder_count", "permission_list")
    list_filter = ("is_system",)
    list_select_related = ("workspace",)
    search_fields = ("name_key", "key", "workspace__name_key")
    ordering = ("workspace_id", "name_key")
    fields = readonly_fields = (
        "id",
        "name",
        "key",
        "description",
        "is_system",
        "workspace",
        "permission_list",
        "changed_by",
        "created_at",
        "updated_at",
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("matrix/", view(self.matrix), name="accounts_role_matrix"),
            path("who/", view(self.who), name="accounts_role_who"),
            path("doors/", view(self.doors), name="accounts_role_doors"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        rows: Any = super().get_queryset(request)
        return rows.with_permissions().annotate(held_by=Count("holders", distinct=True))

    def matrix(self, request: HttpRequest) -> HttpResponse:
        """Every permission against the platform's roles, and those of one workspace to change."""
        workspace = Workspace.objects.filter(pk=number(request.GET.get("workspace"))).first()
        if request.method == "POST" and workspace is not None:
            self._save(request, workspace)
            return redirect(f"{reverse('admin:accounts_role_matrix')}?workspace={workspace.pk}")
        system = list(Role.objects.system().with_permissions().order_by("pk"))
        own = list(
            Role.objects.filter(workspace=workspace, is_system=False)
            .with_permissions()
            .order_by("pk")
            if workspace
            else []
        )
        context = {
            "title": _("Who may do what"),
            "system": system,
            "own": own,
            "workspace": workspace,
            "rows": [_matrix_row(key, system, own) for key in declared],
        }
        return self._page(request, "matrix", context)

    def who(self, request: HttpRequest) -> HttpResponse:
        """Who holds a permission, where and by which role."""
        key = asked.words(request.GET.get("key"))
        grants = UserRole.objects.live(timezone.now()).filter(
            role__grants__permission__key=key, role__grants__permission__retired_at__isnull=True
        )
        if text := asked.words(request.GET.get("q")):
            grants = grants.filter(user__username_key__contains=text.casefold())
        holders = grants.select_related("user", "role", "workspace").order_by(
            "workspace_id", "user__username_key"
        )
        context = {
            "title": _("Who can do something"),
            "keys": sorted(declared),
            "key": key,
            "asked": request.GET.get("q", ""),
            "entry": declared.get(key),
            "owners_too": key in permissions.in_workspaces(),
            "holders": list(holders[:MAX_HOLDERS]),
            "most": MAX_HOLDERS,
        }
        return self._page(request, "who", context)

    def doors(self, request: HttpRequest) -> HttpResponse:
        """Rights that nothing asks for, and doors that ask for no right: both must be none."""
        resolver = get_resolver()
        views = [
            (f"{view.__name__} {method}", fault)
            for view, method, fault in doors.undeclared(set(doors.api_views(resolver)))
        ]
        found = [
            (page.route, fault) for page, fault in doors.undeclared_pages(doors.pages(resolver))
        ]
        context = {
            "title": _("Rights and doors"),
            "unused": doors.keys_nobody_asks_for(resolver),
            "open_doors": views + found,
            "keys": len(declared),
            "pages": sum(1 for _page in doors.pages(resolver)),
            "operations": len(set(doors.api_views(resolver))),
        }
        return self._page(request, "doors", context)

    def _save(self, request: HttpRequest, workspace: Workspace) -> None:
        """Write the roles whose boxes changed; one that somebody else changed meanwhile is left."""
        changed = 0
        rows = Role.objects.filter(workspace=workspace, is_system=False)
        for role in rows.select_related("workspace").select_for_update(of=("self",)):
            wanted = set(request.POST.getlist(f"role:{role.pk}")) & permissions.in_workspaces()
            if f"seen:{role.pk}" not in request.POST or wanted == roles.permission_keys(role):
                continue
            if request.POST[f"seen:{role.pk}"] != str(role.version):
                text = _("%(name)s was changed meanwhile and left as it is.")
                messages.warning(request, text % {"name": role.name})
                continue
            roles.change(
                role=role, held=permissions.in_workspaces(), by=operator(request), keys=wanted
            )
            changed += 1
        messages.success(request, _("%(count)d roles changed.") % {"count": changed})

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"admin/accounts/{name}.html", {**frame, **context})

    @display(description=gettext_lazy("holders"), ordering="held_by")
    def holder_count(self, role: Any) -> int:
        return int(role.held_by)

    @display(description=gettext_lazy("permissions"))
    def permission_list(self, role: Any) -> str:
        return ", ".join(role.permission_keys)


def _matrix_row(key: str, system: list[Any], own: list[Any]) -> dict[str, Any]:
    return {
        "key": key,
        "entry": declared[key],
        "fixed": [key in role.permission_keys for role in system],
        "open": [(role, key in role.permission_keys) for role in own],
        "in_workspaces": key in permissions.in_workspaces(),
    }
