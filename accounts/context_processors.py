"""What every template knows: the frame of the page, worked out only where a template asks for it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import mail
from accounts.web import frame


def look(request: HttpRequest) -> dict[str, Any]:
    return {
        "look": SimpleLazyObject(lambda: frame.of(request)),
        "mail_is_filed": SimpleLazyObject(mail.is_filed),
    }
