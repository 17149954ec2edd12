"""Letters leave through the durable queue: asked for in the caller's transaction, sent by a worker.

A payload can hold links that open an account, so it is sealed while it waits and erased once it is sent.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone, translation

from accounts import devices, languages, limits, notices, registry, secrets
from accounts.ids import uuid7
from accounts.limits import Demand
from accounts.models import Session, User, UserSettings
from accounts.registry import limit_classes

if TYPE_CHECKING:
    from accounts.sessions import Facts

KIND = "accounts.send_mail"
QUEUE = "email"
LIMIT = "mail"
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
SITE = "太上老君 Taishang Laojun"


def is_filed() -> bool:
    """Whether letters end in a folder because no mail server is set; links are copied by hand then."""
    return not (settings.EMAIL_URL or _live("email.host"))


def send(letter: str, *, user: User, to: str = "", **params: Any) -> None:
    """Ask for a letter to a stored address of a person, by default the main one, in their language.

    `params` fill the letter's places; moments are shown in the person's zone. A letter of a kind that the
    person does without is not written. Cost: one query and the task.
    """
    if _is_unwanted(letter, user):
        return
    with reading_as(user) as language:
        enqueue(
            letter,
            to=to or user.email,
            language=language,
            params={
                "name": user.username,
                **{name: shown(value) for name, value in params.items()},
            },
        )


@contextmanager
def reading_as(user: User) -> Iterator[str]:
    """Inside, words and moments are as this person reads them. Yields the language as it is stored. One query."""
    rows = UserSettings.objects.filter(user=user).values_list("language", "timezone")
    language, zone = rows.first() or (UserSettings.Language.CHINESE, settings.TIME_ZONE)
    with translation.override(_code(language)), timezone.override(zone):
        yield language


def shown(value: Any) -> str:
    """A fact as a letter says it, in the language and zone in force; a mapping holds it in several languages."""
    if isinstance(value, Mapping):
        return str(value.get(translation.get_language() or "") or next(iter(value.values()), ""))
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
    return str(value)


def places(params: dict[str, Any]) -> dict[str, Any]:
    """What a letter's places are filled with."""
    return {"site": SITE, **params}


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
    """Send one letter; the worker's side. Raises what the mail server answers, so that it is tried again.

    Letters one can do without go to one address so often an hour as `mail` allows; the rest waits.
    """
    content = json.loads(secrets.unseal(payload["content"], place=_place(payload["id"])))
    if seconds := _must_wait(content):
        later = timezone.now() + timedelta(seconds=seconds)
        registry.enqueue(kind=KIND, payload=payload, scheduled_at=later)
        return
    with translation.override(_code(content["language"])):
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
    pattern = registry.letters[letter]
    known = places(params)
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
    notice = registry.letters[letter].notice
    return bool(notice) and not notices.wish(user=user, notice=notice).by_mail


def _live(key: str) -> Any:
    """A live setting, where an app above keeps any."""
    return registry.live_setting(key=key) if registry.live_setting.function else None


def _must_wait(content: dict[str, Any]) -> int:
    """Seconds until this letter may leave; 0 where it may now, and then it counts."""
    if not registry.letters[content["letter"]].notice:
        return 0
    address = hashlib.sha256(content["to"].encode()).hexdigest()[:32]
    with transaction.atomic():
        (verdict,) = limits.by_database([Demand(limit_classes[LIMIT], f"address:{address}")])
    return 0 if verdict.allowed else max(1, verdict.reset_s)


def _code(language: str) -> str:
    return languages.code_of(language) or settings.LANGUAGE_CODE


def _place(number: str) -> str:
    return f"tai_tasks.payload:{number}"
