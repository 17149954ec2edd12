"""A letter's words in the application's list, and facts as they are kept so that the words can change their language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext, override

from accounts import mail
from accounts.redaction import redact_text
from accounts.registry import letters

MAX_TITLE = 255
MAX_CONTENT = 4096
MAX_FACT = 1000
BRIEF_LINES = 2
MOMENT, WORDS, LANGUAGES = "moment", "words", "languages"


class Words(NamedTuple):
    title: str
    content: str


def kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON. Moments, translatable words and several languages say so, everything else is its text."""
    return {name: _kept(value) for name, value in facts.items()}


def rendered(letter: str, params: Mapping[str, Any]) -> Words:
    """Title and text in the language and zone in force. Raises KeyError for a letter nobody declared."""
    pattern = letters[letter]
    known = mail.places({name: _shown(value) for name, value in params.items()})
    lines = pattern.brief or pattern.lines[:BRIEF_LINES]
    content = "\n".join(line for one in lines if (line := (str(one) % known).strip()))
    return Words(_plain(str(pattern.subject) % known)[:MAX_TITLE], _plain(content)[:MAX_CONTENT])


def _kept(value: Any) -> Any:
    if isinstance(value, datetime):
        return {MOMENT: value.isoformat()}
    if isinstance(value, Mapping):
        return {LANGUAGES: {code: _plain(str(text))[:MAX_FACT] for code, text in value.items()}}
    if isinstance(value, Promise):
        with override(None):
            return {WORDS: str(value)}
    return _plain(redact_text(str(value)))[:MAX_FACT]


def _shown(value: Any) -> str:
    if isinstance(value, dict) and MOMENT in value:
        return mail.shown(datetime.fromisoformat(value[MOMENT]))
    if isinstance(value, dict) and WORDS in value:
        return gettext(value[WORDS]) if value[WORDS] else ""
    if isinstance(value, dict) and LANGUAGES in value:
        return mail.shown(value[LANGUAGES])
    return str(value)


def _plain(text: str) -> str:
    """Without what PostgreSQL cannot store: NUL and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
