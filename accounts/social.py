"""Sign-in by other services: whom a service vouches for, and through which door it is asked."""

import json
import logging
from typing import Any
from urllib.parse import urlencode

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.adapter import _build_apps_from_settings as apps_of_settings
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess, ProviderException
from django.http import HttpRequest
from django.shortcuts import redirect

from accounts import identity, joining, registry
from accounts.registry import Exchange, Unreachable

logger = logging.getLogger(__name__)


class Adapter(DefaultSocialAccountAdapter):
    def list_apps(self, request: Any, provider: Any = None, client_id: Any = None) -> list[Any]:
        """Credentials come from the settings alone: a table would keep them in clear."""
        found = apps_of_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def get_requests_session(self) -> "Door":
        return Door()

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """The page names the service; why it failed is for the log."""
        logger.warning("service refused service=%s error=%s", provider.id, type(exception).__name__)
        if extra_context is not None:
            extra_context["provider"] = provider

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Forget what is not vouched for; whose address we know signs in here first, then connects.

        So neither an unproven address at a service opens an account here, nor an unproven account here
        captures who comes by a service.
        """
        sociallogin.token = None
        vouched = [one for one in sociallogin.email_addresses if one.verified]
        sociallogin.email_addresses = vouched
        if sociallogin.is_existing or sociallogin.state.get("process") != AuthProcess.LOGIN:
            return
        sociallogin.user.email = vouched[0].email if vouched else ""
        if any(identity.find(one.email) for one in vouched):
            request.session[joining.WAITING_KEY] = sociallogin.serialize()
            raise ImmediateHttpResponse(redirect("service_waiting"))


class Door:
    """The part of an HTTP session that allauth uses, over the platform's guarded way out."""

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def get(self, url: str, **options: Any) -> "Answer":
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> "Answer":
        return self.request("POST", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        **_: Any,
    ) -> "Answer":
        """Raises ProviderException when the service cannot be reached in five seconds."""
        address = f"{url}?{urlencode(params)}" if params else url
        sent = {"Accept": "application/json", **(headers or {})}
        if data:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        content = urlencode(data).encode() if data else None
        try:
            return Answer(
                registry.outbound(url=address, method=method, headers=sent, content=content)
            )
        except Unreachable as error:
            raise ProviderException(str(error)) from error


class Answer:
    """The part of an HTTP answer that allauth reads."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code = exchange.status
        self.content = exchange.body
        self.headers = {"content-type": "", **exchange.headers}

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Raises ProviderException for anything but a JSON object or list."""
        try:
            found = json.loads(self.content)
        except ValueError as error:
            raise ProviderException("no JSON") from error
        if not isinstance(found, dict | list):
            raise ProviderException("neither object nor list")
        return found

    def raise_for_status(self) -> None:
        if not self.ok:
            raise ProviderException(f"status {self.status_code}")
