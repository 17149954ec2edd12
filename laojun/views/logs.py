"""The workspace's logs: filters, and what one request left behind."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.web.access import needs, principal_of
from accounts.web.asked import words
from accounts.web.lists import cursor_page
from laojun.audit_search import BadQuery
from laojun.logs import searching
from laojun.models import SystemLog

PAGE = 100


@needs("log.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    asked = {name: words(request.GET.get(name)) for name in searching.PARAMETERS}
    context: dict[str, Any] = {
        "asked": asked,
        "levels": SystemLog.Level.choices,
        "is_filtered": any(asked.values()),
    }
    try:
        rows = searching.find(SystemLog.objects.visible_to(principal_of(request)), asked)
        with searching.bounded():
            context["rows"], context["next"] = cursor_page(request, rows, PAGE)
    except BadQuery as error:
        context["error"] = error.message
        return render(request, "laojun/logs.html", context, status=400)
    return render(request, "laojun/logs.html", context)
