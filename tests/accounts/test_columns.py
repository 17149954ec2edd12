"""The console speaks the operator's language, headings of columns and labels of forms included."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten, label_for_field
from django.utils import translation

HAN = re.compile(r"[\u4e00-\u9fff]")
# Said the same in every language.
INTERNATIONAL = {"Cron", "ID", "IP", "URL", "CIDR", "SHA-256"}


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label)
def test_every_column_has_a_word_in_chinese(model):
    console = admin.site._registry[model]
    shown = {*console.list_display, *(console.fields or ()), *console.readonly_fields}
    for _title, options in console.fieldsets or ():
        shown.update(flatten(options["fields"]))

    with translation.override("zh-hans"):
        labels = {name: _label(name, model, console) for name in shown if name}

    assert {
        name: label
        for name, label in labels.items()
        if label and not HAN.search(label) and label not in INTERNATIONAL
    } == {}


def _label(name, model, console):
    """A field of the form alone has its label there."""
    declared = getattr(console.form, "declared_fields", {}).get(name)
    return str(declared.label if declared else label_for_field(name, model, console))
