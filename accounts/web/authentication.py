"""REST framework's view of who sends a request: what the tenancy envelope already found out."""

from typing import cast

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from accounts.authentication import Principal
from accounts.models import User
from accounts.web.problems import Refused

# Codes of `Principal.problem` that hide whether something exists; any other is a refused credential.
HIDDEN = {"not_found"}


class PrincipalAuthentication(BaseAuthentication):
    """Adopt `request.principal`; a request by cookie must also prove that it came from our page."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        principal = principal_of(request)
        if principal.problem:
            raise Refused("not_found" if principal.problem in HIDDEN else "token_invalid")
        if principal.user is None:
            return None
        if principal.kind == "browser":
            _check_origin(request)
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def principal_of(request: Request | HttpRequest) -> Principal:
    return cast(Principal, request.principal)  # type: ignore[union-attr]


def _check_origin(request: Request) -> None:
    check = CSRFCheck(lambda _request: None)  # type: ignore[arg-type]
    check.process_request(request._request)
    if check.process_view(request._request, None, (), {}):  # type: ignore[arg-type]
        raise Refused("csrf_failed")
