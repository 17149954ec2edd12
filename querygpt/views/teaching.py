"""What the pages of terms and examples share: the guard is asked outside the request's transaction, then we write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts import tenancy
from accounts.web import outside
from accounts.web.access import principal_of
from accounts.web.problems import words
from querygpt.knowledge.refusals import KnowledgeRefused


def afterwards(
    request: HttpRequest,
    form: forms.Form,
    *,
    ask: Callable[[], Any],
    write: Callable[[Any], HttpResponse],
    again: Callable[[], HttpResponse],
    field: str | None = None,
) -> HttpResponse:
    """Answer with what `write` makes of what `ask` found, or show the form `again` with what was refused.

    A refusal stands at `field` of the form, with the guard's own words where it has some.
    """
    context = principal_of(request).context

    def answer() -> HttpResponse:
        try:
            found = ask()
            with tenancy.entered(context), transaction.atomic():
                return write(found)
        except KnowledgeRefused as refused:
            reason = refused.members.get("reason", "")
            form.add_error(field if reason else None, f"{words(refused)} {reason}".strip())
        with tenancy.entered(context):
            return again()

    return outside.later(answer)
