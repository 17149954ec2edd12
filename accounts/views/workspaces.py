"""A workspace's own pages: what it is, opening another one, and how it ends."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import lifecycle, members, ownership, tenancy, workspaces
from accounts.authentication import WORKSPACE_SESSION_KEY
from accounts.models import Invitation, Membership, User, Workspace
from accounts.views.own_workspace import freshly, workspace_of
from accounts.web.access import needs, person_of, principal_of, signed_in
from accounts.web.asked import uuid
from accounts.web.problems import words
from accounts.workspace_forms import NameForm

MAX_NAMES = 500


@needs("workspace.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    workspace = workspace_of(request)
    return _overview(request, workspace, NameForm(initial={"name": workspace.name}))


@needs("workspace.update")
@require_POST
def rename(request: HttpRequest) -> HttpResponse:
    workspace = workspace_of(request, lock=True)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _overview(request, workspace, form, status=400)
    if request.POST.get("seen") != str(workspace.version):
        by = workspace.changed_by.username if workspace.changed_by else "–"
        text = _(
            "%(name)s changed the workspace meanwhile. Look at the new state, then decide again."
        )
        form.add_error(None, text % {"name": by})
        return _overview(request, workspace, form, status=412)
    try:
        workspaces.rename(
            workspace=workspace, name=form.cleaned_data["name"], by=person_of(request)
        )
    except workspaces.NameTaken as error:
        form.add_error("name", words(error))
        return _overview(request, workspace, form, status=409)
    messages.success(request, _("Saved."))
    return redirect("workspace")


@needs("workspace.update")
@require_POST
def convert(request: HttpRequest) -> HttpResponse:
    workspaces.convert(workspace=workspace_of(request, lock=True), by=person_of(request))
    messages.success(request, _("It is a team's workspace now. Invite somebody."))
    return redirect("workspace_invitations")


@signed_in
def new(request: HttpRequest) -> HttpResponse:
    """Open a team workspace and go on in it."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = person_of(request)
        try:
            with tenancy.user(person.pk):
                made = workspaces.create(name=form.cleaned_data["name"], owner=person)
        except (workspaces.NameTaken, workspaces.TooManyWorkspaces) as error:
            form.add_error("name", words(error))
        else:
            request.session[WORKSPACE_SESSION_KEY] = made.pk
            return redirect("workspace")
    faulty = form.is_bound and not form.is_valid()
    return render(request, "workspace/new.html", {"form": form}, status=400 if faulty else 200)


# How it ends


@needs("workspace.view")
@require_safe
def end(request: HttpRequest) -> HttpResponse:
    """Leaving, handing over, deleting: each with what keeps somebody from it."""
    workspace = workspace_of(request)
    heirs = User.objects.filter(
        memberships__workspace=workspace, memberships__status=Membership.Status.ACTIVE
    ).exclude(pk=workspace.owner_id)
    return render(
        request,
        "workspace/end.html",
        {
            "workspace": workspace,
            "is_owner": workspace.owner_id == person_of(request).pk,
            "is_team": workspace.kind == Workspace.Kind.TEAM,
            "is_deleting": workspace.status == Workspace.Status.DELETING,
            "is_mine_to_take": workspace.is_offered_to(person_of(request), timezone.now()),
            "heirs": heirs.order_by("username_key")[:MAX_NAMES],
            "grace": lifecycle.GRACE.days,
            "week": ownership.OFFER_LIFE.days,
        },
    )


@needs("workspace.view")
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    rows = Membership.objects.select_related("workspace", "user").select_for_update(of=("self",))
    membership = rows.get(user=person_of(request), workspace_id=principal_of(request).workspace_id)
    try:
        members.leave(membership=membership)
    except (members.OwnerStays, members.PersonalWorkspace) as error:
        messages.error(request, words(error))
        return redirect("workspace_end")
    request.session.pop(WORKSPACE_SESSION_KEY, None)
    messages.success(request, _("You have left %(name)s.") % {"name": membership.workspace.name})
    return redirect("home")


@needs("workspace.transfer")
@require_POST
@freshly
def offer(request: HttpRequest) -> HttpResponse:
    workspace = workspace_of(request, lock=True)
    heir = User.objects.filter(
        pk=uuid(request.POST.get("heir")), memberships__workspace=workspace
    ).first()
    try:
        if heir is None:
            raise ownership.NotAMember
        ownership.offer(workspace=workspace, to=heir, by=person_of(request))
    except (ownership.NotAMember, members.PersonalWorkspace) as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("Offered. It is yours until it is taken over."))
    return redirect("workspace_end")


@needs("workspace.view")
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Take the offer back, or decline it."""
    try:
        ownership.withdraw(workspace=workspace_of(request, lock=True), by=person_of(request))
    except ownership.NoOffer as error:
        messages.error(request, words(error))
    return redirect("workspace_end")


@needs("workspace.view")
@require_POST
@freshly
def take_over(request: HttpRequest) -> HttpResponse:
    try:
        ownership.accept(workspace=workspace_of(request, lock=True), heir=person_of(request))
    except (ownership.NoOffer, workspaces.TooManyWorkspaces, workspaces.NameTaken) as error:
        messages.error(request, words(error))
        return redirect("workspace_end")
    messages.success(request, _("The workspace is yours."))
    return redirect("workspace")


@needs("workspace.delete")
@require_POST
@freshly
def delete(request: HttpRequest) -> HttpResponse:
    """Only with the name typed: what follows cannot be undone after its days."""
    workspace = workspace_of(request, lock=True)
    if request.POST.get("name", "").strip() != workspace.name:
        messages.error(request, _("Type the name of the workspace exactly as it is."))
        return redirect("workspace_end")
    try:
        lifecycle.delete(workspace=workspace, by=person_of(request))
    except members.PersonalWorkspace as error:
        messages.error(request, words(error))
    return redirect("workspace_end")


@needs("workspace.delete", while_frozen=True)
@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    try:
        lifecycle.restore(workspace=workspace_of(request, lock=True), by=person_of(request))
    except lifecycle.NotBeingDeleted as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("Everything is back."))
    return redirect("workspace")


def _overview(
    request: HttpRequest, workspace: Workspace, form: NameForm, *, status: int = 200
) -> HttpResponse:
    principal, now = principal_of(request), timezone.now()
    mine = Membership.objects.filter(workspace=workspace)
    own = mine.with_roles().filter(user=person_of(request)).first()
    invited = Invitation.objects.open(now).filter(workspace=workspace)
    context = {
        "workspace": workspace,
        "form": form,
        "member_count": mine.count(),
        "invited_count": invited.count() if principal.may("member.manage") else None,
        "own": own,
        "is_owner": principal.is_owner,
        "is_team": workspace.kind == Workspace.Kind.TEAM,
        "is_mine_to_take": workspace.is_offered_to(person_of(request), now),
        "may_update": principal.may("workspace.update")
        and workspace.status == Workspace.Status.ACTIVE,
        "may_see_members": principal.may("member.view"),
    }
    return render(request, "workspace/overview.html", context, status=status)
