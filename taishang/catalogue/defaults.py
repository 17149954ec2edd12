"""The model that answers when nobody named one: the flag of its row and the alias `@default` are one truth."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from laojun import audit
from laojun.audit import Actor
from taishang.catalogue import aliases
from taishang.catalogue.refusals import DefaultRefused
from taishang.models import Model
from taishang.models.catalogue import DEFAULT_ALIAS


def set_default(
    *,
    model: Model,
    workspace_id: int | None,
    by: User | None,
    actor: Actor,
    seen: int | None = None,
) -> Model:
    """Make a model the default of its person, or of a place: a workspace, or the platform (None).

    A workspace may choose a platform model. Raises DefaultRefused, AliasMoved.
    """
    if model.status != Model.Status.ACTIVE or model.deleted_at is not None:
        raise DefaultRefused(_("Only a model that is switched on can be the default."))
    if model.scope == Model.Scope.USER:
        rows = Model.objects.of_place(model.workspace_id, model.owner_id).filter(kind=model.kind)
        rows.filter(is_default=True).exclude(pk=model.pk).update(is_default=False)
        rows.filter(pk=model.pk).update(is_default=True)
        _record(actor, model, "model.default_set")
    else:
        name = aliases.Name(DEFAULT_ALIAS, model.kind, workspace_id)
        row = name.revisions().current().first()
        kept = [pk for pk in row.fallback_ids if pk != model.pk] if row else []
        aliases.move(
            name=name,
            target=aliases.Target(model, kept, row.on_quota if row else None, ""),
            seen=seen,
            by=by,
            actor=actor,
        )
    model.refresh_from_db(fields=["is_default", "row_version", "updated_at"])
    return model


def clear_default(*, model: Model, workspace_id: int | None, actor: Actor) -> Model:
    """The model is the default of the place no more; what comes after it in the order of choice answers."""
    if model.scope == Model.Scope.USER:
        if Model.objects.filter(pk=model.pk, is_default=True).update(is_default=False):
            _record(actor, model, "model.default_cleared")
    else:
        name = aliases.Name(DEFAULT_ALIAS, model.kind, workspace_id)
        aliases.close(name=name, only=model, actor=actor)
    model.refresh_from_db(fields=["is_default", "row_version", "updated_at"])
    return model


def forget(*, model: Model, actor: Actor) -> None:
    """A model that is being switched off is nobody's default any more in its own place."""
    if model.is_default:
        clear_default(model=model, workspace_id=model.workspace_id, actor=actor)


def _record(actor: Actor, model: Model, action: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=audit.Target("model", str(model.pk), workspace_id=model.workspace_id),
    )
