"""Sign-in by other services: a service is offered once its credentials are in the environment."""

from typing import Any

from config import env

OFFERED: dict[str, dict[str, Any]] = {
    "github": {
        "provider_class": "accounts.providers.GitHub",
        "SCOPE": ["read:user", "user:email"],
        "origin": "https://github.com",
    },
    "google": {
        "provider_class": "accounts.providers.Google",
        "SCOPE": ["profile", "email"],
        "origin": "https://accounts.google.com",
    },
    "weixin": {
        "provider_class": "accounts.providers.Weixin",
        "origin": "https://open.weixin.qq.com",
    },
}


def _configured() -> dict[str, dict[str, Any]]:
    found = {}
    for name, options in OFFERED.items():
        client_id = env.text(f"{name.upper()}_CLIENT_ID")
        secret = env.text(f"{name.upper()}_CLIENT_SECRET")
        if client_id and secret:
            app = {"client_id": client_id, "secret": secret}
            found[name] = {**options, "OAUTH_PKCE_ENABLED": True, "APPS": [app]}
    return found


PROVIDERS = _configured()
APPS = [f"allauth.socialaccount.providers.{name}" for name in PROVIDERS]
ORIGINS = [str(options.pop("origin")) for options in PROVIDERS.values()]
