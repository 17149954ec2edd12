"""The bell and the page behind it: what you were told, by day, and where each of it leads."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.authentication import WORKSPACE_SESSION_KEY
from accounts.web.access import principal_of, signed_in
from laojun.models import Notification
from laojun.notifications import reading

PAGE = 50
LATEST = 10
UNREAD = "unread"


@signed_in
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    rows = Notification.objects.visible_to(principal_of(request)).select_related("workspace")
    chosen = request.GET.get("type", "")
    if chosen == UNREAD:
        rows = rows.unread()
    elif chosen in Notification.Type.values:
        rows = rows.filter(type=chosen)
    found, following = _page(request, rows)
    context = {
        "days": [(day, list(of_day)) for day, of_day in groupby(found, key=_day)],
        "next": following,
        "chosen": chosen,
        "types": Notification.Type.choices,
        "unread": Notification.objects.visible_to(principal_of(request)).unread().count(),
    }
    return render(request, "laojun/notifications.html", context)


@signed_in
@never_cache
@require_safe
def latest(request: HttpRequest) -> HttpResponse:
    """The last ten, for the bell."""
    return _latest(request)


@signed_in
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    reading.read_some(principal=principal_of(request), before=timezone.now())
    if request.headers.get("HX-Request"):
        return _latest(request)
    return redirect("notifications")


@signed_in
@require_POST
def opened(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """Go where a notice leads, in the workspace it is of; it is read then."""
    row = _mine(request, notification_id)
    reading.set_read(row=row, is_read=True, principal=principal_of(request))
    if row.workspace_id is not None:
        request.session[WORKSPACE_SESSION_KEY] = row.workspace_id
    return redirect(row.link or "notifications")


@signed_in
@require_POST
def set_read(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    is_read = request.POST.get("read", "") == "yes"
    row = _mine(request, notification_id)
    reading.set_read(row=row, is_read=is_read, principal=principal_of(request))
    return redirect("notifications")


@signed_in
@require_POST
def delete(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    reading.delete(row=_mine(request, notification_id), principal=principal_of(request))
    messages.success(request, _("The notice is deleted."))
    return redirect("notifications")


def _latest(request: HttpRequest) -> HttpResponse:
    rows = Notification.objects.visible_to(principal_of(request)).newest_first()
    return render(request, "laojun/_notices.html", {"notices": rows[:LATEST]})


def _page(request: HttpRequest, rows: Any) -> tuple[list[Notification], str | None]:
    """By time and not by key: what was counted up comes to the top again."""
    if cursor := request.GET.get("cursor", ""):
        try:
            before = parse_datetime(cursor)
        except ValueError as error:
            raise Http404 from error
        if before is None or before.tzinfo is None:
            raise Http404
        rows = rows.filter(created_at__lt=before)
    found = list(rows.newest_first()[: PAGE + 1])
    more = len(found) > PAGE
    return found[:PAGE], found[PAGE - 1].created_at.isoformat() if more else None


def _mine(request: HttpRequest, notification_id: UUID) -> Notification:
    rows = Notification.objects.visible_to(principal_of(request))
    return get_object_or_404(rows, pk=notification_id)


def _day(row: Notification) -> Any:
    return timezone.localtime(row.created_at).date()
