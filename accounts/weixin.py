"""Weixin, as people are told apart there: an `openid` differs from app to app, a `unionid` does not."""

from typing import Any

from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.weixin.provider import WeixinProvider


class Provider(WeixinProvider):
    # Its addresses are those of allauth's own.
    package = "allauth.socialaccount.providers.weixin"

    def extract_uid(self, data: dict[str, Any]) -> str:
        """`unionid` where the account has one, else the `openid` with the app it belongs to."""
        if data.get("unionid"):
            return str(data["unionid"])
        if not data.get("openid"):
            raise ProviderException("no openid")
        return f"{self.app.client_id}:{data['openid']}"


provider_classes = [Provider]
