"""Signing programs in: a pair of tokens for a password, the next pair, and the end of both."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import identity, secrets, sessions, signals, tenancy, tokens
from accounts.api.people import PersonOut, WorkspaceBriefOut, briefs
from accounts.models import User
from accounts.tokens import Pair
from accounts.web import throttles
from accounts.web.permissions import PUBLIC
from accounts.web.problems import Refused
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView


class SignInIn(Serializer):
    login = serializers.CharField(max_length=254, help_text="E-mail address or user name.")
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    device_name = serializers.CharField(max_length=100, required=False, default="")


class RefreshIn(Serializer):
    refresh = serializers.CharField(max_length=256, trim_whitespace=False)


class PairOut(serializers.Serializer):
    access = serializers.CharField()
    refresh = serializers.CharField()
    token_type = serializers.CharField(help_text="Always `Bearer`.")
    expires_in = serializers.IntegerField(help_text="Seconds until `access` expires.")
    refresh_expires_in = serializers.IntegerField(help_text="Seconds until `refresh` expires.")
    session_id = serializers.UUIDField()


class SignedInOut(PairOut):
    user = PersonOut()
    workspaces = WorkspaceBriefOut(many=True)


class TokenView(ApiView):
    """Open to anybody and blind to credentials: a stale header must not keep a program from refreshing."""

    required_permissions: ClassVar = {"POST": PUBLIC}
    authentication_classes: Any = []
    reply_holds_secret = True

    def afterwards(self, deed: Callable[[], None]) -> None:
        """Do something that stays although the answer is a refusal and takes the request's writes back."""
        self.request._request.after_rollback.append(deed)  # type: ignore[attr-defined]


class SignIn(TokenView):
    rate_limits: ClassVar = {"POST": throttles.SIGN_IN}

    @extend_schema(request=SignInIn, responses=SignedInOut)
    def post(self, request: Request) -> Response:
        """Sign in with a password."""
        given = self.read(SignInIn)
        user = identity.verify(login=given["login"], password=given["password"])
        if user is None:
            self.afterwards(partial(_tell_failure, request, given["login"]))
            raise Refused("credentials_invalid")
        throttles.succeeded(request._request)
        with tenancy.user(user.id):
            pair = tokens.open_family(
                user=user, facts=sessions.facts(request._request), device_name=given["device_name"]
            )
            found = {"user": user, "workspaces": briefs(user, None)}
        user.last_login = timezone.now()
        user.save(update_fields=["last_login"])
        return Response(self.shown({**_fields(pair), **found}, SignedInOut))


class Refresh(TokenView):
    rate_limits: ClassVar = {"POST": ("auth.refresh",)}

    @extend_schema(request=RefreshIn, responses=PairOut)
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for the next pair. The old one stays good for ten seconds."""
        given = self.read(RefreshIn)
        try:
            pair = tokens.refresh(
                presented=given["refresh"], facts=sessions.facts(request._request)
            )
        except tokens.RefreshReused as error:
            self.afterwards(partial(tokens.end_reused, session=error.session))
            raise
        return Response(self.shown(_fields(pair), PairOut))


class Revoke(TokenView):
    @extend_schema(request=RefreshIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sign a program out. Unknown tokens are answered alike."""
        tokens.revoke(presented=self.read(RefreshIn)["refresh"])
        return Response(status=204)


def _fields(pair: Pair) -> dict[str, Any]:
    return {
        "access": pair.access,
        "refresh": pair.refresh,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
        "refresh_expires_in": pair.refresh_expires_in,
        "session_id": pair.session.pk,
    }


def _tell_failure(request: Request, login: str) -> None:
    """The typed name is told as a keyed hash: a log of failures must not be a list of addresses."""
    _key_id, digest = secrets.sign(identity.login_key(login).encode(), purpose="failed sign-in")
    signals.sign_in_failed.send(
        sender=User, email_key_hash=digest.hex(), request_facts=sessions.facts(request._request)
    )
