"""What people type into the pages of AI models: a field for each option, so that nobody writes JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from taishang.catalogue import fields, hints, prices
from taishang.models import Kind, Model
from taishang.providers.base import Option, ProviderSpec

OPTION = "option_"
CAPABILITIES = (
    "supports_streaming",
    "supports_function_calling",
    "supports_json_schema",
    "supports_vision",
    "supports_system",
)
TIMEOUTS = {
    "connect_timeout_s": _("Patience for a connection"),
    "first_token_timeout_s": _("Patience for the first token"),
    "idle_timeout_s": _("Patience between tokens"),
    "total_timeout_s": _("Patience in all"),
}
SECONDS = _("Seconds. Empty: the provider's usual.")


class FaultsForm(forms.Form):
    """A form that can be told what the catalogue refused."""

    def show(self, faults: Mapping[str, Any]) -> None:
        for name, sentence in faults.items():
            self.add_error(name if name in self.fields else None, sentence)


class ConnectForm(FaultsForm):
    """The few things without which a model cannot be reached."""

    base_url = forms.CharField(label=_("Address"), max_length=2048)
    api_key = forms.CharField(
        label=_("Key"),
        max_length=fields.MAX_KEY,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("It is stored encrypted and never shown again."),
    )
    model_id = forms.CharField(
        label=_("Model"),
        max_length=200,
        help_text=_("As the provider writes it."),
        widget=forms.TextInput(attrs={"list": "known-models", "autocomplete": "off"}),
    )
    embedding_dimension = forms.IntegerField(
        label=_("Dimension"),
        min_value=1,
        max_value=fields.MAX_DIMENSION,
        required=False,
        help_text=_("How many numbers a vector has. Known ones may be left empty."),
    )
    shared = forms.BooleanField(
        label=_("For everybody in this workspace"), required=False, initial=True
    )

    def __init__(
        self, *args: Any, spec: ProviderSpec, kind: str, may_share: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.spec, self.kind = spec, kind
        address = self.fields["base_url"]
        address.initial = spec.default_url
        address.required = spec.needs_url
        if fields.usual_address(spec.key):
            address.help_text = _(
                "On this machine or in the own network: an operator opens the address once under Outbound rules, for the purpose model."
            )
        elif spec.needs_url:
            address.help_text = _("Up to and with /v1, as https://models.example.com/v1.")
        else:
            del self.fields["base_url"]
        self.fields["api_key"].required = spec.needs_key
        if spec.is_in_process:
            self.fields.pop("base_url", None)
            del self.fields["api_key"]
        if kind != Kind.EMBEDDING:
            del self.fields["embedding_dimension"]
        if not may_share:
            del self.fields["shared"]

    def wishes(self) -> dict[str, Any]:
        """Columns of the model, what is known of it by its name included."""
        given = {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "shared" and value not in (None, "")
        }
        return {
            **hints.known(given["model_id"], self.kind),
            **given,
            "kind": self.kind,
            "provider": self.spec.key,
            "name": hints.name_for(given["model_id"]),
        }


class ModelForm(FaultsForm):
    """Everything that can be said of a model. What it was used as cannot be changed any more."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=30)
    name = forms.CharField(label=_("Name"), max_length=100)
    model_id = forms.CharField(
        label=_("Model"), max_length=200, help_text=_("As the provider writes it.")
    )
    base_url = forms.CharField(
        label=_("Address"),
        max_length=2048,
        required=False,
        help_text=_("A new address clears the key."),
    )
    api_key = forms.CharField(
        label=_("Key"),
        max_length=fields.MAX_KEY,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    context_window = forms.IntegerField(
        label=_("Context window"), min_value=1, help_text=_("tokens")
    )
    max_output_tokens = forms.IntegerField(
        label=_("Longest answer"), min_value=1, help_text=_("tokens")
    )
    embedding_dimension = forms.IntegerField(
        label=_("Dimension"), min_value=1, max_value=fields.MAX_DIMENSION
    )
    max_batch = forms.IntegerField(label=_("Inputs per call"), min_value=1, max_value=2048)
    tokenizer = forms.ChoiceField(label=_("Token counting"), choices=Model.Tokenizer.choices)
    max_parallel = forms.IntegerField(
        label=_("Calls at a time"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=_("Empty: as many as are usual."),
    )

    def __init__(self, *args: Any, model: Model, spec: ProviderSpec, **kwargs: Any) -> None:
        self.model, self.spec = model, spec
        shown = {name: getattr(model, name) for name in self.base_fields if hasattr(model, name)}
        shown["seen"] = str(model.row_version)
        super().__init__(*args, initial=shown, **kwargs)
        for name in CAPABILITIES:
            column: Any = Model._meta.get_field(name)
            self.fields[name] = forms.BooleanField(
                label=column.verbose_name, required=False, initial=getattr(model, name)
            )
        for name, label in TIMEOUTS.items():
            self.fields[name] = forms.IntegerField(
                label=label,
                min_value=1,
                max_value=fields.SIZES[name],
                required=False,
                initial=getattr(model, name),
                help_text=SECONDS,
            )
        for option in spec.options:
            self.fields[OPTION + option.name] = _field_of(option, model.params.get(option.name))
        self._leave_out()

    def _leave_out(self) -> None:
        absent = set(TIMEOUTS) | {"max_parallel"} if self.spec.is_in_process else set()
        if self.spec.is_in_process:
            absent |= {"base_url", "api_key"}
        if self.model.kind != Kind.EMBEDDING:
            absent |= {"embedding_dimension"}
        if self.model.kind == Kind.CHAT:
            absent |= {"max_batch"}
        else:
            absent |= {*CAPABILITIES, "max_output_tokens"}
            absent |= {OPTION + option.name for option in self.spec.options}
        for name in absent:
            self.fields.pop(name, None)
        if self.model.is_frozen:
            for name in self.fields:
                self.fields[name].disabled = name in fields.FROZEN or name.startswith(OPTION)

    @property
    def connection(self) -> list[Any]:
        return self._bound("name", "base_url", "api_key", "model_id", "embedding_dimension")

    @property
    def options(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith(OPTION)]

    @property
    def sizes(self) -> list[Any]:
        return self._bound(
            "context_window", "max_output_tokens", "max_batch", "tokenizer", "max_parallel"
        )

    @property
    def capabilities(self) -> list[Any]:
        return self._bound(*CAPABILITIES)

    @property
    def timeouts(self) -> list[Any]:
        return self._bound(*TIMEOUTS)

    def wishes(self) -> dict[str, Any]:
        """Columns as they were entered. An empty key stays as it is."""
        given = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in {"seen", "api_key"} and not name.startswith(OPTION)
        }
        if self.cleaned_data.get("api_key"):
            given["api_key"] = self.cleaned_data["api_key"]
        if self.options:
            named = {option.name for option in self.spec.options}
            kept = {name: one for name, one in self.model.params.items() if name not in named}
            given["params"] = kept | {
                name.removeprefix(OPTION): _plain(value)
                for name, value in self.cleaned_data.items()
                if name.startswith(OPTION) and value not in (None, "")
            }
        return given

    def _bound(self, *names: str) -> list[Any]:
        return [self[name] for name in names if name in self.fields]


class VersionForm(ModelForm):
    """The next version: everything may change, and the names of the old one may come along."""

    move_aliases = forms.BooleanField(
        label=_("Let the aliases of this model lead to the new version"),
        required=False,
        initial=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["name"]
        for name in self.fields:
            self.fields[name].disabled = False


class PriceForm(FaultsForm):
    """A price per million tokens, as price lists say it."""

    input_price = forms.DecimalField(label=_("Input"), required=False, min_value=0)
    output_price = forms.DecimalField(label=_("Output"), required=False, min_value=0)
    currency = forms.CharField(label=_("Currency"), max_length=3)
    fx_rate = forms.DecimalField(
        label=_("Exchange rate"),
        required=False,
        min_value=0,
        help_text=_("The platform's currency per one of this; empty where it is the same."),
    )

    def __init__(self, *args: Any, model: Model, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].initial = model.currency or prices.platform_currency()
        if model.kind != Kind.CHAT:
            del self.fields["output_price"]

    def wishes(self) -> dict[str, Any]:
        return {**self.cleaned_data, "per": prices.PER_MILLION}


def _field_of(option: Option, value: Any) -> forms.Field:
    common: dict[str, Any] = {
        "label": option.label,
        "help_text": option.hint,
        "required": False,
        "initial": option.default if value is None else value,
    }
    if option.kind == "boolean":
        return forms.BooleanField(**common)
    if option.kind == "choice":
        return forms.ChoiceField(
            choices=[("", "–"), *((one, one) for one in option.choices)], **common
        )
    if option.kind == "text":
        return forms.CharField(max_length=1000, **common)
    bounds: dict[str, Any] = {"min_value": option.least, "max_value": option.most}
    if option.kind == "integer":
        return forms.IntegerField(**bounds, **common)
    return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **bounds, **common)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
