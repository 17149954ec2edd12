"""AI models: connected, tried, changed, versioned, chosen, priced and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any, ClassVar

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags, outside, pagination
from accounts.web.parsing import JsonRenderer, dump
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun import audit
from laojun.audit import Actor
from taishang.catalogue import connecting, defaults, fields
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import FieldsRefused
from taishang.gateway import trying
from taishang.gateway.asks import Caller
from taishang.gateway.trying import Trial
from taishang.models import Kind, Model
from taishang.providers.base import PROVIDERS, ProviderSpec

PLACES = (Model.Scope.WORKSPACE, Model.Scope.USER)
FILTERS = {
    "kind": Kind.values,
    "scope": Model.Scope.values,
    "provider": None,
    "status": Model.Status.values,
}


def _number(most: int, *, least: int = 1, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=least, max_value=most, required=False, **options)


class ModelFieldsIn(Serializer):
    """What can be said of a model, at its beginning and later."""

    model_id = serializers.CharField(max_length=200, required=False)
    family = serializers.CharField(max_length=60, required=False, allow_blank=True)
    quantization = serializers.CharField(max_length=30, required=False, allow_blank=True)
    params = serializers.DictField(required=False, help_text="Options of the provider.")
    metadata = serializers.DictField(required=False)
    base_url = serializers.CharField(max_length=2048, required=False, allow_blank=True)
    api_key = serializers.CharField(
        max_length=fields.MAX_KEY,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="Write-only; empty clears it.",
    )
    context_window = _number(fields.MAX_TOKENS)
    max_output_tokens = _number(fields.MAX_TOKENS)
    embedding_dimension = _number(fields.MAX_DIMENSION, allow_null=True)
    max_batch = _number(2048)
    tokenizer = serializers.ChoiceField(Model.Tokenizer.choices, required=False)
    supports_streaming = serializers.BooleanField(required=False)
    supports_function_calling = serializers.BooleanField(required=False)
    supports_json_schema = serializers.BooleanField(required=False)
    supports_vision = serializers.BooleanField(required=False)
    supports_system = serializers.BooleanField(required=False)
    max_parallel = _number(1000, allow_null=True)
    connect_timeout_s = _number(600, allow_null=True)
    first_token_timeout_s = _number(3600, allow_null=True)
    idle_timeout_s = _number(3600, allow_null=True)
    total_timeout_s = _number(7200, allow_null=True)


class ModelIn(ModelFieldsIn):
    scope = serializers.ChoiceField(PLACES, default=Model.Scope.USER)
    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(Kind.choices, default=Kind.CHAT)
    provider = serializers.CharField(max_length=20)
    model_id = serializers.CharField(max_length=200)


class ModelChangeIn(ModelFieldsIn):
    name = serializers.CharField(max_length=100, required=False)
    kind = serializers.ChoiceField(Kind.choices, required=False)
    provider = serializers.CharField(max_length=20, required=False)
    status = serializers.ChoiceField(Model.Status.choices, required=False)


class ModelVersionIn(ModelFieldsIn):
    kind = serializers.ChoiceField(Kind.choices, required=False)
    provider = serializers.CharField(max_length=20, required=False)
    move_aliases = serializers.BooleanField(
        default=False, help_text="Let the aliases of its place lead to the new version."
    )


class LastTestOut(serializers.Serializer):
    at = serializers.DateTimeField(source="last_test_at", allow_null=True)
    ok = serializers.BooleanField(source="last_test_ok", allow_null=True)
    ms = serializers.IntegerField(source="last_test_ms", allow_null=True)
    error_class = serializers.CharField(source="last_test_error_class")


class ModelOut(serializers.Serializer):
    """A model. Prices are per 1,000 tokens, null where unknown; the platform's addresses are nobody's business."""

    id = serializers.IntegerField()
    reference = serializers.CharField(source="__str__")
    name = serializers.CharField()
    version = serializers.IntegerField()
    scope = serializers.ChoiceField(Model.Scope.choices)
    workspace_id = serializers.IntegerField(allow_null=True)
    owner_id = serializers.UUIDField(allow_null=True)
    kind = serializers.ChoiceField(Kind.choices)
    provider = serializers.CharField()
    model_id = serializers.CharField()
    family = serializers.CharField()
    quantization = serializers.CharField()
    params = serializers.JSONField()
    metadata = serializers.JSONField()
    base_url = serializers.SerializerMethodField()
    has_api_key = serializers.BooleanField()
    status = serializers.ChoiceField(Model.Status.choices)
    is_default = serializers.BooleanField()
    context_window = serializers.IntegerField(help_text="tokens")
    max_output_tokens = serializers.IntegerField(help_text="tokens")
    embedding_dimension = serializers.IntegerField(allow_null=True)
    max_batch = serializers.IntegerField()
    tokenizer = serializers.ChoiceField(Model.Tokenizer.choices)
    supports_streaming = serializers.BooleanField()
    supports_function_calling = serializers.BooleanField()
    supports_json_schema = serializers.BooleanField()
    supports_vision = serializers.BooleanField()
    supports_system = serializers.BooleanField()
    max_parallel = serializers.IntegerField(allow_null=True)
    connect_timeout_s = serializers.IntegerField(allow_null=True)
    first_token_timeout_s = serializers.IntegerField(allow_null=True)
    idle_timeout_s = serializers.IntegerField(allow_null=True)
    total_timeout_s = serializers.IntegerField(allow_null=True)
    quota_exempt = serializers.BooleanField()
    is_free_tier = serializers.BooleanField()
    input_price = serializers.DecimalField(18, 10, allow_null=True)
    output_price = serializers.DecimalField(18, 10, allow_null=True)
    currency = serializers.CharField()
    price_known = serializers.BooleanField()
    last_test = LastTestOut(source="*")
    first_used_at = serializers.DateTimeField(allow_null=True)
    created_by_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_base_url(self, model: Model) -> str:
        return "" if model.scope == Model.Scope.PLATFORM else model.base_url


class OptionOut(serializers.Serializer):
    name = serializers.CharField()
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    hint = serializers.CharField()
    default = serializers.JSONField(allow_null=True)
    choices = serializers.ListField(child=serializers.CharField())
    least = serializers.FloatField(allow_null=True)
    most = serializers.FloatField(allow_null=True)


class ProviderOut(serializers.Serializer):
    """A provider, what its models can do at all, and the fields of its form."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kinds = serializers.ListField(child=serializers.CharField())
    streaming = serializers.BooleanField()
    tools = serializers.BooleanField()
    json_schema = serializers.BooleanField()
    vision = serializers.BooleanField()
    system = serializers.BooleanField()
    default_url = serializers.CharField()
    needs_url = serializers.BooleanField()
    needs_key = serializers.BooleanField()
    options = OptionOut(many=True)


class TestOut(serializers.Serializer):
    """How one real call went. `capabilities` are what was seen. Units: ms."""

    ok = serializers.BooleanField()
    connect_ms = serializers.IntegerField(allow_null=True)
    first_token_ms = serializers.IntegerField(allow_null=True)
    total_ms = serializers.IntegerField()
    error_class = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(help_text="The field to change, or empty.")
    capabilities = serializers.DictField()


@contextmanager
def faults_named() -> Iterator[None]:
    """What the catalogue refuses of a body are faults of its fields."""
    try:
        yield
    except FieldsRefused as refused:
        raise Invalid(
            [field_error(f"/{name}", "invalid", text) for name, text in refused.faults.items()]
        ) from refused


class ModelView(ApiView):
    """What every view of models starts from."""

    @property
    def actor(self) -> Actor:
        return Actor.of_principal(self.principal)

    @property
    def place(self) -> Place:
        return Place(self.workspace_id, self.user.pk)

    def model(self, model_id: int, *, lock: bool = False) -> Model:
        rows = Model.objects.visible_to(self.principal)
        return self.find(rows.select_for_update(of=("self",)) if lock else rows, pk=model_id)

    def editable(self, model_id: int) -> Model:
        """The model, locked; who may see but not change it is told so."""
        model = self.model(model_id, lock=True)
        if not Model.objects.editable_by(self.principal).filter(pk=model.pk).exists():
            raise denied("model.manage")
        return model

    def seen(self, model_id: int, *, optional: bool = False) -> Model:
        """The model, locked, whose current state `If-Match` names."""
        model = self.editable(model_id)
        thing = ("model", model.pk)
        etags.require(
            self.request, model, thing=thing, version=model.row_version, optional=optional
        )
        return model

    def answer(self, model: Model, *, status: int = 200) -> Response:
        tag = etags.of(self.request, model, version=model.row_version)
        if self.request.method == "GET" and etags.matches(self.request, tag):
            return Response(status=304, headers={"ETag": tag})
        return Response(self.shown(model, ModelOut), status=status, headers={"ETag": tag})

    def answer_new(self, model: Model) -> Response:
        model.refresh_from_db()
        answer = self.answer(model, status=201)
        answer["Location"] = f"/api/v1/models/{model.pk}/"
        return answer


class Models(ModelView):
    required_permissions: ClassVar = {"GET": "model.view", "POST": "model.own"}
    query_parameters = frozenset({*FILTERS, "q"})
    orderings = ("name", "-created_at")

    @extend_schema(responses=page_of(ModelOut))
    def get(self, request: Request) -> Response:
        """The models you can see: the platform's, the workspace's, your own."""
        rows = Model.objects.visible_to(self.principal)
        for name, values in FILTERS.items():
            wanted = request.GET.get(name)
            if wanted is None:
                continue
            if values is not None and wanted not in values:
                message = _("One of: %(names)s") % {"names": ", ".join(values)}
                raise Invalid([field_error(name, "invalid_choice", message)])
            rows = rows.filter(**{name: wanted})
        if text := request.GET.get("q"):
            rows = rows.filter(Q(name__icontains=text) | Q(model_id__icontains=text))
        found = pagination.page(request, rows, orderings=self.orderings)
        return Response(found.body(self.shown(found.rows, ModelOut, many=True)))

    @extend_schema(request=ModelIn, responses={201: ModelOut})
    def post(self, request: Request) -> Response:
        """Connect a model for yourself, or with `scope: workspace` for everybody here."""
        given = self.read(ModelIn)
        scope = given.pop("scope")
        if scope == Model.Scope.WORKSPACE and not self.principal.may("model.manage"):
            raise denied("model.manage")
        with faults_named():
            model = connecting.create(
                scope=scope, place=self.place, wishes=given, by=self.user, actor=self.actor
            )
        return self.answer_new(model)


class ModelDetail(ModelView):
    required_permissions: ClassVar = {
        "GET": "model.view",
        "PATCH": "model.own",
        "DELETE": "model.own",
    }

    @extend_schema(responses=ModelOut)
    def get(self, request: Request, model_id: int) -> Response:
        return self.answer(self.model(model_id))

    @extend_schema(request=ModelChangeIn, responses=ModelOut)
    def patch(self, request: Request, model_id: int) -> Response:
        """Change a model; `If-Match` says which state of it was seen. A new address clears the key."""
        model = self.seen(model_id)
        with faults_named():
            changed = connecting.change(
                model=model, wishes=self.read(ModelChangeIn), actor=self.actor
            )
        return self.answer(changed)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, model_id: int) -> Response:
        """Delete a model that nothing names any more."""
        connecting.remove(model=self.seen(model_id, optional=True), actor=self.actor)
        return Response(status=204)


class ModelVersions(ModelView):
    required_permissions: ClassVar = {"POST": "model.own"}

    @extend_schema(request=ModelVersionIn, responses={201: ModelOut})
    def post(self, request: Request, model_id: int) -> Response:
        """Version N+1 with these changes; the old one stays as it is."""
        model = self.editable(model_id)
        given = self.read(ModelVersionIn)
        move = given.pop("move_aliases")
        with faults_named():
            fresh = connecting.new_version(
                model=model, wishes=given, move_aliases=move, by=self.user, actor=self.actor
            )
        return self.answer_new(fresh)


class ModelDefault(ModelView):
    required_permissions: ClassVar = {"POST": "model.own", "DELETE": "model.own"}

    @extend_schema(request=None, responses=ModelOut)
    def post(self, request: Request, model_id: int) -> Response:
        """Let it answer when nobody names a model: yours for you, others for everybody here."""
        model = self.choosable(model_id)
        chosen = defaults.set_default(
            model=model, workspace_id=self.workspace_id, by=self.user, actor=self.actor
        )
        return self.answer(chosen)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, model_id: int) -> Response:
        """It is the default here no more."""
        model = self.choosable(model_id)
        defaults.clear_default(model=model, workspace_id=self.workspace_id, actor=self.actor)
        return Response(status=204)

    def choosable(self, model_id: int) -> Model:
        model = self.model(model_id, lock=False)
        if model.scope != Model.Scope.USER and not self.principal.may("model.manage"):
            raise denied("model.manage")
        return model


class ModelTest(ModelView):
    required_permissions: ClassVar = {"POST": "model.use"}
    rate_limits: ClassVar = {"POST": ("model.test",)}

    @extend_schema(request=None, responses=TestOut)
    def post(self, request: Request, model_id: int) -> HttpResponse:
        """One real, short call. 200 also when it fails: `error_class` and `message` say why and how to mend it."""
        model = self.model(model_id)
        audit.record(actor=self.actor, action="model.tested", target=("model", model.pk))
        caller = Caller(self.principal.api_key_id, trace_id=getattr(request, "trace_id", ""))
        trial = Trial(model, self.user, self.workspace_id, caller)
        return outside.later(partial(_tried, trial))


class Providers(ApiView):
    required_permissions: ClassVar = {"GET": "model.view"}

    @extend_schema(responses=ProviderOut(many=True))
    def get(self, request: Request) -> Response:
        """Who can be connected, and what each asks for."""
        return Response(ProviderOut([_provider(one) for one in PROVIDERS.values()], many=True).data)


def _tried(trial: Trial) -> HttpResponse:
    body = dump(TestOut(trying.outcome_of(trial)).data)
    return HttpResponse(body, content_type=JsonRenderer.media_type)


def _provider(spec: ProviderSpec) -> dict[str, Any]:
    can = spec.capabilities
    return {
        **{name: getattr(spec, name) for name in ("key", "label", "default_url")},
        "needs_url": spec.needs_url,
        "needs_key": spec.needs_key,
        "kinds": sorted(can.kinds),
        **{
            name: getattr(can, name)
            for name in ("streaming", "tools", "json_schema", "vision", "system")
        },
        "options": [asdict(option) for option in spec.options],
    }
