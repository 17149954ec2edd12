"""The form of a plugin's settings, made from its schema: a field for every setting, so that nobody types JSON."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.redaction import MASK
from laojun.plugins import schemas
from laojun.plugins.schemas import Field

MAX_LENGTH = 8000
NUMBERS = {"integer": int, "number": float}


class Lines(forms.CharField):
    """A list, one entry a line; numbers are read as such."""

    widget = forms.Textarea(attrs={"rows": 4})

    def __init__(self, *, kind: str, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        number = NUMBERS.get(self.kind)
        if number is None:
            return lines
        try:
            return [number(line) for line in lines]
        except ValueError as error:
            raise forms.ValidationError(_("Enter one number in each line.")) from error


class SettingsForm(forms.Form):
    """Every setting of a schema. `config()` is what was entered, nested as the schema wants it.

    What equals `inherited` is not kept, so that it follows when what stands above it changes.
    """

    def __init__(
        self,
        *args: Any,
        schema: Mapping[str, Any],
        config: Mapping[str, Any],
        secrets_set: frozenset[str] = frozenset(),
        inherited: Mapping[str, Any] | None = None,
        with_secrets: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.inherited = inherited or {}
        listed = [one for one in schemas.fields(schema) if with_secrets or not one.is_secret]
        self.paths = {name_of(one.path): one for one in listed}
        for name, one in self.paths.items():
            value = schemas.get(config, one.path)
            self.fields[name] = field_for(one, value, is_set=one.path in secrets_set)

    def config(self) -> dict[str, Any]:
        """What was entered. A secret left empty stays as it is."""
        found: dict[str, Any] = {}
        for name, one in self.paths.items():
            value = self.cleaned_data[name]
            if one.is_secret:
                schemas.put(found, one.path, value or MASK)
            elif value not in (None, "") and value != schemas.get(self.inherited, one.path):
                schemas.put(found, one.path, value)
        return found

    def show_faults(self, faults: list[schemas.Fault]) -> None:
        """Put what the schema says beside the fields it says it of."""
        for fault in faults:
            name = name_of(fault.path)
            self.add_error(name if name in self.fields else None, words_of(fault))


def name_of(path: str) -> str:
    return path.replace(".", "-")


def words_of(fault: schemas.Fault) -> Any:
    known = {
        "required": _("This is needed before it can work."),
        "host_not_permitted": _("This plugin may not reach that host."),
    }
    return known.get(fault.code, fault.message)


def field_for(one: Field, value: Any, *, is_set: bool = False) -> forms.Field:
    """The form field of one setting with its value in force."""
    language = get_language() or "zh"
    common: dict[str, Any] = {
        "label": one.text("title", language) or one.path,
        "help_text": one.text("description", language),
        "required": False,
        "initial": value,
    }
    if one.is_secret:
        if is_set:
            common["help_text"] = _("It is set. Leave it empty to keep it.")
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        return forms.CharField(**common | {"initial": ""}, widget=widget, max_length=4000)
    if "enum" in one.schema:
        choices = [("", "–"), *((str(each), str(each)) for each in one.schema["enum"])]
        coerce: Any = NUMBERS.get(one.kind, str)
        return forms.TypedChoiceField(**common, choices=choices, coerce=coerce, empty_value="")
    return _plain(one, common)


def _plain(one: Field, common: dict[str, Any]) -> forms.Field:
    bounds: dict[str, Any] = {
        "min_value": one.schema.get("minimum"),
        "max_value": one.schema.get("maximum"),
    }
    if one.kind == "boolean":
        return forms.BooleanField(**common)
    if one.kind == "integer":
        return forms.IntegerField(**common, **bounds)
    if one.kind == "number":
        return forms.FloatField(**common, **bounds)
    if one.kind == "array":
        return Lines(**common, kind=str(one.schema["items"]["type"]))
    length = one.schema.get("maxLength", MAX_LENGTH)
    types = {"uri": "url", "email": "email", "date": "date", "color": "color"}
    if one.format == "textarea":
        return forms.CharField(**common, max_length=length, widget=forms.Textarea)
    widget = forms.TextInput(attrs={"type": types.get(one.format, "text")})
    return forms.CharField(**common, max_length=length, widget=widget)
