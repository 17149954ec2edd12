"""An authenticator app, as a person would hold one."""

import re
import time

from allauth.mfa.totp.internal import auth as totp
from django.test import Client

SECRET = re.compile(r'id="totp-secret"[^>]*>([A-Z2-7]+)<')


class App:
    """Shows the codes of a secret; `ahead` looks at later ones."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def code(self, *, ahead: int = 0) -> str:
        step = int(time.time()) // 30 + ahead
        return totp.format_hotp_value(totp.hotp_value(self.secret, step))


def enrol(client: Client) -> App:
    """Switch an app on, the way the page does."""
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    app = App(SECRET.search(page).group(1))
    response = client.post("/accounts/2fa/totp/activate/", {"code": app.code()})
    assert response.status_code == 302, response.content.decode()
    return app
