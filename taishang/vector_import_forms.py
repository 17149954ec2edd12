"""What people choose when they import a file into a collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from taishang.models.vectors import MAX_NAMESPACE

NONE = [("", _("none"))]
WRITE_MODES = [
    ("upsert", _("Add the rows; those with the same id are replaced")),
    ("replace_namespace", _("Replace the whole namespace by this file")),
]
ON_ERROR = [
    ("stop", _("Stop at the first faulty row")),
    ("skip", _("Leave out faulty rows, up to 1%")),
]


class UploadForm(forms.Form):
    file = forms.FileField(label=_("File"))
    side = forms.FileField(label=_("JSON lines beside an NPY file"), required=False)


class ImportForm(forms.Form):
    """Which column is what, where the rows go, and what happens at a faulty one."""

    id = forms.ChoiceField(label="ID", required=False, help_text=_("Without one: the line."))
    vector = forms.ChoiceField(label=_("Vector"), required=False)
    document = forms.ChoiceField(label=_("Document"), required=False)
    namespace_column = forms.ChoiceField(label=_("Namespace from a column"), required=False)
    payload = forms.MultipleChoiceField(
        label=_("Payload"), required=False, widget=forms.CheckboxSelectMultiple
    )
    namespace = forms.CharField(
        label=_("Namespace"),
        max_length=MAX_NAMESPACE,
        required=False,
        strip=False,
        help_text=_("Of rows whose column names none; empty is the unnamed one."),
    )
    write_mode = forms.ChoiceField(label=_("Rows"), choices=WRITE_MODES)
    on_error = forms.ChoiceField(label=_("Faulty rows"), choices=ON_ERROR)

    def __init__(
        self, *args: Any, columns: Sequence[str], objects: frozenset[str], **options: Any
    ) -> None:
        """`objects` are the columns that hold objects: one of them alone is the payload itself."""
        super().__init__(*args, **options)
        self.objects = objects
        choices = [(name, name) for name in columns]
        for name in ("id", "vector", "document", "namespace_column"):
            field: Any = self.fields[name]
            field.choices = [*NONE, *choices]
        payload: Any = self.fields["payload"]
        payload.choices = choices

    def mapping(self) -> dict[str, Any]:
        """The mapping as the API takes it. Only after `is_valid`."""
        found = self.cleaned_data
        payload: list[str] = found["payload"]
        alone = len(payload) == 1 and payload[0] in self.objects
        return {
            "id": found["id"],
            "vector": found["vector"],
            "document": found["document"],
            "namespace": found["namespace_column"],
            "payload": payload[0] if alone else payload,
        }
