"""The files page: what is kept, how much room is left, and links that die."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.authentication import Principal
from accounts.web.access import needs, principal_of, public, signed_in
from laojun import configs, delivery, files, links
from laojun.files import Owner
from laojun.forms import LinkForm
from laojun.models import File

PAGE = 50


@needs("file.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    rows = File.objects.visible_to(principal).select_related("user__profile")
    before = request.GET.get("before", "")
    if before:
        rows = rows.filter(pk__lt=_uuid(before))
    found = list(rows.order_by("-pk")[: PAGE + 1])
    context = {
        "files": found[:PAGE],
        "next": found[PAGE - 1].pk if len(found) > PAGE else None,
        "quota": files.quota(_owner(principal)),
        "max_bytes": configs.value("storage.max_file_size", principal.workspace_id),
        "deletable": set(
            File.objects.deletable_by(principal)
            .filter(pk__in=[file.pk for file in found])
            .values_list("pk", flat=True)
        ),
        "may_upload": principal.may("file.upload"),
        "link_form": LinkForm(),
    }
    return render(request, "laojun/files.html", context)


@needs("file.view")
@require_POST
def delete(request: HttpRequest, file_id: UUID) -> HttpResponse:
    file = get_object_or_404(File.objects.deletable_by(principal_of(request)), pk=file_id)
    files.delete(file)
    messages.success(request, _("%(name)s is deleted.") % {"name": file.original_filename})
    return redirect("files")


@needs("file.view")
@require_POST
def link(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Make a link and show it, ready to be copied."""
    file = get_object_or_404(File.objects.visible_to(principal_of(request)), pk=file_id)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return redirect("files")
    made = links.make(file=file, seconds=form.cleaned_data["seconds"])
    address = request.build_absolute_uri(made.path)
    return render(
        request, "laojun/file_link.html", {"file": file, "link": made, "address": address}
    )


@signed_in
@require_safe
def content(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    file = get_object_or_404(File.objects.visible_to(principal_of(request)), pk=file_id)
    return _served(request, file, inline=False)


@public
@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponseBase:
    """A link from somewhere: whoever holds it reads this one file until its hour."""
    try:
        file, inline = links.follow(token)
    except links.LinkDead as error:
        raise Http404 from error
    return _served(request, file, inline=inline)


def _served(request: HttpRequest, file: File, *, inline: bool) -> HttpResponseBase:
    try:
        return delivery.serve(request, file, inline=inline)
    except delivery.RangeUnsatisfiable as error:
        return HttpResponse(status=416, headers=error.headers)


def _owner(principal: Principal) -> Owner:
    user: Any = principal.user
    return Owner(user.id, principal.workspace_id)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
