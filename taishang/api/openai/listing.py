"""The models a program may name, as OpenAI lists them."""

from typing import Any

from accounts.authentication import Principal
from taishang.catalogue import references
from taishang.catalogue.references import Place
from taishang.models import Model, ModelAlias


def listed(principal: Principal) -> list[dict[str, Any]]:
    """Aliases first, then models, the nearest scope first; of several versions each is named, the newest also alone."""
    models = references.usable(Place(principal.workspace_id, _user_id(principal)))
    found = [_alias(row) for row in _aliases(principal)]
    named: set[tuple[str, str]] = set()
    for model in models:
        if (model.name, model.kind) not in named and model.status == Model.Status.ACTIVE:
            named.add((model.name, model.kind))
            found.append(_model(model, model.name))
        found.append(_model(model, str(model)))
    return list({row["id"]: row for row in reversed(found)}.values())[::-1]


def _aliases(principal: Principal) -> list[ModelAlias]:
    rows = ModelAlias.objects.current().visible_to(principal).order_by("name", "kind")
    return list(rows)


def _alias(row: ModelAlias) -> dict[str, Any]:
    return {
        "id": row.name,
        "object": "model",
        "created": int(row.valid_from.timestamp()),
        "owned_by": "workspace" if row.workspace_id else "platform",
    }


def _model(row: Model, name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(row.created_at.timestamp()),
        "owned_by": row.scope,
    }


def _user_id(principal: Principal) -> Any:
    return principal.user.id if principal.user else None
