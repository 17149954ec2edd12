"""Pages of a list on a page: by key, so that what comes meanwhile moves nothing."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest


def cursor_page(
    request: HttpRequest, rows: models.QuerySet[Any], size: int
) -> tuple[list[Any], str | None]:
    """A page of `rows`, newest first by key, and the cursor of the next one. Keys must grow with time."""
    cursor = request.GET.get("cursor", "")
    if cursor:
        field = rows.model._meta.pk
        try:
            rows = rows.filter(pk__lt=field.to_python(cursor))
        except (ValueError, OverflowError, ValidationError) as error:
            raise Http404 from error
    found = list(rows.order_by("-pk")[: size + 1])
    return found[:size], str(found[size - 1].pk) if len(found) > size else None
