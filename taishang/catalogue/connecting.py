"""Models come, change, get a new version, are switched off and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from laojun import audit
from laojun.audit import Actor, Target
from taishang import signals
from taishang.catalogue import aliases, defaults, fields, keys, prices, uses
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import (
    FieldsRefused,
    LimitReached,
    ModelInUse,
    NameTaken,
    VersionImmutable,
    constraint_of,
)
from taishang.models import Kind, Model, ModelAlias

MOST_MODELS = 200
WRITABLE = frozenset(
    {
        "name",
        "kind",
        "provider",
        "model_id",
        "family",
        "quantization",
        "params",
        "metadata",
        "base_url",
        "status",
        "supports_streaming",
        "supports_function_calling",
        "supports_json_schema",
        "supports_vision",
        "supports_system",
        "embedding_dimension",
        "tokenizer",
        *fields.SIZES,
        *fields.PLATFORM_ONLY,
    }
)
# A change of these makes the last test say nothing any more.
TESTED = ("provider", "kind", "model_id", "base_url", "params", "embedding_dimension")
UNTESTED = {
    "last_test_at": None,
    "last_test_ok": None,
    "last_test_ms": None,
    "last_test_error_class": "",
}
TOLD = (
    "name",
    "version",
    "scope",
    "kind",
    "provider",
    "model_id",
    "base_url",
    "status",
    "context_window",
    "max_output_tokens",
    "embedding_dimension",
    "params",
    "quota_exempt",
    "is_free_tier",
)


def create(
    *, scope: str, place: Place, wishes: Mapping[str, Any], by: User | None, actor: Actor
) -> Model:
    """Connect a model in a scope: the workspace's and a person's belong to `place`, the platform's to nobody.

    `wishes` hold columns of WRITABLE and `api_key`. Runs where row-level security lets the scope be written.
    Raises FieldsRefused, BlockedAddress, NameTaken, LimitReached.
    """
    model = Model(
        scope=scope,
        workspace_id=None if scope == Model.Scope.PLATFORM else place.workspace_id,
        owner_id=place.user_id if scope == Model.Scope.USER else None,
        created_by=by,
    )
    given = _given(wishes)
    given.setdefault("base_url", fields.usual_address(given.get("provider", "")))
    _set(model, given)
    fields.judge(model, {**given, "api_key": wishes.get("api_key")})
    _check_room(model)
    rows = Model.objects.of_place(model.workspace_id, model.owner_id)
    if rows.filter(name=model.name).exists():
        raise NameTaken
    model.version = 1 + _last_version(model)
    with _named():
        model.save(force_insert=True)
    _keep_key(model, wishes.get("api_key") or "")
    _record(actor, "model.created", model, after=_facts(model))
    return model


def change(*, model: Model, wishes: Mapping[str, Any], actor: Actor) -> Model:
    """Change a model that the caller holds locked. A new address clears the key unless a new one comes along.

    `api_key` sets, or with "" clears it. Raises FieldsRefused, BlockedAddress, NameTaken, VersionImmutable.
    """
    before = _facts(model)
    given = {name: value for name, value in _given(wishes).items() if getattr(model, name) != value}
    _check_frozen(model, given)
    had_key, key = model.has_api_key, wishes.get("api_key")
    if "base_url" in given:
        key = key or ""
    _set(model, given)
    # Whatever a row says, and whoever made it, it can be switched off.
    if set(given) != {"status"} or key is not None:
        fields.judge(model, {**given, "api_key": key})
    columns = set(given)
    if key is not None:
        model.api_key_encrypted = keys.seal(model, key)
        columns.add("api_key_encrypted")
    if columns.intersection((*TESTED, "api_key_encrypted")):
        _set(model, UNTESTED)
        columns.update(UNTESTED)
    if model.status != Model.Status.ACTIVE:
        defaults.forget(model=model, actor=actor)
    with _named():
        model.save(update_fields=[*columns, "updated_at"])
    model.refresh_from_db(fields=["row_version", "is_default", "updated_at"])
    _record_change(actor, model, before, given)
    _record_key(actor, model, had=had_key, key=key)
    if given.get("status") == Model.Status.DISABLED:
        signals.model_disabled.send(sender=Model, model=model)
    return model


def new_version(
    *,
    model: Model,
    wishes: Mapping[str, Any],
    move_aliases: bool,
    by: User | None,
    actor: Actor,
) -> Model:
    """Version N+1 with changes, beside the old one; the aliases of its place move along if wanted.

    The key comes along to the same address alone, the price to the same model of the same provider.
    Raises FieldsRefused, BlockedAddress, LimitReached, NameTaken.
    """
    given = _given(wishes)
    given.pop("name", None)
    given.pop("status", None)
    fresh = Model.objects.get(pk=model.pk)
    fresh.pk = None
    fresh._state.adding = True
    _set(fresh, UNTESTED | given)
    fresh.status, fresh.is_default, fresh.first_used_at = Model.Status.ACTIVE, False, None
    fresh.api_key_encrypted, fresh.created_by, fresh.row_version = "", by, 0
    fresh.input_price = fresh.output_price = None
    fresh.currency, fresh.price_known = "", False
    fields.judge(fresh, {**given, "api_key": wishes.get("api_key")})
    _check_room(fresh)
    fresh.version = 1 + _last_version(model)
    key = wishes.get("api_key")
    if key is None and fresh.base_url == model.base_url and fresh.provider == model.provider:
        key = keys.opened(model)
    with _named():
        fresh.save(force_insert=True)
    _keep_key(fresh, key or "")
    if (fresh.provider, fresh.model_id) == (model.provider, model.model_id):
        prices.carry_over(source=model, target=fresh, by=by)
    if move_aliases:
        _move_aliases(model, fresh, by, actor)
    _record(actor, "model.created", fresh, after=_facts(fresh), details={"from": str(model)})
    fresh.refresh_from_db()
    return fresh


def remove(*, model: Model, actor: Actor) -> None:
    """Delete a model that nothing names any more, its key with it; calls keep showing its name.

    Raises ModelInUse.
    """
    if found := uses.of(model):
        raise ModelInUse(found)
    _set(model, {"deleted_at": timezone.now(), "is_default": False, "api_key_encrypted": ""})
    model.save(update_fields=["deleted_at", "is_default", "api_key_encrypted", "updated_at"])
    _record(actor, "model.deleted", model, before=_facts(model))
    signals.model_deleted.send(sender=Model, model=model)


def remove_all_of(*, user: User) -> int:
    """A person leaves: their own models go with their keys, whoever still names them. In the platform scope."""
    rows = Model.objects.live().filter(owner=user)
    return rows.update(deleted_at=timezone.now(), is_default=False, api_key_encrypted="")


def instead_of(model: Model) -> list[tuple[str, str]]:
    """What answers when the model is switched off: (alias, the model it falls back to, or nothing). Two queries."""
    rows = list(ModelAlias.objects.current().filter(model=model).order_by("name"))
    ids = {pk for row in rows for pk in row.fallback_ids}
    known = {one.pk: str(one) for one in Model.objects.active().filter(pk__in=ids)}
    return [
        (row.name, next((known[pk] for pk in row.fallback_ids if pk in known), "")) for row in rows
    ]


def _given(wishes: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(wishes) - WRITABLE - {"api_key"}
    if unknown:
        raise FieldsRefused(dict.fromkeys(sorted(unknown), "unknown"))
    given = {name: value for name, value in wishes.items() if name in WRITABLE}
    if "name" in given:
        given["name"] = fields.cleaned_name(given["name"])
    if "base_url" in given:
        given["base_url"] = given["base_url"].strip().rstrip("/")
    return given


def _check_frozen(model: Model, given: Mapping[str, Any]) -> None:
    if model.is_frozen and (frozen := [name for name in fields.FROZEN if name in given]):
        raise VersionImmutable(frozen)
    if "base_url" in given and _address_is_held(model):
        raise VersionImmutable(["base_url"])
    if "kind" in given and (model.is_default or uses.of(model)):
        raise VersionImmutable(["kind"])


def _set(model: Model, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        setattr(model, name, value)


def _check_room(model: Model) -> None:
    if model.workspace_id is None:
        return
    if Model.objects.live().filter(workspace_id=model.workspace_id).count() >= MOST_MODELS:
        raise LimitReached(MOST_MODELS)


def _last_version(model: Model) -> int:
    """The highest number this name ever had here; one that was used is never given to another model."""
    rows = Model.objects.filter(
        workspace_id=model.workspace_id, owner_id=model.owner_id, name=model.name
    )
    kept = rows.live() | rows.filter(first_used_at__isnull=False)
    return kept.aggregate(last=Max("version"))["last"] or 0


def _keep_key(model: Model, plain: str) -> None:
    """A key is bound to its row's id, so it follows the row."""
    if plain:
        model.api_key_encrypted = keys.seal(model, plain)
        model.save(update_fields=["api_key_encrypted"])
    model.refresh_from_db(fields=["row_version", "updated_at"])


def _address_is_held(model: Model) -> bool:
    return model.kind == Kind.EMBEDDING and any(
        holds(model) for holds in uses.address_holders.values()
    )


def _move_aliases(model: Model, fresh: Model, by: User | None, actor: Actor) -> None:
    rows = ModelAlias.objects.current().filter(model=model, workspace_id=model.workspace_id)
    for row in rows:
        aliases.move(
            name=aliases.Name(row.name, row.kind, row.workspace_id),
            target=aliases.Target(fresh, row.fallback_ids, row.on_quota, f"→ {fresh}"),
            seen=row.revision,
            by=by,
            actor=actor,
        )
    if model.is_default and model.scope == Model.Scope.USER:
        defaults.set_default(model=fresh, workspace_id=model.workspace_id, by=by, actor=actor)


@contextmanager
def _named() -> Iterator[None]:
    """Two that chose one name at once: the second is told."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint_of(error) == "tai_models_version_uniq":
            raise NameTaken from error
        raise


def _facts(model: Model) -> dict[str, Any]:
    return {name: getattr(model, name) for name in TOLD}


def _record_change(
    actor: Actor, model: Model, before: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    if not given:
        return
    after = _facts(model)
    disabled = given.get("status") == Model.Status.DISABLED
    action = "model.disabled" if disabled else "model.changed"
    details = {"also": sorted(set(given) - set(TOLD))} if set(given) - set(TOLD) else None
    _record(actor, action, model, before=before, after=after, details=details)


def _record_key(actor: Actor, model: Model, *, had: bool, key: str | None) -> None:
    if key:
        _record(actor, "model.key_set", model)
    elif key == "" and had:
        _record(actor, "model.key_cleared", model)


def _record(actor: Actor, action: str, model: Model, **content: Any) -> None:
    target = Target(
        "model",
        str(model.pk),
        platform=model.workspace_id is None,
        workspace_id=model.workspace_id,
    )
    audit.record(actor=actor, action=action, target=target, **content)
