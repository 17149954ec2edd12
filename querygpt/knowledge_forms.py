"""What people type about their data: descriptions, terms, examples, texts for models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.authentication import Principal
from querygpt import prompts
from querygpt.models import Column, Connection, Prompt, Relationship, Table, Term
from querygpt.models.knowledge import MAX_QUESTION, MAX_TERM
from querygpt.models.prompt import MAX_CONTENT
from querygpt.models.run import MAX_SQL_BYTES
from querygpt.models.schema import MAX_DESCRIPTION

MAX_EXPRESSION = 4_000
MAX_SYNONYMS = 20
LANGUAGES = [("zh", "中文"), ("en", "English")]


def _text(label: Any, most: int, *, rows: int = 0, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "class": "input code"}) if rows else None
    return forms.CharField(label=label, max_length=most, widget=widget, **options)


def _places(principal: Principal) -> Any:
    return Connection.objects.visible_to(principal).order_by("name")


class TermForm(forms.Form):
    connection = forms.ModelChoiceField(
        label=gettext_lazy("Database"),
        queryset=Connection.objects.none(),
        required=False,
        empty_label=gettext_lazy("all shared databases of the workspace"),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Term.Kind.choices)
    name_zh = _text(gettext_lazy("Name (Chinese)"), MAX_TERM, required=False)
    name_en = _text(gettext_lazy("Name (English)"), MAX_TERM, required=False)
    synonyms = forms.CharField(
        label=gettext_lazy("Other words"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("Separated by commas."),
    )
    table = _text(gettext_lazy("Table"), 511)
    expression = _text(
        gettext_lazy("Expression"),
        MAX_EXPRESSION,
        rows=3,
        required=False,
        help_text=gettext_lazy(
            "In SQL, over columns of the table: SUM(total_amount). A condition for a filter: status = 'paid'. Empty for another name of a table."
        ),
    )
    description = _text(gettext_lazy("Description"), 500, required=False)
    is_off = forms.BooleanField(label=gettext_lazy("Switched off"), required=False)

    def __init__(self, *args: Any, principal: Principal, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["connection"]
        field.queryset = _places(principal)

    def clean_synonyms(self) -> list[str]:
        text = self.cleaned_data["synonyms"].replace("，", ",").replace("、", ",")
        words = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
        if len(words) > MAX_SYNONYMS or any(len(word) > MAX_TERM for word in words):
            raise forms.ValidationError(_("At most 20 words of 80 characters."))
        return words

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("name_zh") and not data.get("name_en"):
            self.add_error("name_zh", _("Give a name in one language."))
        if data.get("kind") != Term.Kind.ALIAS and not data.get("expression"):
            self.add_error("expression", _("Say what the word stands for."))
        return data

    def wishes(self) -> dict[str, Any]:
        values = {name: self.cleaned_data[name] for name in self.fields if name != "is_off"}
        values["state"] = Term.State.OFF if self.cleaned_data["is_off"] else Term.State.VALID
        return values


class ExampleForm(forms.Form):
    connection = forms.ModelChoiceField(
        label=gettext_lazy("Database"), queryset=Connection.objects.none()
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGUAGES)
    question = _text(gettext_lazy("Question"), MAX_QUESTION)
    sql = _text("SQL", MAX_SQL_BYTES, rows=8)

    def __init__(
        self, *args: Any, principal: Principal, fixed: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["connection"]
        field.queryset = _places(principal)
        field.disabled = fixed

    def wishes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("language", "question", "sql")}


class PromptForm(forms.Form):
    """Both languages of one part; an empty one leaves it to the level above."""

    content_zh = _text(gettext_lazy("Text (Chinese)"), MAX_CONTENT, rows=12, required=False)
    content_en = _text(gettext_lazy("Text (English)"), MAX_CONTENT, rows=12, required=False)
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("content_zh") and not data.get("content_en"):
            self.add_error("content_zh", _("Write the text in at least one language."))
        try:
            prompts.check(data)
        except prompts.PlaceholderUnknown as refused:
            names = ", ".join(refused.names)
            self.add_error(refused.field, _("Unknown placeholders: %(names)s") % {"names": names})
        return data


class TableForm(forms.Form):
    description_zh = _text(gettext_lazy("Description (Chinese)"), MAX_DESCRIPTION, required=False)
    description_en = _text(gettext_lazy("Description (English)"), MAX_DESCRIPTION, required=False)
    is_pinned = forms.BooleanField(
        label=gettext_lazy("Pinned: always among the tables a model sees"), required=False
    )
    access = forms.ChoiceField(label=gettext_lazy("Access"), choices=Table.Access.choices)

    def __init__(self, *args: Any, guarded: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if guarded:
            del self.fields["access"]


class ColumnForm(forms.Form):
    description_zh = _text(gettext_lazy("Description (Chinese)"), MAX_DESCRIPTION, required=False)
    description_en = _text(gettext_lazy("Description (English)"), MAX_DESCRIPTION, required=False)
    role = forms.ChoiceField(label=gettext_lazy("What it is for"), choices=Column.Role.choices)
    unit = _text(gettext_lazy("Unit"), 30, required=False)
    is_hidden = forms.BooleanField(label=gettext_lazy("Hidden"), required=False)
    is_sensitive = forms.BooleanField(label=gettext_lazy("Sensitive"), required=False)

    def __init__(self, *args: Any, guarded: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if guarded:
            del self.fields["is_hidden"], self.fields["is_sensitive"]


class RelationshipForm(forms.Form):
    """Two tables by name and the columns that meet, separated by commas."""

    from_table = forms.ModelChoiceField(
        label=gettext_lazy("From table"), queryset=Table.objects.none()
    )
    from_columns = _text(gettext_lazy("Columns"), 1_100)
    to_table = forms.ModelChoiceField(label=gettext_lazy("To table"), queryset=Table.objects.none())
    to_columns = _text(gettext_lazy("Columns there"), 1_100)
    cardinality = forms.ChoiceField(
        label=gettext_lazy("Cardinality"),
        choices=Relationship.Cardinality.choices,
        initial=Relationship.Cardinality.MANY_TO_ONE,
    )

    def __init__(self, *args: Any, connection: Connection, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("from_table", "to_table"):
            field: Any = self.fields[name]
            field.queryset = connection.tables.present().order_by("schema_name", "name")

    def columns(self, name: str) -> list[str]:
        return [part.strip() for part in self.cleaned_data[name].split(",") if part.strip()]


def changed(form: forms.Form, names: Iterable[str] = ()) -> dict[str, Any]:
    """What of a valid form differs from what it showed."""
    wanted = set(names) or set(form.fields)
    return {name: form.cleaned_data[name] for name in form.changed_data if name in wanted}


def prompt_rows(rows: Iterable[Prompt], level: str) -> dict[str, Prompt]:
    """The texts of one level by their part."""
    return {row.type: row for row in rows if row.level == level}
