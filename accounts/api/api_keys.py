"""A person's API keys in a workspace. A key is shown once; no key manages keys."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import api_keys
from accounts.api.freshness import fresh
from accounts.models import ApiKey
from accounts.web import etags
from accounts.web.permissions import SIGNED_IN
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView


class ApiKeyNameIn(Serializer):
    name = serializers.CharField(max_length=80)


class ApiKeyIn(ApiKeyNameIn):
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=100), min_length=1, max_length=200
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Null never expires; left out, 90 days."
    )

    def validate_scopes(self, value: list[str]) -> list[str]:
        if unknown := api_keys.unknown_scopes(value):
            message = _("No such permission: %(key)s") % {"key": unknown[0]}
            raise serializers.ValidationError(message, code="permission_unknown")
        return value

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError(_("Choose a time to come."), code="in_the_past")
        return value


class ApiKeyOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    last_used_ip = serializers.CharField(allow_null=True)


class NewApiKeyOut(ApiKeyOut):
    key = serializers.CharField(help_text="Shown this once.")


class ApiKeys(ApiView):
    required_permissions: ClassVar = {"GET": "api_key.manage", "POST": "api_key.manage"}
    people_only = True
    reply_holds_secret = True
    orderings = ("-created_at", "name")

    @extend_schema(responses=page_of(ApiKeyOut))
    def get(self, request: Request) -> Response:
        """Your live keys in this workspace."""
        return self.page(_mine(self), ApiKeyOut)

    @extend_schema(request=ApiKeyIn, responses={201: NewApiKeyOut})
    def post(self, request: Request) -> Response:
        """Make a key. Needs a sign-in of the last ten minutes."""
        given = self.read(ApiKeyIn)
        fresh(self)
        api_key, text = api_keys.mint(
            user=self.user,
            workspace_id=self.workspace_id,
            name=given["name"],
            scopes=given["scopes"],
            held=self.principal.permissions(),
            expires_at=given.get("expires_at", timezone.now() + api_keys.DEFAULT_LIFE),
        )
        shown = {**self.shown(api_key, ApiKeyOut), "key": text}
        address = f"{request.path}{api_key.pk}/"
        return Response(shown, status=201, headers={"Location": address})


class RevokedOut(serializers.Serializer):
    revoked = serializers.IntegerField()


class ApiKeyRevocation(ApiView):
    required_permissions: ClassVar = {"POST": SIGNED_IN}
    people_only = True

    @extend_schema(request=None, responses=RevokedOut)
    def post(self, request: Request) -> Response:
        """End every key of yours, in all workspaces. Needs a sign-in of the last ten minutes."""
        fresh(self)
        return Response({"revoked": api_keys.revoke_all(user=self.user)})


class ApiKeyDetail(ApiView):
    required_permissions: ClassVar = dict.fromkeys(("GET", "PATCH", "DELETE"), "api_key.manage")
    people_only = True

    @extend_schema(responses=ApiKeyOut)
    def get(self, request: Request, key_id: UUID) -> Response:
        """One of your keys, without its text."""
        return self.tagged(self.find(_mine(self), pk=key_id), ApiKeyOut)

    @extend_schema(request=ApiKeyNameIn, responses=ApiKeyOut)
    def patch(self, request: Request, key_id: UUID) -> Response:
        """Give a key another name."""
        api_key = self.find(_mine(self).select_for_update(), pk=key_id)
        etags.require(request, api_key, optional=True, thing=("api_key", api_key.pk))
        name = self.read(ApiKeyNameIn)["name"]
        api_keys.rename(api_key=api_key, name=name, by=self.user)
        return self.tagged(api_key, ApiKeyOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """End a key; it is refused from its next request on."""
        api_keys.revoke(api_key=self.find(_mine(self), pk=key_id), by=self.user)
        return Response(status=204)


def _mine(view: ApiView) -> Any:
    live = ApiKey.objects.visible_to(view.user).live(timezone.now())
    return live.filter(workspace_id=view.workspace_id)
