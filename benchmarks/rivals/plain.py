"""The same list by the usual means: REST framework's ModelSerializer, and django-ninja, without our machinery."""

from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from django.test import override_settings
from django.urls import path
from ninja import ModelSchema, NinjaAPI
from rest_framework import generics, permissions, renderers, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.pagination import CursorPagination

from accounts import tokens
from accounts.models import ApiKey, User

AUTHENTICATE = "SELECT user_id FROM accounts_authenticate('access', %s, %s, %s)"
FIELDS = (
    "id",
    "name",
    "prefix",
    "scopes",
    "created_at",
    "expires_at",
    "last_used_at",
    "last_used_ip",
)


class InTransaction:
    """What a tenant needs at the very least: a transaction in which the policies see the workspace."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        request.urlconf = __name__
        header = request.headers.get("Authorization", "")
        claims = tokens.read_access(header.removeprefix("Bearer "))
        with transaction.atomic(), connection.cursor() as cursor:
            if claims:
                workspace = request.headers["X-Workspace-Id"]
                values = [claims.session_id, claims.token_version, workspace]
                cursor.execute(AUTHENTICATE, values)
                request.person = cursor.fetchone()
            return self.get_response(request)


class Bearer(BaseAuthentication):
    def authenticate(self, request: Any) -> tuple[User, None]:
        if not getattr(request._request, "person", None):
            raise AuthenticationFailed
        return User(id=request._request.person[0]), None


class KeyOut(serializers.ModelSerializer):
    class Meta:
        model = ApiKey
        fields = FIELDS


class NewestFirst(CursorPagination):
    page_size = 20
    ordering = "-created_at"


class Keys(generics.ListAPIView):
    authentication_classes = [Bearer]
    permission_classes = [permissions.IsAuthenticated]
    renderer_classes = [renderers.JSONRenderer]
    serializer_class = KeyOut
    pagination_class = NewestFirst

    def get_queryset(self) -> Any:
        return ApiKey.objects.filter(user_id=self.request.user.pk, revoked_at__isnull=True)


class KeySchema(ModelSchema):
    last_used_ip: str | None

    class Meta:
        model = ApiKey
        fields = FIELDS


ninja = NinjaAPI(urls_namespace="benchmark")


def bearer(request: Any) -> Any:
    return getattr(request, "person", None)


@ninja.get("keys/", response=list[KeySchema], auth=bearer)
def keys(request: Any) -> Any:
    mine = ApiKey.objects.filter(user_id=request.auth[0], revoked_at__isnull=True)
    return mine.order_by("-created_at")[:20]


urlpatterns = [path("drf/keys/", Keys.as_view()), path("ninja/", ninja.urls)]


def application() -> WSGIHandler:
    """Django with this one middleware."""
    with override_settings(MIDDLEWARE=[f"{__name__}.InTransaction"]):
        return WSGIHandler()


def without_ours() -> WSGIHandler:
    """This project's pages without the middleware of this project."""
    kept = [name for name in settings.MIDDLEWARE if name.startswith("django.")]
    with override_settings(MIDDLEWARE=kept):
        return WSGIHandler()
