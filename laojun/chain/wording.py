"""A verdict in words: one sentence on how the chain stands, one on what that rests on."""

from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from laojun.chain.verdicts import INTACT, UNKNOWN

KINDS = {
    "edited": gettext_lazy("Row %(seq)s was changed after it was sealed."),
    "missing": gettext_lazy("Row %(seq)s is missing."),
    "inserted": gettext_lazy("Row %(seq)s was slipped in."),
    "swapped": gettext_lazy("Row %(seq)s has changed places with another one."),
    "forked": gettext_lazy("The rows from %(seq)s on were written anew."),
    "tail_cut": gettext_lazy("The end was cut off: row %(seq)s and all behind it are gone."),
    "anchor_missing": gettext_lazy("Anchor %(seq)s is missing or was changed."),
    "unsealed_too_long": gettext_lazy(
        "Rows wait for their seal for more than a minute; the sealer does not run."
    ),
}


@dataclass(frozen=True)
class Words:
    """`kind` is good, warn or bad; `title` the verdict; `text` what it rests on."""

    kind: str
    title: str
    text: str


def of_verdict(verdict: dict[str, Any] | None) -> Words:
    """The words of `Verdict.plain()`; of nothing where a chain was never verified."""
    if verdict is None:
        text = _("Verification hashes every row again and compares the result with the anchors.")
        return Words("", _("Not verified yet"), text)
    if verdict["bad"]:
        return Words("bad", _("This log was tampered with"), of_bad(verdict["bad"]))
    if verdict["state"] == UNKNOWN:
        return Words("warn", _("This cannot be told"), _("There are no sealed rows to look at."))
    title = _("Intact: %(rows)s rows, nothing changed, nothing missing") % {"rows": verdict["rows"]}
    return Words("good", title, " ".join([*_branches(verdict), _proof(verdict)]))


def of_bad(bad: dict[str, Any]) -> str:
    sentence = str(KINDS[bad["kind"]]) % {"seq": bad["seq"]}
    at = parse_datetime(bad["at"] or "") if isinstance(bad.get("at"), str) else bad.get("at")
    if bad.get("id") and at:
        place = _("It is the entry %(id)s of %(time)s.") % {"id": bad["id"], "time": _time(at)}
        return f"{sentence} {place}"
    return sentence


def of_report(report: dict[str, Any]) -> Words:
    """The words of `Report.plain()`: the first thing that is bad, or how many chains are intact."""
    chains = report["chains"]
    if report["anchors"]:
        return Words("bad", _("The anchors were tampered with"), of_bad(report["anchors"]))
    for verdict in chains:
        if verdict["bad"]:
            title = _("Chain %(chain)s was tampered with") % {"chain": verdict["chain_id"]}
            return Words("bad", title, of_bad(verdict["bad"]))
    rows = sum(verdict["rows"] for verdict in chains)
    title = _("%(chains)s chains intact, %(rows)s rows") % {"chains": len(chains), "rows": rows}
    return Words("good" if report["state"] == INTACT else "warn", title, "")


def _proof(verdict: dict[str, Any]) -> str:
    values = {"after": verdict["after"], "pending": verdict["pending"]}
    if verdict["proof"] is None:
        return _("No anchor yet; %(after)s rows chained, %(pending)s waiting.") % values
    values["number"] = verdict["proof"]["anchor_no"]
    values["time"] = _time(parse_datetime(verdict["proof"]["at"]))
    return (
        _(
            "Proved up to anchor %(number)s of %(time)s; %(after)s rows chained after it, %(pending)s waiting."
        )
        % values
    )


def _branches(verdict: dict[str, Any]) -> list[str]:
    return [
        _("Restored on %(time)s: rows %(first)s to %(last)s were the old branch.")
        % {"time": _time(parse_datetime(one["at"])), "first": one["first"], "last": one["last"]}
        for one in verdict["branches"]
    ]


def _time(at: Any) -> str:
    return date_format(localtime(at), "DATETIME_FORMAT")
