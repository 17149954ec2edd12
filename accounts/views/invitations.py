"""Inviting people into a workspace, and the page behind an invitation's link."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import invitations, mail, roles
from accounts.authentication import WORKSPACE_SESSION_KEY
from accounts.models import Invitation, Role
from accounts.views.own_workspace import workspace_of
from accounts.web.access import needs, person_of, principal_of, public, signed_in
from accounts.web.lists import cursor_page
from accounts.web.problems import words
from accounts.workspace_forms import InvitationForm

PAGE = 50
REFUSALS = (
    invitations.AlreadyInvited,
    invitations.AlreadyMember,
    invitations.InvitationClosed,
    invitations.InvitationLimit,
    invitations.NotATeam,
    roles.CannotGrant,
)
CLOSED_TO = (
    invitations.AddressUnverified,
    invitations.ForSomebodyElse,
    invitations.InvitationClosed,
    invitations.InvitationLimit,
)


@needs("member.manage")
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return _page(request, InvitationForm(offered=_grantable(request)))


@needs("member.manage")
@never_cache
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Invite an address; where no letter leaves, the answer shows the link this once."""
    form = InvitationForm(request.POST, offered=_grantable(request))
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        made, link = invitations.create(
            workspace_id=principal_of(request).workspace_id or 0,
            email=form.cleaned_data["email"],
            role=form.cleaned_data["role"],
            message=form.cleaned_data["message"],
            held=principal_of(request).permissions(),
            by=person_of(request),
        )
    except REFUSALS as error:
        form.add_error(None, words(error))
        return _page(request, form, status=409)
    return _sent(request, made, link)


@needs("member.manage")
@never_cache
@require_POST
def resend(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    invitation = _locked(request, invitation_id)
    try:
        link = invitations.resend(
            invitation=invitation,
            held=principal_of(request).permissions(),
            by=person_of(request),
        )
    except REFUSALS as error:
        messages.error(request, words(error))
        return redirect("workspace_invitations")
    return _sent(request, invitation, link)


@needs("member.manage")
@require_POST
def revoke(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    try:
        invitations.revoke(invitation=_locked(request, invitation_id), by=person_of(request))
    except invitations.InvitationClosed as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("The invitation is taken back; its link is dead."))
    return redirect("workspace_invitations")


# For those who were invited


@public
@never_cache
@require_safe
def look(request: HttpRequest, token: str) -> HttpResponse:
    """What the link offers. Looking changes nothing: mail scanners follow links."""
    try:
        shown = invitations.look(token=token)
        obstacle: Any = None
        if request.user.is_authenticated:
            invitations.check_answerable(token=token, user=person_of(request))
    except invitations.InvitationUnknown as error:
        raise Http404 from error
    except CLOSED_TO as error:
        obstacle = error
    context = {
        "shown": shown,
        "token": token,
        "obstacle": getattr(obstacle, "code", ""),
        "is_for_me": not isinstance(obstacle, invitations.ForSomebodyElse),
        "here": request.path,
    }
    return render(request, "workspace/invitation.html", context)


@signed_in
@require_POST
def accept(request: HttpRequest, token: str) -> HttpResponse:
    try:
        membership = invitations.accept(token=token, user=person_of(request))
    except invitations.InvitationUnknown as error:
        raise Http404 from error
    except CLOSED_TO as error:
        messages.error(request, words(error))
        return redirect("invitation", token=token)
    request.session[WORKSPACE_SESSION_KEY] = membership.workspace_id
    messages.success(request, _("Welcome. You are working in the new workspace now."))
    return redirect("workspace")


@signed_in
@require_POST
def decline(request: HttpRequest, token: str) -> HttpResponse:
    try:
        invitations.decline(token=token, user=person_of(request))
    except invitations.InvitationUnknown as error:
        raise Http404 from error
    except CLOSED_TO as error:
        messages.error(request, words(error))
    return redirect("invitation", token=token)


def _sent(request: HttpRequest, made: Invitation, link: str) -> HttpResponse:
    if not mail.is_filed():
        messages.success(request, _("A letter is on its way to %(to)s.") % {"to": made.email})
        return redirect("workspace_invitations")
    form = InvitationForm(offered=_grantable(request))
    return _page(request, form, made=made, link=link)


def _page(
    request: HttpRequest,
    form: InvitationForm,
    *,
    made: Invitation | None = None,
    link: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = _visible(request).select_related("role", "invited_by")
    found, following = cursor_page(request, rows, PAGE)
    now = timezone.now()
    context = {
        "rows": [(row, row.state(now), Invitation.State(row.state(now)).label) for row in found],
        "next": following,
        "form": form,
        "made": made,
        "link": link,
        "workspace": workspace_of(request),
        "max_sends": invitations.MAX_SENDS,
        "may_update": principal_of(request).may("workspace.update"),
    }
    return render(request, "workspace/invitations.html", context, status=status)


def _visible(request: HttpRequest) -> QuerySet[Invitation]:
    mine = Invitation.objects.visible_to(person_of(request))
    return mine.filter(workspace_id=principal_of(request).workspace_id)


def _locked(request: HttpRequest, invitation_id: UUID) -> Invitation:
    rows = _visible(request).select_related("workspace", "invited_by")
    return get_object_or_404(rows.select_for_update(of=("self",)), pk=invitation_id)


def _grantable(request: HttpRequest) -> QuerySet[Role]:
    return roles.grantable_by(
        principal_of(request).permissions(), workspace_id=principal_of(request).workspace_id or 0
    )
