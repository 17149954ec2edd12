"""What every operation of the AI's help starts from: the work in which the person may use it, refusals by field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from studio.context import UnknownPin
from studio.models import AIRequest, Work
from studio.proposals import UnknownHunk
from studio.requests.wishes import FieldRefused

MAX_INSTRUCTION = 8_000
LENGTHS = (50, 5_000)
MAX_KEYS = 200


class HelpIn(Serializer):
    """What help is wanted, and where. Positions are code points of the chapter at `base_revision`."""

    type = serializers.ChoiceField(AIRequest.Type.choices)
    chapter = serializers.UUIDField(required=False, allow_null=True)
    range_start = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    range_end = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    base_revision = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    instruction = serializers.CharField(
        max_length=MAX_INSTRUCTION, required=False, allow_blank=True, default=""
    )
    agent = serializers.UUIDField(required=False, allow_null=True)
    model = serializers.CharField(
        max_length=150, required=False, allow_blank=True, help_text="`@alias`, name or name@version"
    )
    length = serializers.IntegerField(
        min_value=LENGTHS[0], max_value=LENGTHS[1], required=False, allow_null=True
    )
    chat = serializers.UUIDField(required=False, allow_null=True)
    pins = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=MAX_KEYS, required=False
    )
    excluded = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=MAX_KEYS, required=False
    )


class HelpView(ApiView):
    """An operation in which a model may be asked about a work."""

    def work(self, work_id: UUID | Any, right: str = "ai") -> Work:
        """The work, when the person may do this in it: 404 for a stranger's, 403 where it may only be read."""
        found = self.find(Work.objects.visible_to(self.principal), pk=work_id)
        if right == "read":
            return found
        if not Work.objects.with_right(self.principal, right).filter(pk=found.pk).exists():
            raise Refused("permission_denied")
        return found


@contextmanager
def fields_named() -> Iterator[None]:
    """Values that name nothing here, as faults of their fields."""
    message = _("There is nothing of this name here.")
    try:
        yield
    except FieldRefused as refused:
        raise Invalid([field_error(f"/{refused.field}", "does_not_exist", message)]) from refused
    except UnknownPin as refused:
        raise Invalid([field_error("/pins", "does_not_exist", message)]) from refused
    except UnknownHunk as refused:
        raise Invalid([field_error("/hunks", "does_not_exist", message)]) from refused
