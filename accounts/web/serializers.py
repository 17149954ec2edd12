"""Serializers that name what they do not know instead of dropping it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class Serializer(serializers.Serializer):
    """What a body may hold, field by field: anything else is refused with its name (`unknown_field`)."""

    def to_internal_value(self, data: Any) -> Any:
        faults: dict[str, Any] = {}
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            message = _("This operation takes no such field.")
            faults = {
                str(name): [ErrorDetail(message, code="unknown_field")]
                for name in data
                if name not in writable
            }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**_as_mapping(error.detail), **faults}) from error
        if faults:
            raise serializers.ValidationError(faults)
        return values


def _as_mapping(detail: Any) -> dict[str, Any]:
    return dict(detail) if isinstance(detail, Mapping) else {"non_field_errors": detail}
