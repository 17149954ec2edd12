"""The services people sign in by, as they are told apart there; an answer without an id is no answer."""

from typing import Any

from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.github.provider import GitHubProvider
from allauth.socialaccount.providers.google.provider import GoogleProvider
from allauth.socialaccount.providers.weixin.provider import WeixinProvider


class GitHub(GitHubProvider):
    # Its addresses are those of allauth's own; so below.
    package = "allauth.socialaccount.providers.github"

    def extract_uid(self, data: dict[str, Any]) -> str:
        return _first(data, "id")


class Google(GoogleProvider):
    package = "allauth.socialaccount.providers.google"

    def extract_uid(self, data: dict[str, Any]) -> str:
        return _first(data, "sub", "id")


class Weixin(WeixinProvider):
    package = "allauth.socialaccount.providers.weixin"

    def extract_uid(self, data: dict[str, Any]) -> str:
        """`unionid` where the account has one; an `openid` differs from app to app and is kept with its app's."""
        if data.get("unionid"):
            return _first(data, "unionid")
        return f"{self.app.client_id}:{_first(data, 'openid')}"


def _first(data: dict[str, Any], *names: str) -> str:
    """The first of these that the service named. Raises ProviderException when it named none."""
    found = next((str(data[name]) for name in names if data.get(name)), "")
    if not found:
        raise ProviderException("the service did not say who this is")
    return found
