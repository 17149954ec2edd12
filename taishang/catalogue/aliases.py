"""Names that stand for models: every move is a revision, and going back is one too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from laojun import audit
from laojun.audit import Actor
from taishang.catalogue.refusals import (
    AliasMoved,
    FieldsRefused,
    LimitReached,
    ModelNotFound,
    constraint_of,
)
from taishang.models import Model, ModelAlias
from taishang.models.catalogue import (
    ALIAS_PATTERN,
    DEFAULT_ALIAS,
    MAX_FALLBACKS,
    ModelAliasQuerySet,
)

MOST_ALIASES = 50
# What the database says, by its constraint, and the field it says it of.
FAULTS = {
    "tai_model_aliases_model_id_reach": "model",
    "tai_model_aliases_fallbacks": "fallbacks",
}


@dataclass(frozen=True)
class Name:
    """An alias in its place: the workspace it belongs to, or the platform (None). One for each kind of model."""

    name: str
    kind: str
    workspace_id: int | None

    def revisions(self) -> ModelAliasQuerySet:
        return ModelAlias.objects.revisions(self.workspace_id, self.name, self.kind)


@dataclass(frozen=True)
class Target:
    """Where an alias leads: a model, what stands in for it, and the alias to go on with when costs are used up."""

    model: Model
    fallbacks: Sequence[int] = ()
    on_quota: str | None = None
    reason: str = ""


def move(
    *,
    name: Name,
    target: Target,
    by: User | None,
    actor: Actor,
    seen: int | None = None,
    action: str = "alias.moved",
) -> ModelAlias:
    """Let a name of a place (None: the platform) stand for a model from now on; returns the new revision.

    `seen` is the revision the mover saw (0: none yet). `@default` moves the flag of the default along. Raises
    FieldsRefused, AliasMoved, LimitReached.
    """
    judge(name, target)
    before = name.revisions().current().first()
    last = name.revisions().aggregate(n=Max("revision"))["n"]
    if seen is not None and seen != (before.revision if before else 0):
        raise AliasMoved(before.revision if before else 0)
    if before is None:
        _check_room(name.workspace_id)
    now = timezone.now()
    try:
        with transaction.atomic():
            # The second of two movers waits here for the first, and then finds nothing to close.
            if before and not _close(before, now):
                raise AliasMoved(before.revision + 1)
            row = ModelAlias.objects.create(
                workspace_id=name.workspace_id,
                name=name.name,
                kind=name.kind,
                revision=(last or 0) + 1,
                model=target.model,
                fallback_ids=list(target.fallbacks),
                on_quota=target.on_quota,
                reason=target.reason,
                changed_by=by,
                valid_from=now,
            )
    except IntegrityError as error:
        raise _as_refusal(error, (last or 0) + 1) from error
    if name.name == DEFAULT_ALIAS:
        _flag(name, target.model)
    _record(actor, action, row, before)
    return row


def rollback(
    *,
    name: Name,
    revision: int,
    by: User | None,
    actor: Actor,
    seen: int | None = None,
) -> ModelAlias:
    """A new revision that says what an earlier one said. Raises ModelNotFound where there is no such revision."""
    old = name.revisions().select_related("model").filter(revision=revision).first()
    if old is None:
        raise ModelNotFound(f"{name.name} r{revision}")
    live = set(Model.objects.live().filter(pk__in=old.fallback_ids).values_list("pk", flat=True))
    if old.model.deleted_at is not None:
        raise FieldsRefused({"revision": _("The model of that revision was deleted.")})
    return move(
        name=name,
        target=Target(
            old.model,
            [pk for pk in old.fallback_ids if pk in live],
            old.on_quota,
            _("back to revision %(number)s") % {"number": revision},
        ),
        by=by,
        actor=actor,
        seen=seen,
        action="alias.rolled_back",
    )


def close(*, name: Name, actor: Actor, only: Model | None = None) -> bool:
    """The name stands for nothing from now on (with `only`, if it stands for that model); its history stays."""
    row = name.revisions().current().first()
    if row is None or (only is not None and row.model_id != only.pk):
        return False
    if not _close(row, timezone.now()):
        raise AliasMoved(row.revision + 1)
    if name.name == DEFAULT_ALIAS:
        _flag(name, None)
    _record(actor, "alias.closed", None, row)
    return True


def shown_to(workspace_id: int | None) -> list[ModelAlias]:
    """What stands for what here, the workspace's names before the platform's. One query."""
    rows = ModelAlias.objects.current().select_related("model")
    rows = rows.filter(Q(workspace_id=workspace_id) | Q(workspace_id__isnull=True))
    return sorted(rows, key=lambda row: (row.workspace_id is None, row.name, row.kind))


def _close(row: ModelAlias, at: object) -> bool:
    rows = ModelAlias.objects.filter(pk=row.pk, valid_to__isnull=True)
    return bool(rows.update(valid_to=at))


def _flag(name: Name, model: Model | None) -> None:
    """The flag follows the alias, within the alias's own place."""
    rows = Model.objects.of_place(name.workspace_id).filter(kind=name.kind)
    kept = model.pk if model else None
    rows.filter(is_default=True).exclude(pk=kept).update(is_default=False)
    rows.filter(pk=kept, is_default=False).update(is_default=True)


def judge(name: Name, target: Target) -> None:
    """Refuse what cannot be, every fault by its field. Raises FieldsRefused. One query at most."""
    faults: dict[str, str] = {}
    if not re.fullmatch(ALIAS_PATTERN.strip("^$"), name.name):
        faults["name"] = _("@ and then 1 to 32 small letters, digits or hyphens.")
    if target.model.kind != name.kind:
        faults["model"] = _("This model is of another kind.")
    if name.name == DEFAULT_ALIAS and target.model.status != Model.Status.ACTIVE:
        faults["model"] = _("Only a model that is switched on can be the default.")
    chain = list(target.fallbacks)
    if len(chain) > MAX_FALLBACKS or len({*chain, target.model.pk}) != len(chain) + 1:
        faults["fallbacks"] = _("At most four, each once, and not the model itself.")
    if target.on_quota and (fault := _of_on_quota(name, target.on_quota)):
        faults["on_quota"] = fault
    if faults:
        raise FieldsRefused(faults)


def _of_on_quota(name: Name, wanted: str) -> str:
    """What is wrong with going on with another alias: it is not there, or it leads back here. One query."""
    rows = ModelAlias.objects.current().filter(kind=name.kind)
    rows = rows.filter(Q(workspace_id=name.workspace_id) | Q(workspace_id__isnull=True))
    pairs = rows.values_list("workspace_id", "name", "on_quota")
    onward = {
        one: after for _place, one, after in sorted(pairs, key=lambda row: row[0] is not None)
    }
    if wanted not in onward:
        return _("There is no such alias of this kind.")
    onward[name.name] = wanted
    seen: set[str] = set()
    at: str | None = name.name
    while at:
        if at in seen:
            return _("This goes round in a circle.")
        seen.add(at)
        at = onward.get(at)
    return ""


def _check_room(workspace_id: int | None) -> None:
    names = ModelAlias.objects.current().filter(workspace_id=workspace_id)
    if workspace_id is not None and names.count() >= MOST_ALIASES:
        raise LimitReached(MOST_ALIASES)


def _as_refusal(error: IntegrityError, revision: int) -> Exception:
    text = constraint_of(error)
    if text in FAULTS:
        return FieldsRefused({FAULTS[text]: _("This model cannot be used here.")})
    if text in {"tai_model_aliases_revision_uniq", "tai_model_aliases_current_uniq"}:
        return AliasMoved(revision)
    return error


def _record(actor: Actor, action: str, row: ModelAlias | None, before: ModelAlias | None) -> None:
    thing = row or before
    if thing is None:
        return
    audit.record(
        actor=actor,
        action=action,
        target=audit.Target(
            "model_alias",
            f"{thing.name}:{thing.kind}",
            platform=thing.workspace_id is None,
            workspace_id=thing.workspace_id,
        ),
        before=_facts(before) if before else {},
        after=_facts(row) if row else {},
    )


def _facts(row: ModelAlias) -> dict[str, object]:
    return {
        "revision": row.revision,
        "model_id": row.model_id,
        "fallback_ids": list(row.fallback_ids),
        "on_quota": row.on_quota,
        "reason": row.reason,
    }
