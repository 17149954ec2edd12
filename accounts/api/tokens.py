"""Signing programs in: a pair of tokens for a password, the next pair, and the end of both."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import (
    addresses,
    closing,
    identity,
    second_factor,
    sessions,
    sign_ins,
    tenancy,
    tokens,
)
from accounts.api.people import PersonOut, WorkspaceBriefOut, briefs
from accounts.models import User
from accounts.tokens import Pair
from accounts.web import throttles
from accounts.web.permissions import PUBLIC
from accounts.web.problems import Refused
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView


class SignInIn(Serializer):
    login = serializers.CharField(
        max_length=254, required=False, help_text="E-mail address or user name."
    )
    password = serializers.CharField(max_length=1024, trim_whitespace=False, required=False)
    mfa_token = serializers.CharField(
        max_length=1024,
        required=False,
        help_text="What `mfa_required` gave, instead of login and password.",
    )
    code = serializers.CharField(
        max_length=32, required=False, help_text="Of the authenticator app, or a recovery code."
    )
    device_name = serializers.CharField(max_length=100, required=False, default="")
    reactivate = serializers.BooleanField(
        required=False, default=False, help_text="Open an account again that was closed."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        needed = ("code",) if "mfa_token" in attrs else ("login", "password")
        missing = {name: [self.error_messages["required"]] for name in needed if name not in attrs}
        if missing:
            raise serializers.ValidationError(missing, code="required")
        return attrs


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
    rate_limits: ClassVar = {"POST": (*throttles.SIGN_IN, "auth.mfa")}

    @extend_schema(request=SignInIn, responses=SignedInOut)
    def post(self, request: Request) -> Response:
        """Sign in with a password, and a second factor where the account has one."""
        given = self.read(SignInIn)
        user = self._person(request, given)
        if "code" not in given:
            self.afterwards(partial(throttles.succeeded, request._request))
        proven = self._second_factor(user, given)
        self.afterwards(partial(throttles.succeeded, request._request))
        with tenancy.user(user.id):
            if not user.is_active:
                closing.reopen(user=user)
            pair = tokens.open_family(
                user=user,
                facts=sessions.facts(request._request),
                device_name=given["device_name"],
                by_second_factor=proven,
            )
            found = {"user": user, "workspaces": briefs(user, None)}
            user.last_login = timezone.now()
            user.save(update_fields=["last_login"])
        return Response(self.shown({**_fields(pair), **found}, SignedInOut))

    def _person(self, request: Request, given: dict[str, Any]) -> User:
        """Who has this password, or began to sign in with it. Only they are told what stands in their way."""
        if "mfa_token" in given:
            return second_factor.challenged(given["mfa_token"])
        user = identity.verify(login=given["login"], password=given["password"])
        if user is None:
            facts = sessions.facts(request._request)
            self.afterwards(partial(sign_ins.failed, login=given["login"], facts=facts))
            raise Refused("credentials_invalid")
        if addresses.awaits_confirmation(user):
            raise Refused("email_unverified")
        if not user.is_active and not given["reactivate"]:
            raise Refused("account_closed")
        return user

    def _second_factor(self, user: User, given: dict[str, Any]) -> bool:
        """Whether a second factor was shown; refuses whoever has one and does not show it."""
        if "code" in given and second_factor.is_set_up(user):
            second_factor.accept(user=user, code=given["code"])
            return True
        if second_factor.is_set_up(user):
            raise Refused("mfa_required", members={"mfa_token": second_factor.challenge(user)})
        if second_factor.is_overdue(user, now=timezone.now()):
            raise Refused("mfa_enrolment_required")
        return False


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
