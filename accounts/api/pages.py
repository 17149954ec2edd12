"""The API described for people and machines: schema, browsable documentation, a page for each problem."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.registry import problems

SCHEMA_FILE = "docs/openapi.yaml"


@require_safe
def schema(request: HttpRequest) -> FileResponse:
    """The committed schema: what the tests compare with the code, so it cannot have drifted."""
    file = Path(settings.BASE_DIR) / SCHEMA_FILE
    return FileResponse(file.open("rb"), content_type="application/vnd.oai.openapi; charset=utf-8")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/api_docs.html")


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """What the `type` of a problem document points at: what happened and how to mend it."""
    found = problems.get(code)
    if found is None:
        raise Http404
    return render(request, "accounts/problem.html", {"problem": found})
