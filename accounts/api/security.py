"""Proving oneself, the ways to sign in, and who came in lately."""

from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import avatars, identity, second_factor, sessions, sign_in_methods
from accounts.api.freshness import fresh
from accounts.models import SignIn
from accounts.web.permissions import SIGNED_IN
from accounts.web.problems import Refused
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView, UploadView


class ProofIn(Serializer):
    password = serializers.CharField(max_length=1024, trim_whitespace=False, required=False)
    code = serializers.CharField(
        max_length=32, required=False, help_text="Of the authenticator app, or a recovery code."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Send the password or a code."), code="required")
        return attrs


class Reauthentication(ApiView):
    required_permissions: ClassVar = {"POST": SIGNED_IN}
    rate_limits: ClassVar = {"POST": ("auth.mfa",)}
    people_only = True

    @extend_schema(request=ProofIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """Prove that it is you; for ten minutes you may do what needs a fresh sign-in."""
        given, session_id = self.read(ProofIn), self.principal.session_id
        if session_id is None:
            raise Refused("person_required")
        if "code" in given:
            second_factor.accept(user=self.user, code=given["code"])
        elif not self._fits(given["password"]):
            raise Refused("credentials_invalid")
        sessions.prove(session_id=session_id, user=self.user, by_second_factor="code" in given)
        return Response(status=204)

    def _fits(self, password: str) -> bool:
        return identity.verify(login=self.user.username, password=password) == self.user


class SignInOut(serializers.Serializer):
    id = serializers.UUIDField()
    result = serializers.ChoiceField(SignIn.Result.choices)
    ip = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField()
    session_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


class SignIns(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}
    people_only = True
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(SignInOut))
    def get(self, request: Request) -> Response:
        """Who signed in as you or tried to, in the last 90 days."""
        return self.page(SignIn.objects.visible_to(self.user), SignInOut)


class FactorOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Authenticator.Type.choices, source="type")
    name = serializers.CharField(source="__str__")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class FactorsOut(serializers.Serializer):
    due_at = serializers.DateTimeField(
        allow_null=True, help_text="From then on one is needed; null when nobody asks for it."
    )
    factors = FactorOut(many=True)


class SecondFactors(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}
    people_only = True

    @extend_schema(responses=FactorsOut)
    def get(self, request: Request) -> Response:
        """Your second factors. They are set up and removed in a browser."""
        person = type(self.user).objects.get(pk=self.user.pk)
        found = {
            "due_at": second_factor.due_at(person),
            "factors": second_factor.listed(person),
        }
        return Response(self.shown(found, FactorsOut))


class ServiceOut(serializers.Serializer):
    id = serializers.IntegerField()
    service = serializers.CharField(source="provider")
    connected_at = serializers.DateTimeField(source="date_joined")
    last_used_at = serializers.DateTimeField(source="last_login")


class Services(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}
    people_only = True
    orderings = ("-date_joined",)

    @extend_schema(responses=page_of(ServiceOut))
    def get(self, request: Request) -> Response:
        """The services by which you can sign in."""
        return self.page(SocialAccount.objects.filter(user=self.user), ServiceOut)


class ServiceDetail(ApiView):
    required_permissions: ClassVar = {"DELETE": SIGNED_IN}
    people_only = True

    @extend_schema(responses={204: None})
    def delete(self, request: Request, service_id: int) -> Response:
        """Disconnect a service. Needs a sign-in of the last ten minutes; the last way in stays."""
        account = self.find(SocialAccount.objects.filter(user=self.user), pk=service_id)
        fresh(self)
        sign_in_methods.disconnect(user=self.user, account=account)
        return Response(status=204)


class PictureIn(Serializer):
    picture = serializers.FileField(max_length=255, allow_empty_file=False)


class PictureOut(serializers.Serializer):
    avatar_url = serializers.CharField()


class Picture(UploadView):
    required_permissions: ClassVar = {"POST": SIGNED_IN, "DELETE": SIGNED_IN}
    people_only = True

    @extend_schema(request={"multipart/form-data": PictureIn}, responses={201: PictureOut})
    def post(self, request: Request) -> Response:
        """Set your picture: PNG, JPEG, WebP or GIF of at most 5 MB, cropped to a square."""
        sent = self.read(PictureIn)["picture"]
        address = avatars.change(user=self.user, content=sent.read(avatars.MAX_BYTES + 1))
        return Response({"avatar_url": address}, status=201)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Go without a picture."""
        avatars.remove(user=self.user)
        return Response(status=204)
