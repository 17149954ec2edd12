"""Generation jobs in the console: find them, watch them, steer them, and read what they made for a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from accounts import tenancy
from accounts.admin.base import ReasonForm, with_reason
from accounts.tenancy import Context
from laojun import audit
from taishang import steering
from taishang.admin.console import OperatorAdmin, actor, in_scope
from taishang.admin.tasks import STATE_COLOURS
from taishang.generation import correcting, history, reading, submitting
from taishang.generation.options import Options
from taishang.models import GenerationJob, Task

MAX_SHOWN_CHARACTERS = 200_000
DOCUMENTS = [
    ("diff", gettext_lazy("the difference")),
    ("patch", gettext_lazy("the patch")),
    ("log", gettext_lazy("the log of the checks")),
    ("evidence", gettext_lazy("the evidence")),
]


class DocumentForm(ReasonForm):
    """What an operator wants to read of somebody's job, and why."""

    what = forms.ChoiceField(label=gettext_lazy("Read"), choices=DOCUMENTS)


@admin.register(GenerationJob)
class GenerationJobAdmin(OperatorAdmin):
    icon = "experiment"
    list_display = (
        "name",
        "shown_state",
        "shown_progress",
        "source",
        "found",
        "workspace",
        "user",
        "error_code",
        "created_at",
    )
    list_filter = ("task__state", "source", "stage", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("task", "workspace", "user")
    search_fields = ("task__id__exact", "name", "zip_sha256__exact", "user__username")
    ordering = ("-created_at",)
    actions = ("cancel", "retry", "retry_without_model", "erase")
    change_form_before_template = "admin/taishang/generation_job.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "workspace", "user"),
                    ("source", "source_score", "framework"),
                    ("project", "parent", "core_version"),
                    ("zip_bytes", "kept_files", "ignored_files"),
                    ("created_at", "updated_at"),
                )
            },
        ),
        (
            gettext_lazy("What it is known by"),
            {
                "classes": ["collapse"],
                "fields": (
                    "zip_sha256",
                    "chat_sha256",
                    "tree_sha256",
                    "diff_sha256",
                    "shown_adapters",
                ),
            },
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Jobs change through deeds alone; the page opens for reading."""
        return bool(obj is None and super().has_change_permission(request, obj))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[GenerationJob]:
        rows = super().get_queryset(request).select_related("task")
        return rows.defer("diff", "verification", "warnings", "languages")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/part/", view(self.part), name="generation_job_part"),
            path("<uuid:pk>/document/", view(self.document), name="generation_job_document"),
        ]
        return [*own, *super().get_urls()]

    # Pages

    @in_scope
    def part(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The live part of one job's page."""
        job = self.get_object(request, str(pk))
        context = self._job_context(job) if job else {}
        return TemplateResponse(request, "admin/taishang/_generation_job.html", context)

    @in_scope
    def document(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Read what a job made. It belongs to a workspace, so the reason goes into the audit log first."""
        job = self.get_object(request, str(pk))
        form = DocumentForm(request.POST or None, initial={"what": request.GET.get("what")})
        text = ""
        if job is not None and form.is_valid():
            text = self._read(request, job, **form.cleaned_data)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Read what a job made"),
            "job": job,
            "form": form,
            "text": text[:MAX_SHOWN_CHARACTERS],
            "cut": len(text) > MAX_SHOWN_CHARACTERS,
        }
        return TemplateResponse(request, "admin/taishang/generation_document.html", context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        def shown() -> HttpResponse:
            job = self.get_object(request, object_id or "")
            context = {**(extra_context or {}), **(self._job_context(job) if job else {})}
            return super(GenerationJobAdmin, self).changeform_view(
                request, object_id, form_url, context
            )

        return in_scope(shown)()

    # Deeds: each states its effect and asks for a reason

    @admin.action(description=gettext_lazy("Cancel"))
    def cancel(self, request: HttpRequest, rows: models.QuerySet) -> HttpResponse | None:
        effect = _("Waiting jobs end at once; running ones are stopped within seconds.")
        return self._each(request, rows, effect, self._cancel)

    @admin.action(description=gettext_lazy("Try again"))
    def retry(self, request: HttpRequest, rows: models.QuerySet) -> HttpResponse | None:
        effect = _("Failed and cancelled jobs go back into the queue with the same input.")
        return self._each(request, rows, effect, self._retry)

    @admin.action(description=gettext_lazy("Try again without a model"))
    def retry_without_model(
        self, request: HttpRequest, rows: models.QuerySet
    ) -> HttpResponse | None:
        effect = _("A corrected job that asks no model follows each; the old ones stay.")
        return self._each(request, rows, effect, self._without_model)

    @admin.action(description=gettext_lazy("Erase sources and results"))
    def erase(self, request: HttpRequest, rows: models.QuerySet) -> HttpResponse | None:
        effect = _(
            "Exports, chat logs and all that was made from them are erased. What was applied to a"
            " project stays there. This cannot be undone."
        )
        return self._each(request, rows, effect, self._erase)

    # Columns

    @display(description=gettext_lazy("state"), label=STATE_COLOURS, ordering="task__state")
    def shown_state(self, job: GenerationJob) -> tuple[str, str]:
        return job.task.state, str(Task.State(job.task.state).label)

    @display(description=gettext_lazy("progress"), ordering="task__progress")
    def shown_progress(self, job: GenerationJob) -> SafeString:
        return format_html(
            '<progress class="bar" max="100" value="{}" aria-label="{}"></progress>',
            job.task.progress,
            job.task.progress_message or f"{job.task.progress} %",
        )

    @display(description=gettext_lazy("found"))
    def found(self, job: GenerationJob) -> str:
        if "endpoints" not in job.summary:
            return "–"
        counts = {name: job.summary.get(name, 0) for name in ("endpoints", "models")}
        return _("%(endpoints)d endpoints, %(models)d models") % counts

    @display(description=gettext_lazy("code"), ordering="task__error_code")
    def error_code(self, job: GenerationJob) -> str:
        return job.task.error_code or "–"

    @display(description=gettext_lazy("adapters switched off"))
    def shown_adapters(self, job: GenerationJob) -> str:
        return ", ".join(job.adapters.get("off", [])) or "–"

    # How

    def _job_context(self, job: GenerationJob) -> dict[str, Any]:
        return {
            "job": job,
            "task": job.task,
            "progress": history.progress_of(job),
            "error": job.summary.get("error"),
        }

    def _each(
        self,
        request: HttpRequest,
        rows: models.QuerySet,
        effect: str,
        deed: Callable[[HttpRequest, GenerationJob, str], None],
    ) -> HttpResponse | None:
        return with_reason(
            self,
            request,
            rows,
            effect=effect,
            run=lambda job, reason: self._try(request, job, reason, deed),  # type: ignore[arg-type]
        )

    def _try(
        self,
        request: HttpRequest,
        job: GenerationJob,
        reason: str,
        deed: Callable[[HttpRequest, GenerationJob, str], None],
    ) -> None:
        try:
            deed(request, job, reason)
        except (
            steering.TaskNotCancellable,
            steering.TaskNotRetryable,
            steering.LiveTwin,
            submitting.NotRevisable,
            submitting.TooManyJobs,
            submitting.AdapterDisabled,
        ):
            text = _("%(name)s: its state does not allow this.") % {"name": job.name}
            messages.warning(request, text)

    def _cancel(self, request: HttpRequest, job: GenerationJob, reason: str) -> None:
        steering.cancel(task=job.task, by=actor(request), reason=reason)

    def _retry(self, request: HttpRequest, job: GenerationJob, reason: str) -> None:
        steering.retry(task=job.task, by=actor(request))
        self._note(request, "task.retry", job, reason)

    def _without_model(self, request: HttpRequest, job: GenerationJob, reason: str) -> None:
        options = Options.model_validate({**job.options, "refine": "off"})
        with self._inside(request, job):
            correcting.revise(
                principal=_acting_in(request, job), parent=job, edits=[], options=options
            )
        self._note(request, "generation_job.revise", job, reason)

    def _erase(self, request: HttpRequest, job: GenerationJob, reason: str) -> None:
        if job.task.is_live:
            raise steering.TaskNotCancellable
        self._note(request, "generation_job.delete", job, reason)
        with self._inside(request, job):
            submitting.erase(principal=_acting_in(request, job), job=job)

    def _read(self, request: HttpRequest, job: GenerationJob, *, what: str, reason: str) -> str:
        details = {"what": what, "reason": reason}
        target = ("generation_job", job.pk)
        with self._inside(request, job):
            audit.record(
                actor=actor(request),
                action="generation_job.download_source",
                target=target,
                details=details,
            )
            try:
                if what == "diff":
                    found = reading.diff(job=job)
                    return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()
                kind = reading.DOWNLOADS[what]
                return reading.artifact(job=job, kind=kind).decode(errors="replace")
            except (reading.NotReady, reading.Expired):
                messages.info(request, _("It is not there: not made yet, or kept no longer."))
                return ""

    def _inside(self, request: HttpRequest, job: GenerationJob) -> Any:
        """The job's own workspace, so that what is done there stands in its own records."""
        return tenancy.entered(Context(user_id=request.user.pk, workspace_id=job.workspace_id))

    def _note(self, request: HttpRequest, action: str, job: GenerationJob, reason: str) -> None:
        with self._inside(request, job):
            audit.record(
                actor=actor(request),
                action=action,
                target=("generation_job", job.pk),
                details={"reason": reason},
            )


def _acting_in(request: HttpRequest, job: GenerationJob) -> Any:
    """The operator's principal, placed in the job's workspace."""
    principal = request.principal  # type: ignore[attr-defined]
    return type(principal)(
        kind=principal.kind,
        user=principal.user,
        session_id=principal.session_id,
        workspace_id=job.workspace_id,
        context=Context(user_id=principal.user.pk, workspace_id=job.workspace_id),
    )
