"""What models are told: a person's text over the workspace's over the platform's, part by part and by language.

The platform's texts are shipped as files and live in rows that operators change. Rules on safety and form are no
part of any of them: the drafting adds them last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import tenancy
from accounts.models import User
from laojun import audit
from laojun.audit import Actor, Target
from querygpt.models import Prompt
from taishang.catalogue.refusals import constraint_of

SHIPPED = Path(__file__).parent / "prompts_text"
LANGUAGES = ("zh", "en")
TYPES = tuple(Prompt.Type.values)
PLACEHOLDERS = (
    "question",
    "dialect",
    "schema",
    "terms",
    "examples",
    "relationships",
    "history",
    "today",
    "language",
    "error",
    "failed_sql",
    "candidates",
)
# Whatever stands between doubled braces is meant as a placeholder.
BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
ONE_OF_A_LEVEL = "querygpt_prompts_level_uniq"
FACTS = ("type", "name", "content_zh", "content_en", "is_active")


class PromptRefused(Exception):
    """The base of all of them. `code` is a registered problem."""

    code = ""


class PlaceholderUnknown(PromptRefused):
    """A text names something that nothing fills in. `names` are those, `field` the text's column."""

    code = "validation_error"

    def __init__(self, field: str, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.field = field
        self.names = list(names)


class PromptTaken(PromptRefused):
    """There is a text of this part at this level already."""

    code = "prompt_taken"


def texts(*, workspace_id: int | None, user_id: UUID | None, language: str) -> dict[str, str]:
    """The text of each part in one language, from the nearest level that has one. One query."""
    rows = Prompt.objects.reaching(workspace_id, user_id).filter(is_active=True)
    return effective(list(rows), language)


def effective(rows: Sequence[Prompt], language: str) -> dict[str, str]:
    """The same, of rows at hand. A part nobody wrote in this language is the shipped one."""
    found = {name: shipped(name, language) for name in TYPES}
    for row in sorted(rows, key=_nearness):
        if row.is_active and (text := content(row, language)):
            found[row.type] = text
    return found


def above(rows: Sequence[Prompt], row: Prompt, language: str) -> str:
    """What would hold without this row: the text of the level above it."""
    upper = [one for one in rows if one.type == row.type and _nearness(one) < _nearness(row)]
    return effective(upper, language)[row.type]


def content(row: Prompt, language: str) -> str:
    return row.content_zh if language == "zh" else row.content_en


@cache
def shipped(name: str, language: str) -> str:
    """The text this version of the platform brings."""
    return (SHIPPED / f"{name}.{language}.txt").read_text(encoding="utf-8").strip()


def check(given: Mapping[str, Any]) -> None:
    """Raises PlaceholderUnknown for the first text with a name that nothing fills in."""
    for field in ("content_zh", "content_en"):
        named = [name.strip() for name in BRACES.findall(given.get(field) or "")]
        unknown = sorted({name for name in named if name not in PLACEHOLDERS})
        if unknown:
            raise PlaceholderUnknown(field, unknown)


def create(
    *, workspace_id: int, user: User | None, given: Mapping[str, Any], actor: Actor
) -> Prompt:
    """A text of a person's own, or without one of the workspace. Raises PlaceholderUnknown, PromptTaken."""
    check(given)
    prompt = Prompt(workspace_id=workspace_id, user=user, **given)
    try:
        with transaction.atomic():
            prompt.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) == ONE_OF_A_LEVEL:
            raise PromptTaken from error
        raise
    _record("prompt.updated", prompt, actor, before=None, after=facts(prompt))
    return prompt


def change(*, prompt: Prompt, given: Mapping[str, Any], actor: Actor) -> Prompt:
    """`prompt` is locked by the caller. Raises PlaceholderUnknown."""
    check(given)
    before = facts(prompt)
    for name, value in given.items():
        setattr(prompt, name, value)
    prompt.save(update_fields=[*given, "updated_at"])
    prompt.refresh_from_db()
    _record("prompt.updated", prompt, actor, before=before, after=facts(prompt))
    return prompt


def reset(*, prompt: Prompt, actor: Actor) -> None:
    """Back to the level above; a text of the platform back to the shipped one."""
    before = facts(prompt)
    if prompt.workspace_id is None:
        for language in LANGUAGES:
            setattr(prompt, f"content_{language}", shipped(prompt.type, language))
        prompt.is_active = True
        prompt.save(update_fields=["content_zh", "content_en", "is_active", "updated_at"])
        after = facts(prompt)
    else:
        Prompt.objects.filter(pk=prompt.pk).delete()
        after = None
    _record("prompt.reset", prompt, actor, before=before, after=after)


def facts(prompt: Prompt) -> dict[str, Any]:
    return {name: getattr(prompt, name) for name in FACTS}


def after_migrate(*, using: str, **_: Any) -> None:
    """A row for each text of the platform that has none; what operators wrote stays."""
    if using != "owner":
        return
    with tenancy.migration_scope(using):
        rows = Prompt.objects.using(using)
        for name in TYPES:
            told = {f"content_{language}": shipped(name, language) for language in LANGUAGES}
            rows.get_or_create(workspace=None, user=None, type=name, defaults=told)


def _nearness(row: Prompt) -> int:
    """Platform 0, workspace 1, person 2."""
    return int(row.workspace_id is not None) + int(row.user_id is not None)


def _record(
    action: str,
    prompt: Prompt,
    actor: Actor,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    target = Target("prompt", str(prompt.pk), platform=prompt.workspace_id is None)
    audit.record(actor=actor, action=action, target=target, before=before, after=after)
