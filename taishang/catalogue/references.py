"""Which model is meant: `@alias`, `name` or `name@version`, the nearest first; and which one when nothing is said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import UserSettings
from laojun import configs
from taishang.catalogue.refusals import ModelDisabled, ModelNotFound, NoModelConfigured
from taishang.models import Kind, Model, ModelAlias
from taishang.models.catalogue import DEFAULT_ALIAS
from taishang.providers.base import PROVIDERS

VERSIONED = re.compile(r"(?P<name>[^@]+)@(?P<version>[1-9][0-9]{0,8})")
NEAREST_FIRST = (Model.Scope.USER, Model.Scope.WORKSPACE, Model.Scope.PLATFORM)


@dataclass(frozen=True)
class Place:
    """Where and for whom a reference is read. Row-level security must stand in the same workspace and person."""

    workspace_id: int | None
    user_id: UUID | None = None


@dataclass(frozen=True)
class Resolved:
    """The model a call is made with, and what a call must know of the way there.

    `fallbacks` are usable models in the alias's order; `on_quota` names the alias to go on with when costs are
    used up; `note` says in the reader's language why it is another one than was asked for, or is empty.
    """

    model: Model
    asked_for: str
    alias: ModelAlias | None = None
    fallbacks: Sequence[Model] = field(default=())
    note: str = ""

    @property
    def on_quota(self) -> str | None:
        return self.alias.on_quota if self.alias else None


def resolve(reference: str, *, place: Place, kind: str = Kind.CHAT) -> Resolved:
    """What a reference stands for here and now. Raises ModelNotFound, ModelDisabled. Cost: two queries at most."""
    text = reference.strip()
    if text.startswith("@"):
        return _by_alias(text, place, kind)
    return Resolved(_by_name(text, place, kind), text)


def choose(
    *, place: Place, kind: str = Kind.CHAT, preferred: Iterable[str | None] = ()
) -> Resolved:
    """The model when nobody named one: what the caller prefers, then the person's, the workspace's, the platform's.

    `preferred` are references in their order (an agent's); empty ones are skipped. What names nothing falls
    to the next, and `note` says so. Raises NoModelConfigured.
    """
    missed: list[str] = []
    for reference in (*preferred, *_habits(place, kind)):
        if not reference:
            continue
        try:
            found = resolve(reference, place=place, kind=kind)
        except (ModelNotFound, ModelDisabled):
            missed.append(reference)
            continue
        # That no default is set is nobody's fault; that a named one is gone is news.
        named = [one for one in missed if one != DEFAULT_ALIAS]
        return Resolved(
            found.model,
            reference,
            found.alias,
            found.fallbacks,
            _note(named, found.model) if named else found.note,
        )
    raise NoModelConfigured(kind)


def usable(place: Place, kind: str | None = None) -> list[Model]:
    """Every model that a call may be made with here, the nearest first. One query."""
    rows = Model.objects.reachable(place.workspace_id, place.user_id)
    rows = rows.exclude(status=Model.Status.DISABLED).filter(provider__in=list(PROVIDERS))
    if kind is not None:
        rows = rows.filter(kind=kind)
    found = [model for model in rows if _is_available(model, place)]
    return sorted(found, key=lambda m: (NEAREST_FIRST.index(m.scope), m.name, -m.version))


def _habits(place: Place, kind: str) -> Iterable[str | None]:
    """The references a person and a workspace fall back to, in their order; each is asked for only when needed."""
    if kind == Kind.CHAT and place.user_id is not None:
        chosen = UserSettings.objects.filter(user_id=place.user_id)
        yield chosen.values_list("default_model_id", flat=True).first()
    own = Model.objects.of_place(place.workspace_id, place.user_id).filter(
        is_default=True, kind=kind, owner__isnull=False
    )
    yield next((str(model) for model in own), None)
    yield DEFAULT_ALIAS
    if kind == Kind.CHAT:
        yield configs.value("ai.models.default", place.workspace_id)


def _by_alias(name: str, place: Place, kind: str) -> Resolved:
    """The workspace's alias, else the platform's. One whose model is switched off stands for its first fallback."""
    rows = ModelAlias.objects.current().filter(name=name, kind=kind)
    rows = rows.filter(Q(workspace_id=place.workspace_id) | Q(workspace_id__isnull=True))
    nearest = sorted(rows.select_related("model"), key=lambda row: row.workspace_id is None)
    missed: list[str] = []
    for alias in nearest:
        chain = _chain(alias, place)
        if chain:
            if chain[0] != alias.model:
                missed.append(str(alias.model))
            note = _note(missed, chain[0]) if missed else ""
            return Resolved(chain[0], name, alias, chain[1:], note)
        missed.append(str(alias.model))
    raise ModelDisabled(name) if nearest else ModelNotFound(name)


def _chain(alias: ModelAlias, place: Place) -> list[Model]:
    """The alias's model and its fallbacks, as far as they can be called here."""
    ids = alias.fallback_ids
    others = {one.pk: one for one in Model.objects.live().filter(pk__in=ids)} if ids else {}
    return [
        model
        for model in [alias.model, *(others[pk] for pk in ids if pk in others)]
        if model.status != Model.Status.DISABLED
        and model.provider in PROVIDERS
        and _is_available(model, place)
    ]


def _by_name(text: str, place: Place, kind: str) -> Model:
    """The exact version, or the newest active one, in the nearest scope that has it."""
    versioned = VERSIONED.fullmatch(text)
    name = versioned["name"] if versioned else text
    rows = Model.objects.reachable(place.workspace_id, place.user_id)
    rows = rows.filter(name=name, kind=kind, provider__in=list(PROVIDERS))
    if versioned:
        rows = rows.filter(version=int(versioned["version"]))
    found = [model for model in rows if _is_available(model, place)]
    if not found:
        raise ModelNotFound(text)
    wanted = {Model.Status.ACTIVE, Model.Status.DEPRECATED} if versioned else {Model.Status.ACTIVE}
    for scope in NEAREST_FIRST:
        alive = [model for model in found if model.scope == scope and model.status in wanted]
        if alive:
            return max(alive, key=lambda model: model.version)
    raise ModelDisabled(text)


def _is_available(model: Model, place: Place) -> bool:
    """Whether the workspace's list of platform models has it; a list that names nothing here is no list."""
    if model.scope != Model.Scope.PLATFORM or place.workspace_id is None:
        return True
    return narrowed(place.workspace_id, model)


def narrowed(workspace_id: int, model: Model) -> bool:
    """Whether `ai.models.available` lets a workspace use a platform model. Cost: a query where the list is set."""
    listed = set(configs.value("ai.models.available", workspace_id))
    if {model.name, str(model)} & listed:
        return True
    platform = Model.objects.of_place(None).values_list("name", "version")
    known = {name for name, _version in platform} | {f"{name}@{v}" for name, v in platform}
    return not listed & known


def _note(missed: Sequence[str], model: Model) -> str:
    return _("%(missed)s cannot be used now; %(model)s answers instead.") % {
        "missed": ", ".join(missed),
        "model": model,
    }
