"""What is left of the caller's limits."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits
from accounts.web.permissions import SIGNED_IN
from accounts.web.views import ApiView


class LimitOut(serializers.Serializer):
    name = serializers.CharField(help_text="The class, as in `RateLimit-Policy`.")
    label = serializers.CharField(source="entry.label")  # type: ignore[assignment]
    subject = serializers.CharField(
        source="entry.subject", help_text="Whose count it is: caller, user or workspace."
    )
    limit = serializers.IntegerField(help_text="Calls in a window.")
    used = serializers.IntegerField()
    remaining = serializers.IntegerField()
    window = serializers.IntegerField(source="window_s", help_text="Seconds.")
    reset = serializers.IntegerField(source="reset_s", help_text="Seconds until one more is free.")
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="Who counts it at the moment: redis or database."
    )


class LimitsOut(serializers.Serializer):
    results = LimitOut(many=True)


class Limits(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}

    @extend_schema(responses=LimitsOut)
    def get(self, request: Request) -> Response:
        """What is left in every class that is counted for you. Asking counts as reading."""
        demands = limits.demands_of(
            user=self.user, workspace_id=self.principal.workspace_id, caller=self.principal.actor
        )
        return Response(self.shown({"results": limits.look(demands)}, LimitsOut))
