"""What people type into the pages of vector collections."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal
from taishang.models import Kind, Model
from taishang.models.vectors import MAX_DIMENSION, MAX_NAME, IndexType, Metric, Precision
from taishang.vectors import collections

MAX_ROWS = 1_000
MAX_PASTED = 1024 * 1024


class CollectionForm(forms.Form):
    """A new collection: documents read by a model, or vectors of one's own; then its name."""

    model = forms.ModelChoiceField(
        label=_("Documents are read by"),
        queryset=Model.objects.none(),
        required=False,
        empty_label=_("no model: I bring my own vectors"),
        help_text=_("The model decides how many numbers a vector has."),
    )
    dimension = forms.IntegerField(
        label=_("Numbers of a vector"),
        required=False,
        min_value=1,
        max_value=MAX_DIMENSION,
        help_text=_("Only for your own vectors. An index holds up to 2,000; 4,000 as halfvec."),
    )
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    description = forms.CharField(label=_("Description"), max_length=500, required=False)
    metric = forms.ChoiceField(label=_("Nearness"), choices=Metric.choices)
    index_type = forms.ChoiceField(
        label=_("Index"), choices=IndexType.choices, initial=IndexType.HNSW
    )
    precision = forms.ChoiceField(label=_("Precision of the index"), choices=Precision.choices)

    def __init__(self, *args: Any, principal: Principal, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["model"]
        field.queryset = (
            Model.objects.usable_by(principal)
            .filter(kind=Kind.EMBEDDING)
            .exclude(scope=Model.Scope.USER)
            .order_by("name")
        )

    def clean_name(self) -> str:
        try:
            return collections.clean_name(self.cleaned_data["name"])
        except ValueError as error:
            raise forms.ValidationError(
                _("Letters, digits, _ and -, beginning with a letter or digit.")
            ) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        model, dimension = cleaned.get("model"), cleaned.get("dimension")
        if model is None and dimension is None and "dimension" not in self.errors:
            self.add_error("dimension", _("Say how many numbers, or choose a model."))
        if model is not None and dimension not in (None, model.embedding_dimension):
            self.add_error("dimension", _("The model makes vectors of another dimension."))
        return cleaned

    def values(self) -> dict[str, Any]:
        cleaned = dict(self.cleaned_data)
        model = cleaned.pop("model")
        if model is not None:
            cleaned |= {"model_id": model.pk, "dimension": model.embedding_dimension}
        return cleaned


class SettingsForm(forms.Form):
    """What may change at any time."""

    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    description = forms.CharField(label=_("Description"), max_length=500, required=False)
    is_readonly = forms.BooleanField(
        label=_("Read-only: nothing is written or deleted"), required=False
    )

    clean_name = CollectionForm.clean_name

    def values(self) -> dict[str, Any]:
        cleaned = dict(self.cleaned_data)
        status = "readonly" if cleaned.pop("is_readonly") else "active"
        return {**cleaned, "status": status}


class RowsForm(forms.Form):
    """Rows pasted in: a document on each line, or JSON."""

    pasted = forms.CharField(
        label=_("Documents, one on a line, or rows as JSON"),
        max_length=MAX_PASTED,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, embeds: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        self.embeds = embeds

    def clean_pasted(self) -> str:
        text: str = self.cleaned_data["pasted"]
        try:
            self._rows = _rows(text)
        except ValueError as error:
            raise forms.ValidationError(_("This JSON cannot be read.")) from error
        if not 1 <= len(self._rows) <= MAX_ROWS:
            raise forms.ValidationError(_("1 to 1,000 rows at once."))
        return text

    def rows(self) -> list[Any]:
        """Rows as the API takes them. Only after `is_valid`."""
        return self._rows


def _rows(text: str) -> list[Any]:
    stripped = text.strip()
    if stripped.startswith("["):
        return list(orjson.loads(stripped))
    lines = [line.strip() for line in stripped.splitlines() if line.strip()]
    if lines and all(line.startswith("{") for line in lines):
        return [orjson.loads(line) for line in lines]
    # The same document again is the same row.
    names = [hashlib.blake2b(line.encode(), digest_size=8).hexdigest() for line in lines]
    return [
        {"id": name, "document": line}
        for name, line in dict(zip(names, lines, strict=True)).items()
    ]
