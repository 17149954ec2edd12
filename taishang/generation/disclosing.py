"""Who may read the sources of a job: the export, the chat log and every line quoted from them."""

from __future__ import annotations

from typing import Any

from accounts.authentication import Principal
from taishang.models import GenerationJob

SOURCES = frozenset({"upload", "chat", "evidence"})


def may_read_sources(principal: Principal, job: GenerationJob) -> bool:
    """Everybody's with the right to; one's own with the right to start jobs."""
    if principal.may("generation.source.view"):
        return True
    own = principal.user is not None and job.user_id == principal.user.pk
    return own and principal.may("generation.create")


def without_excerpts(value: Any) -> Any:
    """The same document without the lines quoted from the export; places (file and line) stay."""
    if isinstance(value, dict):
        return {key: without_excerpts(inner) for key, inner in value.items() if key != "excerpt"}
    if isinstance(value, list):
        return [without_excerpts(inner) for inner in value]
    return value
