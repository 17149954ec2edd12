"""Workspaces, as operators see them: their state, what may be done about it, and looking inside with a reason."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import lifecycle, workspaces
from accounts.admin.base import Console, ReasonForm, Rows, operator, with_reason
from accounts.lifecycle import NotBeingDeleted
from accounts.models import Invitation, Membership, Workspace
from accounts.views.limits import of_whole

MORE_DAYS = 7


class MemberRows(Rows):
    model = Membership
    fk_name = "workspace"
    fields = readonly_fields = ("user", "status", "joined_at")
    show_change_link = False


class InvitationRows(Rows):
    model = Invitation
    fk_name = "workspace"
    fields = readonly_fields = ("email", "role", "expires_at", "accepted_at", "revoked_at")
    show_change_link = False


@admin.register(Workspace)
class WorkspaceAdmin(Console):
    icon = "workspaces"
    list_display = ("name", "slug", "kind", "status", "owner", "members", "invited", "created_at")
    list_filter = ("status", "kind", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name_key", "slug", "owner__username_key", "owner__email_key")
    ordering = ("-created_at",)
    fields = readonly_fields = (
        "id",
        "name",
        "slug",
        "kind",
        "status",
        "suspended_reason",
        "deletion_due_at",
        "owner",
        "offered_to",
        "offer_expires_at",
        "changed_by",
        "created_at",
        "updated_at",
    )
    inlines = (MemberRows, InvitationRows)
    actions = ("suspend", "activate", "restore", "extend")
    change_form_before_template = "admin/accounts/workspace.html"

    def get_urls(self) -> list[URLPattern]:
        inside = self.admin_site.admin_view(self.inside)
        return [
            path("<int:pk>/inside/", inside, name="accounts_workspace_inside"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        waiting = Q(
            invitations__accepted_at__isnull=True,
            invitations__declined_at__isnull=True,
            invitations__revoked_at__isnull=True,
        )
        return (
            super()
            .get_queryset(request)
            .annotate(
                member_count=Count("memberships", distinct=True),
                invited_count=Count("invitations", filter=waiting, distinct=True),
            )
        )

    def inside(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What a workspace holds, list by list; the reason is told to its own audit log."""
        workspace = self.get_queryset(request).filter(pk=pk).first()
        if workspace is None:
            raise Http404
        form = ReasonForm(request.POST or None)
        context = {
            **self.admin_site.each_context(request),
            "title": workspace.name,
            "opts": self.opts,
            "workspace": workspace,
            "form": form,
        }
        if request.method == "POST" and form.is_valid():
            note = {"reason": form.cleaned_data["reason"]}
            workspaces.tell(workspace, operator(request), "entered", after=note)
            context |= {"lists": self._lists(request, pk), **of_whole(pk)}
        return TemplateResponse(request, "admin/accounts/inside.html", context)

    def _lists(self, request: HttpRequest, pk: int) -> list[dict[str, Any]]:
        """The lists of the console that this operator may see, narrowed to one workspace."""
        found = []
        for model, page in self.admin_site._registry.items():
            lookup, url = _workspace_lookup(model), _list_url(model)
            if lookup and url and page.has_view_permission(request):
                count = model._default_manager.filter(workspace_id=pk).count()
                name = model._meta.verbose_name_plural
                found.append({"name": name, "count": count, "url": f"{url}?{lookup}={pk}"})
        return found

    @display(description=_("members"), ordering="member_count")
    def members(self, workspace: Any) -> int:
        return int(workspace.member_count)

    @display(description=_("open invitations"), ordering="invited_count")
    def invited(self, workspace: Any) -> int:
        return int(workspace.invited_count)

    @admin.action(description=_("Suspend: readable, nothing can be changed or run"))
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(workspace: Any, reason: str) -> None:
            workspaces.suspend(workspace=workspace, reason=reason, by=operator(request))

        effect = _("Nobody can change or run anything in these workspaces; reading stays.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("Activate: let work go on"))
    def activate(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(workspace: Any, reason: str) -> None:
            workspaces.activate(workspace=workspace, reason=reason, by=operator(request))

        effect = _("Work in these workspaces goes on.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("Restore: take the deletion back"))
    def restore(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(workspace: Any, reason: str) -> None:
            locked = Workspace.objects.select_for_update().get(pk=workspace.pk)
            try:
                lifecycle.restore(workspace=locked, by=operator(request), note=reason)
            except NotBeingDeleted:
                _say_not_being_deleted(request, workspace)

        effect = _("These workspaces come back as they were, with members and keys.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("Give seven more days before it is deleted for good"))
    def extend(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(workspace: Any, reason: str) -> None:
            try:
                lifecycle.extend(
                    workspace=workspace, days=MORE_DAYS, by=operator(request), note=reason
                )
            except NotBeingDeleted:
                _say_not_being_deleted(request, workspace)

        effect = _("The owners of these workspaces have seven more days to restore them.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)


def _say_not_being_deleted(request: HttpRequest, workspace: Any) -> None:
    messages.warning(request, _("%(name)s is not being deleted.") % {"name": workspace})


def _workspace_lookup(model: type[Model]) -> str:
    """By which parameter a list is narrowed to one workspace; empty where rows have none."""
    named = {field.name for field in model._meta.get_fields()}
    if "workspace" in named:
        return "workspace__id__exact"
    return "workspace_id__exact" if "workspace_id" in named else ""


def _list_url(model: type[Model]) -> str:
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    except NoReverseMatch:
        return ""
