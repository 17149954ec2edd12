"""What the pages on retention and backups share: work that a worker does, its bar, and who asked for it."""

from collections.abc import Iterable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from accounts import registry
from laojun import audit
from laojun.admin.console import View, actor
from laojun.audit import Target
from laojun.backups import jobs

LIVE = ("queued", "running")


def works(kinds: Iterable[str]) -> list[dict[str, Any]]:
    """How the newest work of each kind stands: what runs, and what failed last. One query each."""
    if registry.latest_work.function is None:
        return []
    found = [
        (registry.jobs[kind].label, registry.latest_work(kind=kind, workspace=None))
        for kind in kinds
    ]
    return [
        {"label": label, "work": work, "is_live": work.state in LIVE}
        for label, work in found
        if work is not None and work.state in {*LIVE, "failed"}
    ]


def ask(request: HttpRequest, kind: str, action: str, /, **payload: Any) -> None:
    """Let a worker do it, and say in the audit log who asked."""
    jobs.ask(kind, payload)
    audit.record(
        actor=actor(request),
        action=action,
        target=Target("job", kind, platform=True),
        details=payload or None,
    )


def posted(view: View) -> View:
    """A method of a console page that changes something: it takes a POST alone."""

    @wraps(view)
    def checked(page: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return view(page, request, *args, **kwargs)

    return checked


def number(request: HttpRequest, name: str) -> int:
    """A row's number that was posted. Raises Http404."""
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)
