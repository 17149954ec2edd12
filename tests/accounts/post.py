"""The letters that were written: what a worker would send by now."""

import re
from email.message import EmailMessage

from django.conf import settings
from django.core import mail

from taishang import runner
from taishang.claiming import Claimant

LINK = re.compile(r"https?://\S+")


def delivered() -> list[EmailMessage]:
    """Let a worker run what is due in the queue of letters; returns what it sent."""
    before = len(mail.outbox)
    runner.drain(Claimant("test:post", ["email"]))
    return mail.outbox[before:]


def only_letter() -> EmailMessage:
    letters = delivered()
    assert len(letters) == 1, [letter.subject for letter in letters]
    return letters[0]


def link_of(letter: EmailMessage) -> str:
    """The path of the one link that a letter asks to follow."""
    found = [link for link in LINK.findall(letter.body) if link != settings.PUBLIC_URL]
    assert len(found) == 1, letter.body
    assert found[0].startswith(settings.PUBLIC_URL)
    return found[0].removeprefix(settings.PUBLIC_URL)
