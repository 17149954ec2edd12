"""Keys of providers: sealed for their row, opened only to speak to that row's own address."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts import secrets
from accounts.secrets import SecretUnreadable
from taishang.models import Model
from taishang.providers.base import Connection, Timeouts, spec_of
from taishang.providers.errors import ErrorClass, ProviderError

__all__ = ["SecretUnreadable", "connection_of", "keep_sealed", "place_of", "seal", "sealed_rows"]
COLUMN = "tai_models.api_key_encrypted"


def place_of(model: Model) -> str:
    """What a sealed key is bound to."""
    return f"{COLUMN}:{model.pk}"


def seal(model: Model, plain: str) -> str:
    """The key as it is stored in this row, which has its id already; no key is the empty text."""
    return secrets.seal(plain, place=place_of(model)) if plain else ""


def opened(model: Model) -> str:
    """The key in plain. Raises SecretUnreadable."""
    if not model.api_key_encrypted:
        return ""
    return secrets.unseal(model.api_key_encrypted, place=place_of(model))


def connection_of(model: Model) -> Connection:
    """How a provider reaches the model, its key opened. Raises ProviderError(key_unreadable), UnknownProvider."""
    spec = spec_of(model.provider)
    try:
        key = opened(model)
    except SecretUnreadable as error:
        raise ProviderError(ErrorClass.KEY_UNREADABLE) from error
    return Connection(
        provider=model.provider,
        model_id=model.model_id,
        base_url=model.base_url or spec.default_url,
        api_key=key,
        timeouts=timeouts_of(model),
        params=model.params,
        tokenizer=model.tokenizer,
        max_batch=model.max_batch,
        dimension=model.embedding_dimension,
        max_output_tokens=model.max_output_tokens,
        streams=model.supports_streaming,
    )


def timeouts_of(model: Model) -> Timeouts:
    """The model's own, where it says nothing its provider's. Units: seconds."""
    usual = spec_of(model.provider).timeouts
    return Timeouts(
        connect=model.connect_timeout_s or usual.connect,
        first=model.first_token_timeout_s or usual.first,
        gap=model.idle_timeout_s or usual.gap,
        total=model.total_timeout_s or usual.total,
    )


def sealed_rows() -> QuerySet[Model]:
    return Model.objects.exclude(api_key_encrypted="")


def keep_sealed(model: Model, sealed: str) -> None:
    model.api_key_encrypted = sealed
    model.save(update_fields=["api_key_encrypted"])
