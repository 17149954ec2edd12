"""The people of a work as pages: who takes part with which rights, and invitations to be answered."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.web.access import needs, person_of, principal_of
from accounts.web.problems import words
from studio import collaboration
from studio.collaboration import LastOwner
from studio.models import Collaborator, Work
from studio.recording import FieldRefused
from studio.story_forms import InviteForm, PartForm
from studio.views.access import may
from studio.views.stories import answered, page, work_of


@needs("work.view")
def index(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Everybody who takes part, and the form to ask somebody else."""
    work = work_of(request, work_id, "invite" if request.method == "POST" else "read")
    form = InviteForm(request.POST or None)

    def write() -> None:
        name = form.cleaned_data["username"].strip().lstrip("@").casefold()
        user = User.objects.filter(username_key=name, is_active=True).first()
        if user is None:
            raise FieldRefused("username", _("There is no such member."))
        try:
            collaboration.invite(work=work, user=user, by=principal_of(request), **form.wishes())
        except FieldRefused as error:
            raise FieldRefused("username", error.message) from error
        messages.success(request, _("%(name)s is invited.") % {"name": user})

    def again(status: int) -> HttpResponse:
        context = {
            "tab": "people",
            "rows": collaboration.of_work(work),
            "form": form,
            "may_invite": may(request, work, "invite"),
            "me": person_of(request),
        }
        return page(request, "people.html", work, context, status)

    return answered(request, form, write, again, "studio_people", work.pk)


@needs("work.update")
def detail(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """What one person may do."""
    work = work_of(request, work_id, "invite")
    row = _collaborator(work, pk)
    flags = {"can_use_ai": True, "can_export": True}
    form = PartForm(request.POST or None, initial={"role": row.role, **flags, **row.permissions})

    def write() -> None:
        given = form.wishes()
        if "chapters" in row.permissions:
            given["permissions"]["chapters"] = row.permissions["chapters"]
        collaboration.change(collaborator=row, by=principal_of(request), **given)
        messages.success(request, _("Saved."))

    def again(status: int) -> HttpResponse:
        return page(
            request, "person.html", work, {"tab": "people", "row": row, "form": form}, status
        )

    return answered(request, form, write, again, "studio_people", work.pk)


@require_POST
@needs("work.view")
def revoke(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """Take the part away, or leave."""
    work = work_of(request, work_id)
    row = _collaborator(work, pk)
    is_own = row.user_id == person_of(request).pk
    if not is_own:
        work_of(request, work_id, "invite")
    try:
        collaboration.revoke(collaborator=row, by=principal_of(request))
    except LastOwner as error:
        messages.error(request, words(error))
        return redirect("studio_people", work.pk)
    if is_own:
        messages.success(request, _("You no longer take part in “%(work)s”.") % {"work": work})
        return redirect("studio_invitations")
    messages.success(request, _("%(name)s no longer takes part.") % {"name": row.user})
    return redirect("studio_people", work.pk)


@require_GET
@needs("work.view")
def invitations(request: HttpRequest) -> HttpResponse:
    """What one was asked to take part in."""
    rows = collaboration.invitations_of(person_of(request), principal_of(request).workspace_id or 0)
    return render(request, "studio/invitations.html", {"rows": rows.order_by("pk")})


@require_POST
@needs("work.view")
def answer(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Accept or decline."""
    principal = principal_of(request)
    rows = collaboration.invitations_of(person_of(request), principal.workspace_id or 0)
    row = get_object_or_404(rows.select_for_update(of=("self",)), work=work_id)
    if request.POST.get("answer") == "yes":
        collaboration.accept(invitation=row, by=principal)
        messages.success(request, _("You now take part in “%(work)s”.") % {"work": row.work})
        return redirect("studio_work", row.work_id)
    collaboration.revoke(collaborator=row, by=principal)
    messages.success(request, _("The invitation is declined."))
    return redirect("studio_invitations")


def _collaborator(work: Work, pk: UUID) -> Collaborator:
    rows = Collaborator.objects.filter(work=work, revoked_at__isnull=True)
    rows = rows.select_related("user", "work").select_for_update(of=("self",))
    return get_object_or_404(rows, pk=pk)
