"""The API described for people and machines: the schema and a page to try it out."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.web.access import public

SCHEMA_FILE = "docs/openapi.yaml"


@public
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The committed schema: what the tests compare with the code, so it cannot have drifted."""
    file = Path(settings.BASE_DIR) / SCHEMA_FILE
    return HttpResponse(
        file.read_bytes(), content_type="application/vnd.oai.openapi; charset=utf-8"
    )


@public
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/api_docs.html")
