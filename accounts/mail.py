"""Letters leave through the durable queue: asked for in the caller's transaction, sent by a worker.

A payload can hold links that open an account, so it is sealed while it waits and erased once it is sent.
"""

import json
from datetime import datetime
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone, translation

from accounts import devices, notices, registry, secrets
from accounts.ids import uuid7
from accounts.letters import LETTERS
from accounts.models import Session, User, UserSettings

if TYPE_CHECKING:
    from accounts.sessions import Facts

KIND = "accounts.send_mail"
QUEUE = "email"
# Eight tries within a day: a mail server may be away for a night.
RETRIES_S = (60.0, 300.0, 900.0, 3600.0, 10_800.0, 25_200.0, 45_540.0)
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "content": {"type": "string", "maxLength": 32_768},
    },
    "required": ["id", "content"],
    "additionalProperties": False,
}
CODE_OF_LANGUAGE = {"zh-CN": "zh-hans", "en": "en"}
SITE = "太上老君 Taishang Laojun"


def is_filed() -> bool:
    """Whether letters end in a folder because no mail server is set."""
    return not settings.EMAIL_URL


def send(letter: str, *, user: User, to: str = "", **params: Any) -> None:
    """Ask for a letter to a stored address of a person, by default the main one, in their language.

    `params` fill the letter's places; moments are shown in the person's zone. A letter of a kind that the
    person does without is not written. Cost: one query and the task.
    """
    rows = UserSettings.objects.filter(user=user).values("language", "timezone")
    wish: dict[str, Any] = dict(rows.first() or {})
    if _is_unwanted(letter, user):
        return
    enqueue(
        letter,
        to=to or user.email,
        language=wish.get("language", "zh-CN"),
        params={
            "name": user.username,
            **{name: _plain(value, wish) for name, value in params.items()},
        },
    )


def enqueue(letter: str, *, to: str, language: str, params: dict[str, Any]) -> None:
    number = str(uuid7())
    content = {"letter": letter, "to": to, "language": language, "params": params}
    registry.enqueue(
        kind=KIND,
        payload={"id": number, "content": secrets.seal(json.dumps(content), place=_place(number))},
    )


def where(facts: "Facts | Session", at: datetime | None = None) -> dict[str, Any]:
    """The places of a letter that say from where something was done."""
    return {
        "device": devices.describe(facts.user_agent) or facts.user_agent[:80] or "–",
        "ip": facts.ip or "–",
        "time": at or timezone.now(),
    }


def address_of(name: str, *args: Any) -> str:
    """The public address of a page. Never from the request, whose `Host` somebody else may choose."""
    return public(reverse(name, args=args))


def public(path: str) -> str:
    """The public address of a path of ours."""
    return urljoin(settings.PUBLIC_URL, path)


def deliver(payload: dict[str, Any]) -> None:
    """Send one letter; the worker's side. Raises what the mail server answers, so that it is tried again."""
    content = json.loads(secrets.unseal(payload["content"], place=_place(payload["id"])))
    with translation.override(CODE_OF_LANGUAGE.get(content["language"], settings.LANGUAGE_CODE)):
        message = render(content["letter"], to=content["to"], params=content["params"])
    # Equal on every try, so that a letter that was sent twice can be told to be one.
    message.extra_headers = {
        "Message-ID": f"<{payload['id']}@{urlsplit(settings.PUBLIC_URL).hostname}>",
        "Date": formatdate(localtime=True),
        "Auto-Submitted": "auto-generated",
    }
    message.send()


def render(letter: str, *, to: str, params: dict[str, Any]) -> EmailMultiAlternatives:
    """The letter in the language in force, as text and as simple HTML."""
    pattern = LETTERS[letter]
    known = {"site": SITE, **params}
    context = {
        "subject": str(pattern.subject) % known,
        "lines": [str(line) % known for line in pattern.lines],
        "action": pattern.action,
        "url": params.get("url", ""),
        "site": SITE,
        "public_url": settings.PUBLIC_URL,
        "language": translation.get_language(),
    }
    message = EmailMultiAlternatives(
        context["subject"], render_to_string("mail/letter.txt", context), to=[to]
    )
    message.attach_alternative(render_to_string("mail/letter.html", context), "text/html")
    return message


def _is_unwanted(letter: str, user: User) -> bool:
    notice = LETTERS[letter].notice
    return bool(notice) and not notices.wish(user=user, notice=notice).by_mail


def _plain(value: Any, wish: dict[str, Any]) -> str:
    if not isinstance(value, datetime):
        return str(value)
    with (
        timezone.override(wish.get("timezone", settings.TIME_ZONE)),
        translation.override(CODE_OF_LANGUAGE.get(wish.get("language", ""), "zh-hans")),
    ):
        return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")


def _place(number: str) -> str:
    return f"tai_tasks.payload:{number}"
