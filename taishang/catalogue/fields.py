"""What somebody says of a model, judged: every fault by its field, addresses by the outbound guard."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from django.utils.translation import gettext as _

from laojun import destinations, outbound
from taishang.catalogue.refusals import FieldsRefused
from taishang.models import Kind, Model
from taishang.providers.base import LOCAL, PROVIDERS, Option, ProviderSpec

# The column's own pattern is PostgreSQL's; this one says the same in Python.
NAME = re.compile(r"[^@\x00-\x20\x7f\s]([^@\x00-\x1f\x7f]*[^@\x00-\x20\x7f\s])?")
MAX_NAME = 100
MAX_JSON_BYTES = 16 * 1024
MAX_KEY = 4096
MAX_DIMENSION = 16_000
MAX_TOKENS = 100_000_000
SIZES = {
    "context_window": MAX_TOKENS,
    "max_output_tokens": MAX_TOKENS,
    "max_batch": 2048,
    "max_parallel": 1000,
    "connect_timeout_s": 600,
    "first_token_timeout_s": 3600,
    "idle_timeout_s": 3600,
    "total_timeout_s": 7200,
}
# What only the platform decides of its own models.
PLATFORM_ONLY = ("quota_exempt", "is_free_tier")
# What a model is; after its first use a new version is needed for these.
FROZEN = (
    "provider",
    "kind",
    "model_id",
    "version",
    "family",
    "quantization",
    "params",
    "embedding_dimension",
    "tokenizer",
)
CHOICES = {
    "kind": Kind.values,
    "status": Model.Status.values,
    "tokenizer": Model.Tokenizer.values,
}


def judge(model: Model, given: Mapping[str, Any]) -> None:
    """Refuse a model, with the given fields already set on it, that cannot be as it says.

    Only what was given is judged, and what it contradicts. Raises FieldsRefused with every fault,
    BlockedAddress. Cost: a look-up of the address where one was given.
    """
    faults: dict[str, Any] = {}
    spec = PROVIDERS.get(model.provider)
    if spec is None:
        raise FieldsRefused({"provider": _("Choose one of the offered providers.")})
    faults.update(_of_choices(model))
    faults.update(_of_texts(model, given))
    faults.update(_of_sizes(model, given))
    faults.update(_of_kind(model, spec))
    faults.update(_of_connection(model, spec, given))
    faults.update(_of_objects(model, spec, given))
    faults.update(_of_scope(model))
    if faults:
        raise FieldsRefused(faults)
    if "base_url" in given and model.base_url:
        check_address(model.base_url)


def cleaned_name(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def check_address(url: str) -> None:
    """Raises BlockedAddress for what no call would reach anyhow. Cost: one look-up."""
    parsed = outbound.checked_url(url)
    port = parsed.port or outbound.DEFAULT_PORTS[parsed.scheme]
    destinations.resolve(parsed.host, port, "model")


def usual_address(provider: str) -> str:
    """What an own server's address is when nobody says otherwise, or nothing for providers on the internet."""
    spec = PROVIDERS.get(provider)
    return spec.default_url if spec and spec.timeouts == LOCAL else ""


def decimal_of(value: Any, field: str) -> Decimal | None:
    """An amount from 0 up to 99,999,999.9999999999, or None for unknown. Raises FieldsRefused."""
    if value is None or value == "":
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise FieldsRefused({field: _("Enter a number.")}) from error
    if not amount.is_finite() or amount < 0 or amount >= Decimal(10**8):
        raise FieldsRefused({field: _("Enter a number from 0 to 99,999,999.")})
    if amount != round(amount, 10):
        raise FieldsRefused({field: _("At most ten digits after the point.")})
    return amount


def _of_choices(model: Model) -> dict[str, Any]:
    message = _("Choose one of the listed values.")
    return {name: message for name, values in CHOICES.items() if getattr(model, name) not in values}


def _of_texts(model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
    faults: dict[str, Any] = {}
    if "name" in given and not (len(model.name) <= MAX_NAME and NAME.fullmatch(model.name)):
        faults["name"] = _("1 to 100 characters, without @ and without spaces at the edges.")
    if "model_id" in given and not 0 < len(model.model_id.strip()) <= 200:
        faults["model_id"] = _("Enter the name that the provider gives the model.")
    return faults


def _of_sizes(model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
    faults = {}
    for name, most in SIZES.items():
        value = getattr(model, name)
        if name in given and value is not None and not 1 <= value <= most:
            faults[name] = _("Allowed: %(low)s to %(high)s.") % {"low": 1, "high": most}
    return faults


def _of_kind(model: Model, spec: ProviderSpec) -> dict[str, Any]:
    if model.kind not in set(map(str, spec.capabilities.kinds)):
        return {"kind": _("This provider has no models of this kind.")}
    dimension = model.embedding_dimension
    if model.kind != Kind.EMBEDDING.value and dimension is not None:
        return {"embedding_dimension": _("Only embedding models have a dimension.")}
    if model.kind == Kind.EMBEDDING.value and not (dimension and 1 <= dimension <= MAX_DIMENSION):
        return {"embedding_dimension": _("How many numbers a vector has: 1 to 16,000.")}
    return {}


def _of_connection(model: Model, spec: ProviderSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    faults: dict[str, Any] = {}
    said = {"base_url", "provider"} & set(given)
    if said and spec.needs_url and not model.base_url:
        faults["base_url"] = _("This provider has no address of its own: enter the server's.")
    if spec.is_in_process and model.base_url:
        faults["base_url"] = _("This model runs here and has no address.")
    key = given.get("api_key") or ""
    if len(key) > MAX_KEY or any(ord(char) <= 0x20 or ord(char) > 0x7E for char in key):
        faults["api_key"] = _("A key has no spaces and only Latin letters, digits and signs.")
    return faults


def _of_objects(model: Model, spec: ProviderSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    faults = {}
    if "params" in given or "provider" in given:
        faults.update(_of_params(model.params, spec))
    if "metadata" in given and not _is_small_object(model.metadata):
        faults["metadata"] = _("An object of at most 16 KB.")
    return faults


def _of_scope(model: Model) -> dict[str, Any]:
    if model.scope == Model.Scope.PLATFORM:
        return {}
    message = _("Only operators decide this, of models of the platform.")
    return {name: message for name in PLATFORM_ONLY if getattr(model, name)}


def _of_params(params: Any, spec: ProviderSpec) -> dict[str, Any]:
    if not _is_small_object(params):
        return {"params": _("An object of at most 16 KB.")}
    options = {option.name: option for option in spec.options}
    for name, value in params.items():
        option = options.get(name)
        if option is None and not spec.for_tests:
            return {"params": _("This provider has no option %(name)s.") % {"name": name[:50]}}
        if option is not None and not _fits(option, value):
            return {"params": _("This does not fit the option %(name)s.") % {"name": name}}
    return {}


def _fits(option: Option, value: Any) -> bool:
    if option.kind == "boolean":
        return isinstance(value, bool)
    if option.kind == "choice":
        return value in option.choices
    if option.kind == "text":
        return isinstance(value, str) and len(value) <= 1000
    if isinstance(value, bool) or not isinstance(
        value, int if option.kind == "integer" else int | float
    ):
        return False
    return (option.least is None or value >= option.least) and (
        option.most is None or value <= option.most
    )


def _is_small_object(value: Any) -> bool:
    return isinstance(value, dict) and len(orjson.dumps(value)) <= MAX_JSON_BYTES
