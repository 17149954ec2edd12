"""The mail server in force: the live settings' one, else the one of the environment, else files in a folder."""

import smtplib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import EmailMessage

from accounts import tenancy
from laojun import configs, outbound

SMTPS_PORT = 465


class Backend(BaseEmailBackend):
    """Chooses at each sending, so that a change holds for the next letter."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Raises what the server answers, and outbound.BlockedAddress for a host that may not be reached."""
        if sender := configs.value("email.from"):
            for message in email_messages:
                message.from_email = sender
        return int(_transport().send_messages(email_messages) or 0)


class GuardedBackend(EmailBackend):
    """SMTP to a host that an operator typed: dialled through the outbound guard, its certificate checked by name."""

    @property
    def connection_class(self) -> Any:
        return _GuardedSmtps if self.use_ssl else _GuardedSmtp


class _Guarded:
    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        """The name stays what the certificate is checked against; what is dialled is a judged address."""
        target = outbound.resolve(host, port, "smtp")
        return super()._get_socket(target.addresses[0], port, timeout)


class _GuardedSmtp(_Guarded, smtplib.SMTP):
    pass


class _GuardedSmtps(_Guarded, smtplib.SMTP_SSL):
    pass


def _transport() -> Any:
    host, port = configs.value("email.host"), configs.value("email.port")
    if not host:
        return get_connection(settings.MAIL_TRANSPORT)
    with tenancy.platform_scope(reason="mail server"):
        password = configs.secret("email.password")
    is_ssl = port == SMTPS_PORT
    return GuardedBackend(
        host=host,
        port=port,
        username=configs.value("email.username"),
        password=password,
        use_ssl=is_ssl,
        use_tls=configs.value("email.use_tls") and not is_ssl,
        timeout=settings.EMAIL_TIMEOUT,
    )
