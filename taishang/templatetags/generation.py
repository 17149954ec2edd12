"""Words and links of the generation pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from taishang.generation.history import milliseconds
from taishang.models import GenerationJob
from taishang.views import findings

register = template.Library()

APPLIED = {
    "full": ("good", "check", gettext_lazy("applied")),
    "partial": ("info", "check", gettext_lazy("partly applied")),
    "reverted": ("", "undo", gettext_lazy("undone")),
}
WARNINGS = {
    "model_failed": gettext_lazy("The model was of no help; the result is the same as without it."),
    "secret_found": gettext_lazy(
        "A secret was removed. If it was real, replace it where it is used."
    ),
    "quarantined": gettext_lazy("Something failed its check and was taken out:"),
    "adapter_off": gettext_lazy("An adapter is switched off here; the general one did its work."),
}
DETAILED = frozenset({"quarantined", "model_failed"})


@register.simple_tag
def applied_badge(job: GenerationJob) -> str:
    """Whether the job's result stands in its project; nothing while it never did."""
    if job.applied not in APPLIED:
        return ""
    kind, icon, word = APPLIED[job.applied]
    return render_to_string("_partials/badge.html", {"kind": kind, "icon": icon, "word": word})


@register.filter
def warning_words(warning: dict[str, Any]) -> str:
    """A warning as a sentence; unknown codes speak with their own detail."""
    known = WARNINGS.get(str(warning.get("code")))
    detail = str(warning.get("detail") or "")
    if warning.get("items"):
        detail = ", ".join(str(item).partition(":")[2] for item in warning["items"][:5])
    if warning.get("high"):
        return _("A key with full rights was in the export. Replace it now: %s") % warning["kind"]
    if known and detail and warning.get("code") in DETAILED:
        return f"{known} {detail}"
    return str(known or detail or warning.get("code", ""))


@register.filter
def confidence(value: float | None) -> Any:
    return findings.confidence_word(value)


@register.filter
def confidence_kind(value: float | None) -> str:
    return findings.confidence_kind(value)


@register.filter
def words(key: str, table: str) -> Any:
    """The words for a key of one of the tables of `findings`: kind, behaviour, auth, risk, verdict."""
    tables: dict[str, dict[str, Any]] = {
        "kind": findings.KINDS,
        "behaviour": findings.BEHAVIOURS,
        "auth": findings.AUTHS,
        "risk": findings.RISKS,
        "verdict": findings.VERDICTS,
        "reason": findings.RULES,
    }
    return tables[table].get(key, key)


@register.filter
def duration(value: float) -> str:
    return milliseconds(value)


@register.simple_tag
def source_url(job: GenerationJob, place: dict[str, Any]) -> str:
    """Where the side panel finds the lines around a place."""
    query = urlencode({"file": place["file"], "line": place["line"]})
    return f"{reverse('generation_source', args=[job.pk])}?{query}"


@register.simple_tag
def part_url(name: str, job: GenerationJob, **query: Any) -> str:
    return f"{reverse(name, args=[job.pk])}?{urlencode(query)}"
