"""The members of a workspace: found, given roles one by one or together, suspended, taken out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts import members, roles
from accounts.members import OwnerStays, Wish
from accounts.models import Membership, Role
from accounts.roles import CannotGrant
from accounts.views.explaining import reasons
from accounts.web import asked
from accounts.web.access import needs, person_of, principal_of
from accounts.web.asked import number, uuid
from accounts.web.lists import cursor_page
from accounts.web.problems import words
from accounts.workspace_forms import GrantForm

PAGE = 50
MAX_AT_ONCE = 100
REFUSALS = (OwnerStays, CannotGrant)


@needs("member.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    found, following = cursor_page(request, _filtered(request), PAGE)
    filters = {name: request.GET.get(name, "") for name in ("q", "role", "status")}
    return render(
        request,
        "workspace/members.html",
        {
            "rows": _shown(request, found),
            "next": following,
            "asked": filters,
            "filtered": any(filters.values()),
            "roles": _offered(request),
            "statuses": Membership.Status.choices,
            "may_manage": principal_of(request).may("member.manage"),
        },
    )


@needs("member.view")
@require_safe
def detail(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """One member: roles, what they allow and why."""
    member = _member(request, user_id)
    return _detail(request, member, GrantForm(offered=_grantable(request), initial=_held(member)))


@needs("member.manage")
@require_POST
def change(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Other roles, or another state, for one member; nothing if somebody was faster."""
    member = _member(request, user_id, lock=True)
    form = GrantForm(request.POST, offered=_grantable(request))
    if not form.is_valid():
        return _detail(request, member, form, status=400)
    if request.POST.get("seen") != str(member.version):
        form.add_error(None, _stale(member))
        return _detail(request, member, form, status=412)
    status = request.POST.get("status")
    wish = Wish(
        roles=tuple(form.cleaned_data["roles"]),
        status=status if status in Membership.Status.values else None,
        expires_at=form.cleaned_data["until"],
    )
    try:
        members.change(membership=member, by=person_of(request), wish=wish, held=_rights(request))
    except REFUSALS as error:
        form.add_error(None, words(error))
        return _detail(request, member, form, status=403)
    messages.success(request, _("Saved. It counts from the next request on."))
    return redirect("workspace_member", user_id=user_id)


@needs("member.manage")
@require_POST
def remove(request: HttpRequest, user_id: UUID) -> HttpResponse:
    member = _member(request, user_id, lock=True)
    try:
        members.remove(membership=member, held=_rights(request), by=person_of(request))
    except REFUSALS as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("%(name)s is out.") % {"name": member.user.username})
    return redirect("workspace_members")


@needs("member.manage")
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What a role for several members would change, before anything is written."""
    chosen = _chosen(request, request.POST.getlist("member"))
    role = _offered(request).filter(pk=number(request.POST.get("role", ""))).first()
    if role is None or not chosen:
        messages.error(request, _("Choose members and the role they shall have."))
        return redirect("workspace_members")
    outlooks = members.outlook(
        memberships=chosen, held=_rights(request), by=person_of(request), wish=Wish((role,))
    )
    return render(
        request,
        "workspace/members_preview.html",
        {
            "role": role,
            "possible": [one for one in outlooks if not one.obstacle and one.changes],
            "same": [one for one in outlooks if not one.obstacle and not one.changes],
            "impossible": [one for one in outlooks if one.obstacle],
        },
    )


@needs("member.manage")
@require_POST
def change_several(request: HttpRequest) -> HttpResponse:
    """Do what the preview showed, except to those who were changed meanwhile."""
    seen = dict(entry.partition(":")[::2] for entry in request.POST.getlist("seen"))
    role = get_object_or_404(_offered(request), pk=number(request.POST.get("role", "")))
    chosen = _chosen(request, list(seen), lock=True)
    done, left = members.change_several(
        seen={one: seen[str(one.user_id)] for one in chosen},
        held=_rights(request),
        by=person_of(request),
        wish=Wish((role,)),
    )
    if done:
        text = ngettext("%(count)d member changed.", "%(count)d members changed.", len(done))
        messages.success(request, text % {"count": len(done)})
    if left:
        names = ", ".join(one.user.username for one in left)
        messages.error(request, _("Not changed, look again: %(names)s") % {"names": names})
    return redirect("workspace_members")


def _detail(
    request: HttpRequest, member: Membership, form: GrantForm, *, status: int = 200
) -> HttpResponse:
    row = _shown(request, [member])[0]
    context = {
        "row": row,
        "form": form,
        "reasons": reasons(user_id=member.user_id, workspace=member.workspace),
        "statuses": Membership.Status.choices,
        "may_manage": row["manageable"],
        "sees_address": _sees_address(request, member),
    }
    return render(request, "workspace/member.html", context, status=status)


def _people(request: HttpRequest) -> Any:
    mine = Membership.objects.visible_to(person_of(request))
    return mine.filter(workspace_id=principal_of(request).workspace_id)


def _filtered(request: HttpRequest) -> Any:
    rows: Any = _people(request).with_roles().select_related("user__profile", "workspace")
    if text := asked.words(request.GET.get("q")):
        rows = rows.named(text)
    if role := number(request.GET.get("role", "")):
        rows = rows.holding(role)
    if (status := request.GET.get("status")) in Membership.Status.values:
        rows = rows.filter(status=status)
    return rows


def _member(request: HttpRequest, user_id: UUID, *, lock: bool = False) -> Membership:
    rows = _people(request).with_roles()
    rows = rows.select_related("user__profile", "workspace", "changed_by")
    return get_object_or_404(
        rows.select_for_update(of=("self",)) if lock else rows, user_id=user_id
    )


def _chosen(request: HttpRequest, ids: list[str], *, lock: bool = False) -> list[Membership]:
    wanted = [found for one in ids[:MAX_AT_ONCE] if (found := uuid(one))]
    rows = _people(request).filter(user_id__in=wanted).select_related("user__profile", "workspace")
    return list((rows.select_for_update(of=("self",)) if lock else rows).order_by("pk"))


def _shown(request: HttpRequest, found: list[Any]) -> list[dict[str, Any]]:
    """Each member with whether the reader may change them, and if not, why."""
    principal = principal_of(request)
    keys = roles.keys_by_role(principal.workspace_id or 0)
    held, shown = principal.permissions(), []
    for member in found:
        theirs = set().union(*(keys.get(role["id"], set()) for role in member.role_list))
        is_owner = member.workspace.owner_id == member.user_id
        above = not is_owner and not theirs <= held
        manageable = principal.may("member.manage") and not is_owner and not above
        shown.append(
            {
                "member": member,
                "is_owner": is_owner,
                "above": above,
                "manageable": manageable,
                "address": member.user.email if _sees_address(request, member) else "",
            }
        )
    return shown


def _sees_address(request: HttpRequest, member: Membership) -> bool:
    principal = principal_of(request)
    return principal.may("member.manage") or member.user_id == person_of(request).pk


def _offered(request: HttpRequest) -> QuerySet[Role]:
    """Every role that can be held here."""
    return Role.objects.grantable_in(principal_of(request).workspace_id).order_by("pk")


def _grantable(request: HttpRequest) -> QuerySet[Role]:
    return roles.grantable_by(
        _rights(request), workspace_id=principal_of(request).workspace_id or 0
    )


def _held(member: Any) -> dict[str, Any]:
    return {"roles": [role["id"] for role in member.role_list]}


def _rights(request: HttpRequest) -> frozenset[str]:
    return principal_of(request).permissions()


def _stale(member: Membership) -> str:
    by = member.changed_by.username if member.changed_by else "–"
    text = _("%(name)s changed this member meanwhile. Look at the new state, then decide again.")
    return text % {"name": by}
