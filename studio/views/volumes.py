"""A volume: what is told of it, its place, its way to the bin."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio import bin as wastebin
from studio import ordering, volumes
from studio.forms import VolumeForm
from studio.models import Volume
from studio.views.access import may
from studio.views.places import places_of


@needs("work.view")
def detail(request: HttpRequest, work_id: UUID, volume_id: UUID) -> HttpResponse:
    volume = _volume(request, work_id, volume_id, writes=request.method == "POST")
    shown = {name: getattr(volume, name) for name in VolumeForm.base_fields}
    form = VolumeForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        volumes.change(volume=volume, principal=principal_of(request), wishes=form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("studio_work", work_id=work_id)
    context = {
        "work": volume.work,
        "volume": volume,
        "places": places_of(volume.work),
        "may_write": may(request, volume.work, "write"),
        "form": form,
    }
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "studio/volume.html", context, status=status)


@require_POST
@needs("work.update")
def move(request: HttpRequest, work_id: UUID, volume_id: UUID) -> HttpResponse:
    """One place up or down among the volumes."""
    volume = _volume(request, work_id, volume_id, writes=True)
    rows = list(Volume.objects.alive().filter(work=work_id).in_order())
    at = next(at for at, one in enumerate(rows) if one.pk == volume.pk)
    to = at - 1 if request.POST.get("way") == "up" else at + 1
    if 0 <= to < len(rows):
        beside = rows[to].pk
        before, after = (beside, None) if to < at else (None, beside)
        try:
            ordering.move_volume(
                volume=volume, principal=principal_of(request), before=before, after=after
            )
        except ordering.OrderConflict as error:
            messages.error(request, words(error))
    return redirect("studio_work", work_id=work_id)


@require_POST
@needs("work.update")
def delete(request: HttpRequest, work_id: UUID, volume_id: UUID) -> HttpResponse:
    volume = _volume(request, work_id, volume_id, writes=True)
    wastebin.bin_volume(volume=volume, principal=principal_of(request))
    undo = reverse("studio_bin_restoration", args=["volume", volume.pk])
    messages.success(request, _("The volume is in the bin."), extra_tags=f"undo:{undo}")
    return redirect("studio_work", work_id=work_id)


def _volume(request: HttpRequest, work_id: UUID, pk: UUID, *, writes: bool) -> Volume:
    principal = principal_of(request)
    rows = Volume.objects.editable_by(principal) if writes else Volume.objects.visible_to(principal)
    return get_object_or_404(rows.select_related("work"), pk=pk, work=work_id)
