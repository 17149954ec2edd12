"""The API keys that members hold in a workspace: who may act for whom, and ending that."""

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import api_keys
from accounts.models import ApiKey
from accounts.web.access import needs, person_of, principal_of
from accounts.web.lists import cursor_page

PAGE = 50


@needs("member.manage")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    found, following = cursor_page(request, _live(request).select_related("user"), PAGE)
    return render(request, "workspace/keys.html", {"keys": found, "next": following})


@needs("member.manage")
@require_POST
def revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    key = get_object_or_404(_live(request), pk=key_id)
    api_keys.revoke(api_key=key, by=person_of(request))
    messages.success(request, _("The key %(name)s is revoked.") % {"name": key.name})
    return redirect("workspace_keys")


def _live(request: HttpRequest) -> QuerySet[ApiKey]:
    rows = ApiKey.objects.live(timezone.now())
    return rows.filter(workspace_id=principal_of(request).workspace_id)
