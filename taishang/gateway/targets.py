"""Which model answers: the one that was asked for, then those that may stand in for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts import secrets
from accounts.secrets import SecretUnreadable
from taishang.gateway.asks import Ask
from taishang.gateway.ledger import Prices
from taishang.gateway.refusals import ModelNotFound, NoModelConfigured
from taishang.models import Model, ModelAlias, ModelPrice
from taishang.models.catalogue import DEFAULT_ALIAS, ModelQuerySet
from taishang.providers.base import Connection, Timeouts, UnknownProvider, spec_of
from taishang.providers.errors import ErrorClass, ProviderError

CHEAP_FALLBACKS = 4


@dataclass(frozen=True)
class Target:
    """One model that may answer, with everything the call needs of it. `note` says why it stands in."""

    model: Model
    prices: Prices
    note: str = ""

    @property
    def label(self) -> str:
        return str(self.model)

    @property
    def is_own_key(self) -> bool:
        return self.model.scope == Model.Scope.USER

    def connection(self) -> Connection:
        """Raises ProviderError where the key cannot be opened."""
        row = self.model
        return Connection(
            provider=row.provider,
            model_id=row.model_id,
            base_url=row.base_url,
            api_key=_key(row),
            timeouts=self.timeouts,
            params=row.params,
            tokenizer=row.tokenizer,
            max_batch=row.max_batch,
            dimension=row.embedding_dimension,
            max_output_tokens=row.max_output_tokens,
            streams=row.supports_streaming,
        )

    @property
    def timeouts(self) -> Timeouts:
        usual = spec_of(self.model.provider).timeouts
        row = self.model
        return Timeouts(
            connect=row.connect_timeout_s or usual.connect,
            first=row.first_token_timeout_s or usual.first,
            gap=row.idle_timeout_s or usual.gap,
            total=row.total_timeout_s or usual.total,
        )


@dataclass(frozen=True)
class Choice:
    """Whom to ask first, who may stand in, and the alias to turn to when costs are used up."""

    target: Target
    fallbacks: Sequence[Target]
    on_quota: str | None = None

    @property
    def chain(self) -> list[Target]:
        return [self.target, *self.fallbacks]


def choose(ask: Ask, *, at: datetime) -> Choice:
    """Inside the place of the call. Raises ModelNotFound, NoModelConfigured."""
    if isinstance(ask.model, Model):
        return Choice(_target(ask, ask.model, at), ())
    reference = ask.model or DEFAULT_ALIAS
    if not reference.startswith("@"):
        return Choice(_target(ask, _by_name(ask, reference), at), ())
    alias = _alias(ask, reference)
    if alias is None:
        found = _default_row(ask) if reference == DEFAULT_ALIAS else None
        if found is None:
            if reference == DEFAULT_ALIAS:
                raise NoModelConfigured(ask.kind)
            raise ModelNotFound(reference)
        return Choice(_target(ask, found, at), ())
    rows = _by_ids(ask, [alias.model_id, *alias.fallback_ids])
    if not rows:
        raise ModelNotFound(reference)
    first, *others = [_target(ask, row, at) for row in rows]
    return Choice(first, others, alias.on_quota)


def stand_ins(ask: Ask, choice: Choice, *, at: datetime) -> list[Target]:
    """Who may answer when costs are used up: the alias' `on_quota` first, then the cheaper of its fallbacks."""
    found: list[Target] = []
    alias = _alias(ask, choice.on_quota) if choice.on_quota else None
    if alias is not None:
        found = [_target(ask, row, at) for row in _by_ids(ask, [alias.model_id])]
    cheaper = [target for target in choice.fallbacks if _is_cheaper(target, choice.target)]
    return [*found, *cheaper][:CHEAP_FALLBACKS]


def _is_cheaper(one: Target, other: Target) -> bool:
    mine, theirs = one.prices, other.prices
    if mine.output is None and mine.input is None:
        return False
    return (mine.input or 0, mine.output or 0) < (theirs.input or 0, theirs.output or 0)


def _usable(ask: Ask) -> ModelQuerySet:
    found = Model.objects.reachable(ask.workspace_id, ask.user_id).filter(kind=ask.kind)
    return found.exclude(status=Model.Status.DISABLED)


def _by_name(ask: Ask, reference: str) -> Model:
    name, _at, version = reference.partition("@")
    found = _usable(ask).filter(name=name)
    if version:
        if not version.isdecimal():
            raise ModelNotFound(reference)
        found = found.filter(version=int(version[:9]))
    nearest = {Model.Scope.USER: 0, Model.Scope.WORKSPACE: 1, Model.Scope.PLATFORM: 2}
    rows = sorted(found, key=lambda row: (nearest[Model.Scope(row.scope)], -row.version))
    if not rows or not _is_offered(rows[0]):
        raise ModelNotFound(reference)
    return rows[0]


def _by_ids(ask: Ask, ids: Sequence[int]) -> list[Model]:
    rows = {row.pk: row for row in _usable(ask).filter(pk__in=ids)}
    return [rows[number] for number in ids if number in rows and _is_offered(rows[number])]


def _default_row(ask: Ask) -> Model | None:
    rows = [row for row in _usable(ask).filter(is_default=True) if _is_offered(row)]
    order = [Model.Scope.USER, Model.Scope.WORKSPACE, Model.Scope.PLATFORM]
    return min(rows, key=lambda row: order.index(Model.Scope(row.scope)), default=None)


def _alias(ask: Ask, name: str) -> ModelAlias | None:
    places = Q(workspace_id=ask.workspace_id) | Q(workspace_id__isnull=True)
    found = ModelAlias.objects.current().filter(places, name=name, kind=ask.kind)
    return min(found, key=lambda alias: alias.workspace_id is None, default=None)


def _is_offered(row: Model) -> bool:
    """A provider that only tests have answers like a model that is not there."""
    try:
        spec_of(row.provider)
    except UnknownProvider:
        return False
    return True


def _target(ask: Ask, row: Model, at: datetime, note: str = "") -> Target:
    if not _is_offered(row):
        raise ModelNotFound(str(row))
    price = ModelPrice.objects.valid_at(row, ask.workspace_id, at).first()
    if price is None:
        return Target(row, Prices(), note)
    entered, cached, answered = price.rates
    return Target(row, Prices(entered, cached, answered, price.pk), note)


def _key(row: Model) -> str:
    if not row.api_key_encrypted:
        return ""
    try:
        return secrets.unseal(row.api_key_encrypted, place=f"tai_models.api_key:{row.pk}")
    except SecretUnreadable as error:
        raise ProviderError(ErrorClass.KEY_UNREADABLE) from error
