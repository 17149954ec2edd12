"""Calls of models: what was asked of whom, how it ended, what it used; never what was said."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import pagination
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import OBJECT_OR_NULL, page_of
from accounts.web.views import ApiView
from laojun.audit import Actor
from taishang.api.periods import moment
from taishang.gateway import cancelling
from taishang.models import Model, ModelCall
from taishang.models.call import ModelCallQuerySet


class ModelCallOut(serializers.Serializer):
    """Costs are decimal texts in the platform's currency; null is unknown."""

    id = serializers.UUIDField()
    model = serializers.SerializerMethodField()
    model_id = serializers.IntegerField(allow_null=True)
    asked_for = serializers.CharField()
    fallback_of = serializers.UUIDField(allow_null=True)
    degraded = serializers.BooleanField()
    kind = serializers.CharField()
    purpose = serializers.CharField()
    user = serializers.UUIDField(source="user_id", allow_null=True)
    subject = serializers.SerializerMethodField()
    task = serializers.UUIDField(source="task_id", allow_null=True)
    status = serializers.ChoiceField(ModelCall.Status.choices)
    error_class = serializers.CharField()
    error_detail = serializers.CharField()
    http_status = serializers.IntegerField(allow_null=True)
    finish_reason = serializers.CharField()
    is_streaming = serializers.BooleanField()
    is_cached = serializers.BooleanField()
    tries = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cached_input_tokens = serializers.IntegerField()
    usage_source = serializers.CharField()
    reserved_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=18, decimal_places=10, allow_null=True)
    queue_ms = serializers.IntegerField()
    duration_ms = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField()
    first_token_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    cancel_requested_at = serializers.DateTimeField(allow_null=True)
    trace_id = serializers.CharField()

    def get_model(self, call: ModelCall) -> str:
        return getattr(call, "model_label", "")

    @extend_schema_field(OBJECT_OR_NULL)
    def get_subject(self, call: ModelCall) -> dict[str, Any] | None:
        return call.subject


def labelled(calls: list[ModelCall]) -> list[ModelCall]:
    """The calls with the names of their models. One query."""
    wanted = {call.model_id for call in calls if call.model_id}
    names = {model.pk: str(model) for model in Model.objects.filter(pk__in=wanted)}
    for call in calls:
        call.model_label = names.get(call.model_id or 0, "")  # type: ignore[attr-defined]
    return calls


class CallView(ApiView):
    def visible(self) -> ModelCallQuerySet:
        return ModelCall.objects.visible_to(self.principal)

    def call(self, call_id: UUID) -> ModelCall:
        return self.find(self.visible().at(call_id), pk=call_id)

    def answer(self, call_id: UUID, *, status: int = 200) -> Response:
        (call,) = labelled([self.call(call_id)])
        return Response(self.shown(call, ModelCallOut), status=status)


class ModelCalls(CallView):
    required_permissions: ClassVar = {"GET": "model.view"}
    query_parameters = frozenset(
        {"model", "purpose", "status", "user", "from", "to", "subject_type", "subject_id"}
    )
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(ModelCallOut))
    def get(self, request: Request) -> Response:
        """Your calls in this workspace, newest first; everybody's with `usage.view`."""
        found = pagination.page(request, self._filtered(request), orderings=self.orderings)
        labelled(found.rows)
        return Response(found.body(self.shown(found.rows, ModelCallOut, many=True)))

    def _filtered(self, request: Request) -> ModelCallQuerySet:
        calls = self.visible()
        given = request.GET
        if "status" in given and given["status"] not in ModelCall.Status.values:
            names = ", ".join(ModelCall.Status.values)
            message = _("One of: %(names)s") % {"names": names}
            raise Invalid([field_error("status", "invalid_choice", message)])
        for name in ("purpose", "status", "subject_type", "subject_id"):
            if name in given:
                calls = calls.filter(**{name: given[name]})
        if "model" in given:
            calls = calls.filter(model_id=_number(given["model"]))
        if "user" in given:
            calls = calls.filter(user_id=_uuid(given["user"]))
        if "from" in given:
            calls = calls.filter(created_at__gte=moment(given["from"], "from"))
        if "to" in given:
            calls = calls.filter(created_at__lt=moment(given["to"], "to"))
        return calls


class ModelCallDetail(CallView):
    required_permissions: ClassVar = {"GET": "model.view"}

    @extend_schema(responses=ModelCallOut)
    def get(self, request: Request, call_id: UUID) -> Response:
        """One call as it stands."""
        return self.answer(call_id)


class ModelCallCancellation(CallView):
    required_permissions: ClassVar = {"POST": "model.use"}

    @extend_schema(request=None, responses={202: ModelCallOut, 200: ModelCallOut})
    def post(self, request: Request, call_id: UUID) -> Response:
        """Stop a call wherever it runs. 202 when it was asked just now, 200 when it had been asked before."""
        is_first = cancelling.cancel(call=self.call(call_id), by=Actor.of_principal(self.principal))
        return self.answer(call_id, status=202 if is_first else 200)


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise Invalid([field_error("model", "invalid", _("A whole number."))])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid([field_error("user", "invalid", _("Not an id."))]) from error
