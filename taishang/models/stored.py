"""Rows that were written as JSON, read back."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


def from_json(model: type[Row], values: Mapping[str, Any]) -> Row:
    """An instance from the columns of its row, each as its field understands it. Raises KeyError, ValidationError."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return model(**{name: fields[name].to_python(value) for name, value in values.items()})
