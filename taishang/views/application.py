"""Taking a job's result into a project: the plan first, then the commit, the merge, and the way back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.web.access import needs, principal_of
from taishang import projects
from taishang.forms import ApplyForm
from taishang.generation import applying, reading, selecting
from taishang.generation.selecting import Selection
from taishang.models import GenerationJob, ProjectVersion, Task
from taishang.views import failures
from taishang.views.access import job_of

KINDS = ("endpoints", "models", "files")
MAX_CHOSEN = 2_000
REFUSALS = (
    applying.NotSucceeded,
    projects.ProjectBusy,
    projects.VersionDamaged,
    reading.Expired,
    selecting.UnknownItem,
)


@needs("generation.apply")
def application(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET shows what the selection brings along; POST makes the commit."""
    job = job_of(request, pk)
    if request.method == "POST":
        return _apply(request, job)
    if request.GET.get("task"):
        return _waiting(request, job)
    return _plan_page(request, job, ApplyForm(), selection_of(request.GET))


@require_POST
@needs("generation.apply")
def reverse_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Undo everything of this job that stands in its project, in one commit."""
    job = job_of(request, pk)
    try:
        with transaction.atomic():
            found = applying.revert_job(principal=principal_of(request), job=job)
    except (applying.ReversalBlocked, applying.NotSucceeded, projects.ProjectBusy) as refusal:
        messages.error(request, _blocked(refusal))
        return redirect("generation_job", pk=job.pk)
    return _done(request, job, found, _("Undone: the project is as it was before this job."))


def selection_of(values: Any) -> Selection:
    """The check boxes of the review. Nothing ticked means everything."""
    chosen = {kind: values.getlist(kind)[:MAX_CHOSEN] for kind in KINDS}
    return Selection(**chosen)


def _apply(request: HttpRequest, job: GenerationJob) -> HttpResponse:
    form, selection = ApplyForm(request.POST), selection_of(request.POST)
    if not form.is_valid():
        return _plan_page(request, job, form, selection)
    try:
        with transaction.atomic():
            found = applying.apply(
                principal=principal_of(request),
                job=job,
                selection=selection,
                mode=form.cleaned_data["mode"] or applying.APPLY,
                resolutions=_resolutions(request),
                message=form.cleaned_data["message"],
            )
    except applying.BaseMoved as moved:
        return _plan_page(request, job, form, selection, moved=moved)
    except REFUSALS as refusal:
        form.add_error(None, failures.refusal(refusal))
        return _plan_page(request, job, form, selection)
    return _done(request, job, found, _("Applied. It can be undone at any time."))


def _done(
    request: HttpRequest, job: GenerationJob, found: ProjectVersion | Task, said: str
) -> HttpResponse:
    if isinstance(found, Task):
        address = reverse("generation_application", args=[job.pk])
        return redirect(f"{address}?task={found.pk}")
    messages.success(request, said)
    return redirect(f"{reverse('project', args=[found.project.slug])}?version={found.number}")


def _plan_page(
    request: HttpRequest,
    job: GenerationJob,
    form: ApplyForm,
    selection: Selection,
    *,
    moved: applying.BaseMoved | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "job": job,
        "form": form,
        "chosen": [(kind, key) for kind in KINDS for key in getattr(selection, kind)],
        "is_partial": not selection.is_everything,
    }
    try:
        plan = applying.plan(job=job, selection=selection)
    except REFUSALS as refusal:
        context["refusal"] = failures.refusal(refusal)
    else:
        context["plan"] = plan
        context["moved"] = moved.files if moved else plan.base_moved
        context["conflicts"] = moved.conflicts if moved else []
    return render(request, "generation/apply.html", context, status=409 if moved else 200)


def _waiting(request: HttpRequest, job: GenerationJob) -> HttpResponse:
    """A partial application or a merge runs as a task: its progress, then what came of it."""
    tasks = Task.objects.filter(workspace_id=job.workspace_id, type__startswith="generation_")
    text = request.GET["task"]
    task = tasks.filter(pk=text).first() if _is_uuid(text) else None
    context = {"job": job, "task": task, "result": task.result if task else None}
    if task and task.state == Task.State.SUCCEEDED:
        context["version"] = _version_made(job, task)
    partial = bool(request.htmx)  # type: ignore[attr-defined]
    name = "_application_task" if partial else "application_task"
    return render(request, f"generation/{name}.html", context, status=200 if task else 404)


def _version_made(job: GenerationJob, task: Task) -> ProjectVersion | None:
    made = job.versions.select_related("project").filter(created_at__gte=task.created_at)
    return made.order_by("-number").first()


def _resolutions(request: HttpRequest) -> dict[str, list[str]]:
    """Path → a side for each of its conflicts, in their order, from fields `resolution:<number>:<path>`."""
    found: dict[str, dict[int, str]] = {}
    for name, side in request.POST.items():
        kind, _colon, rest = name.partition(":")
        number, _colon, path = rest.partition(":")
        if kind == "resolution" and number.isdecimal() and side in {"ours", "theirs"}:
            found.setdefault(path, {})[int(number)] = side
    return {path: [sides[number] for number in sorted(sides)] for path, sides in found.items()}


def _blocked(refusal: Exception) -> str:
    versions = ", ".join(str(one) for one in _members(refusal).get("versions", []))
    return f"{failures.refusal(refusal)} {versions}".strip()


def _members(error: Exception) -> dict[str, Any]:
    return dict(getattr(error, "members", {}))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def commands_of(version: ProjectVersion) -> str:
    """What to type so that the downloaded project runs."""
    lines = [
        f"unzip {version.project.slug}-v{version.number}.zip -d {version.project.slug}"
        f" && cd {version.project.slug}",
        "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
        ".venv/bin/python manage.py migrate && .venv/bin/python manage.py loaddata fixtures/seed.json",
        ".venv/bin/python manage.py runserver",
    ]
    return "\n".join(lines)


def undo_commands(version: ProjectVersion) -> str:
    """What to run on deployed databases before the undone state is deployed."""
    return "\n".join(projects.migrate_commands(version=version))
