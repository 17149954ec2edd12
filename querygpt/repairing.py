"""Why a statement failed, whether another try may mend it, and what a person can do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from rapidfuzz import fuzz, process, utils

from accounts.redaction import redact_text
from querygpt.catalogue import Catalogue

MOST_CANDIDATES = 5
MOST_MESSAGE = 500
LEAST_LIKENESS = 50
REPAIRABLE = frozenset(
    {
        "sql_syntax",
        "unparseable",
        "table_unknown",
        "column_unknown",
        "relation_unknown",
        "function_unknown",
        "ambiguous_column",
        "grouping",
        "type_mismatch",
        "missing_sql",
        "empty",
    }
)
CONNECTION_CLASSES = frozenset(
    {
        "cannot_reach",
        "tls_failed",
        "auth_failed",
        "not_this_database",
        "unsafe_role",
        "permission_denied_by_server",
        "secret_unreadable",
        "blocked_address",
        "own_database",
        "connection_disabled",
    }
)
UNKNOWN_NAMES = frozenset({"table_unknown", "relation_unknown", "column_unknown"})
QUOTED = re.compile(r"[\"'`\[]([^\"'`\]]{1,200})[\"'`\]]")
WORD = re.compile(r"[\w.]+")


@dataclass(frozen=True)
class Advice:
    """What a person is told: what happened, what to do, and the one button that helps.

    `button` is retry, edit, longer, connection, settings or nothing.
    """

    title: Any
    hint: Any
    button: str = ""

    @property
    def is_retryable(self) -> bool:
        return self.button in {"retry", "longer"}


NO_QUERY = Advice(
    _("No valid query was found."),
    _("Say it with the names of the tables, or mend the SQL yourself."),
    "edit",
)
REFUSED = Advice(
    _("This statement is not allowed."),
    _("Only single statements that read data are run. Ask for the data you need."),
)
CARE = Advice(
    _("The connection needs care."), _("Whoever owns it can test it and mend it."), "connection"
)
MODEL = Advice(
    _("The model could not answer."), _("Check the model, or choose another one."), "settings"
)
AGAIN = Advice(_("Something went wrong here."), _("Try again in a moment."), "retry")
ADVICE: Mapping[str, Advice] = {
    "timeout": Advice(
        _("The query took too long."), _("Narrow it, or let it run once with more time."), "longer"
    ),
    "memory": Advice(
        _("The query needs too much memory."), _("Narrow it: fewer columns, a filter, a sum.")
    ),
    "result_too_large": Advice(
        _("The result is too large."), _("Narrow it: fewer columns, a filter, a sum.")
    ),
    "busy": Advice(_("Too many queries run at this moment."), _("Try again in a moment."), "retry"),
    "interrupted": Advice(_("The answer was interrupted."), _("Try again."), "retry"),
    "deadline": Advice(_("The answer took too long."), _("Try again, or ask for less."), "retry"),
    "ai_quota_exceeded": Advice(
        _("The quota for AI is used up."), _("It comes back with the next period."), "settings"
    ),
    "write_request": Advice(
        _("Questions only read; nothing is changed here."), _("Ask for the data you want to see.")
    ),
    "no_connection": Advice(
        _("The database of this conversation is gone."), _("Choose another one."), "connection"
    ),
}


def may_repair(code: str) -> bool:
    return code in REPAIRABLE


def is_refusal(code: str, verdict: str) -> bool:
    """Whether the guard said no for good, rather than that it could not read or find something."""
    return verdict == "refused" and code not in REPAIRABLE


def advice(code: str, *, verdict: str = "") -> Advice:
    """What to say of an error class, of a rule of the guard, or of a class of the gateway."""
    if code in ADVICE:
        return ADVICE[code]
    if code in REPAIRABLE:
        return NO_QUERY
    if code in CONNECTION_CLASSES:
        return CARE
    if verdict == "refused":
        return REFUSED
    if code.startswith(("provider_", "model_")) or code == "no_model_configured":
        return MODEL
    return AGAIN


def said(detail: str) -> str:
    """The server's message as a model may see it: redacted, without controls, cut."""
    plain = " ".join(redact_text(detail).split())
    return plain[:MOST_MESSAGE]


def candidates(*, code: str, detail: str, sql: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The real names closest to the unknown one, best first; nothing for other errors."""
    if code not in UNKNOWN_NAMES:
        return ()
    wanted = _unknown(detail, sql, catalogue)
    if not wanted:
        return ()
    names = list(_names(code, catalogue))
    found = process.extract(
        wanted, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=MOST_CANDIDATES
    )
    return tuple(name for name, score, _place in found if score >= LEAST_LIKENESS)


def _unknown(detail: str, sql: str, catalogue: Catalogue) -> str:
    """The name the message is about: a quoted one, else the first of its words that stands in the SQL and nowhere else."""
    quoted = QUOTED.findall(detail)
    if quoted:
        return str(quoted[0])
    known = {name.casefold() for code in UNKNOWN_NAMES for name in _names(code, catalogue)}
    in_sql = {word.casefold() for word in WORD.findall(sql)}
    words = [word for word in WORD.findall(detail) if word.casefold() in in_sql - known]
    return max(words, key=len, default="")


def _names(code: str, catalogue: Catalogue) -> Iterable[str]:
    for table in catalogue.tables:
        if table.is_denied:
            continue
        if code == "column_unknown":
            yield from (
                f"{table.name}.{column.name}" for column in table.columns if not column.is_hidden
            )
        else:
            yield table.name
