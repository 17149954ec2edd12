"""Letters to people. They leave when the transaction that asked for them has committed, never before."""

from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

LANGUAGES = {"en": "en"}


def queue(
    *, to: str, template: str, context: dict[str, Any], language: str, user_id: UUID | None
) -> None:
    """Write to an address in its reader's language. `template` names a text under `templates/mail/`.

    The first line of the text is the subject. `language` is a BCP 47 tag; `user_id` is None for strangers.
    """
    with translation.override(LANGUAGES.get(language[:2], settings.LANGUAGE_CODE)):
        text = render_to_string(f"mail/{template}.txt", {**context, "site": settings.PUBLIC_URL})
    subject, _line, body = text.strip().partition("\n")
    letter = EmailMessage(subject.strip(), body.strip() + "\n", to=[to])
    transaction.on_commit(partial(letter.send, fail_silently=True))
