"""Roles of a workspace: what each may do, making and changing one's own, and why somebody may do something."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import permissions, roles
from accounts.models import Membership, Role
from accounts.views.explaining import grouped, label, reasons
from accounts.web.access import needs, person_of, principal_of
from accounts.web.asked import number, uuid
from accounts.web.problems import words
from accounts.workspace_forms import RoleForm

REFUSALS = (
    roles.CannotGrant,
    roles.TooManyRoles,
    roles.RoleNameTaken,
    roles.RoleInUse,
    roles.SystemRole,
)
MAX_NAMES = 500


@needs("role.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every role against every permission, and what one chosen member may do."""
    found = list(_visible(request).order_by("workspace_id", "pk"))
    keys = roles.keys_by_role(principal_of(request).workspace_id or 0)
    for role in found:
        role.keys = keys.get(role.pk, set())  # type: ignore[attr-defined]
    people = _people(request)
    chosen = people.filter(user_id=uuid(request.GET.get("member"))).first()
    return render(
        request,
        "workspace/roles.html",
        {
            "roles": found,
            "groups": [
                (area, [{**entry, "marks": _marks(entry["key"], found)} for entry in entries])
                for area, entries in grouped(permissions.in_workspaces())
            ],
            "people": people.order_by("user__username_key")[:MAX_NAMES],
            "chosen": chosen,
            "reasons": chosen and reasons(user_id=chosen.user_id, workspace=chosen.workspace),
            "may_manage": principal_of(request).may("role.manage"),
        },
    )


@needs("role.manage")
def new(request: HttpRequest) -> HttpResponse:
    """A role of one's own, started empty or as a copy."""
    principal = principal_of(request)
    held = principal.permissions()
    template = _visible(request).filter(pk=number(request.GET.get("copy_of"))).first()
    first = {"permissions": sorted(roles.permission_keys(template) & held)} if template else {}
    form = RoleForm(request.POST or None, held=held, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            roles.create(
                workspace_id=principal.workspace_id or 0,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                keys=form.cleaned_data["permissions"],
                held=held,
                by=person_of(request),
            )
        except REFUSALS as error:
            form.add_error(None, words(error))
        else:
            messages.success(request, _("The role is made. Give it to somebody next."))
            return redirect("workspace_roles")
    return _form(request, form)


@needs("role.view")
@require_safe
def detail(request: HttpRequest, role_id: int) -> HttpResponse:
    """One role; whoever holds all of it may change it."""
    role = get_object_or_404(_visible(request), pk=role_id)
    first = {
        "name": role.name,
        "description": role.description,
        "permissions": sorted(roles.permission_keys(role)),
    }
    held = principal_of(request).permissions()
    return _form(request, RoleForm(held=held, initial=first), role)


@needs("role.manage")
@require_POST
def change(request: HttpRequest, role_id: int) -> HttpResponse:
    role = _own(request, role_id)
    held = principal_of(request).permissions()
    form = RoleForm(request.POST, held=held)
    if form.is_valid():
        if request.POST.get("seen") != str(role.version):
            form.add_error(None, _stale(role))
            return _form(request, form, role, status=412)
        try:
            roles.change(
                role=role,
                held=held,
                by=person_of(request),
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                keys=form.cleaned_data["permissions"],
            )
        except REFUSALS as error:
            form.add_error(None, words(error))
        else:
            messages.success(request, _("Saved. It counts for every holder from now on."))
            return redirect("workspace_roles")
    return _form(request, form, role)


@needs("role.manage")
@require_POST
def delete(request: HttpRequest, role_id: int) -> HttpResponse:
    role = _own(request, role_id)
    wanted = number(request.POST.get("replacement"))
    replacement = _visible(request).exclude(pk=role.pk).filter(pk=wanted).first()
    try:
        roles.delete(
            role=role,
            replacement=replacement,
            held=principal_of(request).permissions(),
            by=person_of(request),
        )
    except REFUSALS as error:
        messages.error(request, words(error))
        return redirect("workspace_role", role_id=role_id)
    messages.success(request, _("The role is gone."))
    return redirect("workspace_roles")


def _form(
    request: HttpRequest, form: RoleForm, role: Role | None = None, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    principal = principal_of(request)
    held = principal.permissions()
    current = roles.permission_keys(role) if role else set()
    ticked = set(form["permissions"].value() or ())
    makes = principal.may("role.manage")
    may_manage = makes and (role is None or (not role.is_system and current <= held))
    context = {
        "form": form,
        "role": role,
        "groups": grouped(held if may_manage else current),
        "ticked": ticked,
        "may_make": makes,
        "may_manage": may_manage,
        "above": sorted(label(key) for key in current - held),
        "others": _visible(request).exclude(pk=role.pk if role else None),
        "templates": _visible(request),
        "copied": number(request.GET.get("copy_of")),
    }
    if status == HTTPStatus.OK and form.is_bound and not form.is_valid():
        status = HTTPStatus.BAD_REQUEST
    return render(request, "workspace/role.html", context, status=status)


def _marks(key: str, found: list[Any]) -> list[bool]:
    return [key in role.keys for role in found]


def _visible(request: HttpRequest) -> QuerySet[Role]:
    return Role.objects.grantable_in(principal_of(request).workspace_id)


def _own(request: HttpRequest, role_id: int) -> Role:
    """A role of this workspace, locked; one of the platform does not exist for a change."""
    rows = Role.objects.filter(workspace_id=principal_of(request).workspace_id)
    rows = rows.select_related("workspace", "changed_by").select_for_update(of=("self",))
    return get_object_or_404(rows, pk=role_id)


def _people(request: HttpRequest) -> QuerySet[Membership]:
    mine = Membership.objects.visible_to(person_of(request)).select_related("user", "workspace")
    return mine.filter(workspace_id=principal_of(request).workspace_id)


def _stale(role: Role) -> str:
    by = role.changed_by.username if role.changed_by else "–"
    text = _("%(name)s changed this role meanwhile. Look at the new state, then decide again.")
    return text % {"name": by}
