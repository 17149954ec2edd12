"""What models cost: the prices of one, and a new one from a moment on."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.permissions import denied
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from taishang.api.models import ModelView, faults_named
from taishang.catalogue import prices
from taishang.models import Model, ModelPrice


def _amount() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=18, decimal_places=10, min_value=0, required=False, allow_null=True
    )


class PriceIn(Serializer):
    input_price = _amount()
    output_price = _amount()
    cached_input_price = _amount()
    per = serializers.ChoiceField(
        [prices.PER_THOUSAND, prices.PER_MILLION], default=prices.PER_THOUSAND, help_text="tokens"
    )
    currency = serializers.CharField(max_length=3, required=False)
    fx_rate = serializers.DecimalField(
        max_digits=18,
        decimal_places=10,
        required=False,
        help_text="The platform's currency per one of this.",
    )
    effective_from = serializers.DateTimeField(required=False)
    note = serializers.CharField(
        max_length=prices.MAX_NOTE, required=False, default="", allow_blank=True
    )


class PriceOut(serializers.Serializer):
    """A price per 1,000 tokens, null where unknown. `is_own` is the workspace's over the platform's."""

    id = serializers.IntegerField()
    workspace_id = serializers.IntegerField(allow_null=True)
    input_price = serializers.DecimalField(18, 10, allow_null=True)
    output_price = serializers.DecimalField(18, 10, allow_null=True)
    cached_input_price = serializers.DecimalField(18, 10, allow_null=True)
    currency = serializers.CharField()
    fx_rate = serializers.DecimalField(18, 10)
    effective_from = serializers.DateTimeField()
    note = serializers.CharField()
    created_by_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewPriceOut(PriceOut):
    affected_calls = serializers.IntegerField(help_text="made while it holds, counted before")


class ModelPrices(ModelView):
    required_permissions: ClassVar = {"GET": "model.view", "POST": "model.own"}
    orderings = ("-effective_from",)

    @extend_schema(responses=page_of(PriceOut))
    def get(self, request: Request, model_id: int) -> Response:
        """The prices of a model as this workspace sees them, newest first."""
        rows = ModelPrice.objects.of(self.model(model_id), self.workspace_id)
        return self.page(rows, PriceOut)

    @extend_schema(request=PriceIn, responses={201: NewPriceOut})
    def post(self, request: Request, model_id: int) -> Response:
        """A price from a moment on; of a platform model it holds for this workspace alone."""
        model = self.model(model_id)
        if model.scope != Model.Scope.USER and not self.principal.may("model.manage"):
            raise denied("model.manage")
        given: dict[str, Any] = self.read(PriceIn)
        with faults_named():
            row = prices.add(
                model=model,
                workspace_id=self.workspace_id,
                wishes=given,
                by=self.user,
                actor=self.actor,
            )
        body = PriceOut(row).data | {"affected_calls": prices.affected_calls(row)}
        return Response(body, status=201)
