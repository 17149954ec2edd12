"""Names that stand for models: what each means now, how it came to that, and where to it leads next."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from taishang.api.models import ModelView, faults_named
from taishang.catalogue import aliases, references
from taishang.catalogue.aliases import Name, Target
from taishang.catalogue.refusals import ModelDisabled, ModelNotFound
from taishang.models import Kind, Model, ModelAlias

REFERENCE = "`name` or `name@version`"


class AliasIn(Serializer):
    model = serializers.CharField(max_length=120, help_text=REFERENCE)
    fallbacks = serializers.ListField(
        child=serializers.CharField(max_length=120),
        max_length=4,
        default=list,
        help_text=f"Who answers when the model cannot, in order: {REFERENCE}",
    )
    on_quota = serializers.CharField(
        max_length=33, required=False, allow_null=True, help_text="The alias for used-up costs."
    )
    reason = serializers.CharField(max_length=500, default="", allow_blank=True)
    revision = serializers.IntegerField(
        min_value=0, required=False, help_text="The one you saw; 0 where there was none."
    )


class AliasRollbackIn(Serializer):
    revision = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    seen = serializers.IntegerField(min_value=0, required=False)


class AliasOut(serializers.Serializer):
    """One revision. `is_platform` ones hold wherever the workspace has none of its own."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    revision = serializers.IntegerField()
    is_platform = serializers.SerializerMethodField()
    model = serializers.CharField(source="model.__str__")
    model_id = serializers.IntegerField()
    fallback_ids = serializers.ListField(child=serializers.IntegerField())
    on_quota = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    changed_by_id = serializers.UUIDField(allow_null=True)
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True)

    def get_is_platform(self, row: ModelAlias) -> bool:
        return row.workspace_id is None


# Named once: two lists answer it.
AliasPage = page_of(AliasOut)


class AliasView(ModelView):
    query_parameters = frozenset({"kind"})

    def kind(self) -> str:
        wanted = self.request.GET.get("kind", Kind.CHAT.value)
        if wanted not in Kind.values:
            message = _("One of: %(names)s") % {"names": ", ".join(Kind.values)}
            raise Invalid([field_error("kind", "invalid_choice", message)])
        return wanted

    def name(self, alias: str) -> Name:
        return Name(alias, self.kind(), self.workspace_id)

    def current(self, alias: str) -> ModelAlias:
        """The workspace's revision in force, else the platform's."""
        rows = ModelAlias.objects.visible_to(self.principal).current()
        found = rows.filter(name=alias, kind=self.kind()).select_related("model")
        nearest = sorted(found, key=lambda row: row.workspace_id is None)
        if not nearest:
            raise Http404
        return nearest[0]

    def named(self, reference: str, field: str) -> Model:
        """The model a reference in the body stands for, or a fault of its field."""
        place = references.Place(self.workspace_id)
        try:
            return references.resolve(reference, place=place, kind=self.kind()).model
        except (ModelNotFound, ModelDisabled) as error:
            message = _("No such model here.")
            raise Invalid([field_error(field, "does_not_exist", message)]) from error


class Aliases(AliasView):
    required_permissions: ClassVar = {"GET": "model.view"}

    orderings = ("name", "-valid_from")

    @extend_schema(responses=AliasPage)
    def get(self, request: Request) -> Response:
        """Every name in force here: the workspace's and the platform's."""
        rows = ModelAlias.objects.visible_to(self.principal).current().select_related("model")
        if "kind" in request.GET:
            rows = rows.filter(kind=self.kind())
        return self.page(rows, AliasOut)


class AliasDetail(AliasView):
    required_permissions: ClassVar = {
        "GET": "model.view",
        "PUT": "model.manage",
        "DELETE": "model.manage",
    }

    @extend_schema(responses=AliasOut)
    def get(self, request: Request, alias: str) -> Response:
        """What a name means now."""
        return Response(AliasOut(self.current(alias)).data)

    @extend_schema(request=AliasIn, responses=AliasOut)
    def put(self, request: Request, alias: str) -> Response:
        """Let a name of this workspace stand for a model: a new revision."""
        given: dict[str, Any] = self.read(AliasIn)
        target = Target(
            self.named(given["model"], "/model"),
            [self.named(one, "/fallbacks").pk for one in given["fallbacks"]],
            given.get("on_quota"),
            given["reason"],
        )
        with faults_named():
            row = aliases.move(
                name=self.name(alias),
                target=target,
                seen=given.get("revision"),
                by=self.user,
                actor=self.actor,
            )
        return Response(AliasOut(row).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, alias: str) -> Response:
        """The name of this workspace stands for nothing from now on; its history stays."""
        if not aliases.close(name=self.name(alias), actor=self.actor):
            raise Http404
        return Response(status=204)


class AliasHistory(AliasView):
    required_permissions: ClassVar = {"GET": "model.view"}
    orderings = ("-revision",)

    @extend_schema(responses=AliasPage)
    def get(self, request: Request, alias: str) -> Response:
        """Every revision of a name of this workspace, newest first."""
        return self.page(self.name(alias).revisions().select_related("model"), AliasOut)


class AliasRollback(AliasView):
    required_permissions: ClassVar = {"POST": "model.manage"}

    @extend_schema(request=AliasRollbackIn, responses=AliasOut)
    def post(self, request: Request, alias: str) -> Response:
        """A new revision that says what an earlier one said."""
        given = self.read(AliasRollbackIn)
        with faults_named():
            row = aliases.rollback(
                name=self.name(alias),
                revision=given["revision"],
                seen=given.get("seen"),
                by=self.user,
                actor=self.actor,
            )
        return Response(AliasOut(row).data)
