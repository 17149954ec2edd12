"""Parts of pages that follow a task: fetched again while it runs, the whole page once it has ended."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def live_part(
    request: HttpRequest, template: str, context: dict[str, Any], *, is_live: bool
) -> HttpResponse:
    """The part for htmx; when the task is over it asks the browser for the page anew, with all its forms."""
    response = render(request, template, context)
    if not is_live:
        response["HX-Refresh"] = "true"
    return response
