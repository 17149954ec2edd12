"""Refusals and findings in words for people."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.registry import problems

FINDINGS = {
    "unsigned": gettext_lazy("It carries no signature."),
    "publisher_missing": gettext_lazy("No trusted publisher signed it."),
    "reviewer_missing": gettext_lazy("No reviewer signed it."),
    "key_unknown": gettext_lazy("It is signed by a key that nobody here trusts."),
    "key_not_for_slug": gettext_lazy("Its key may not sign this plugin."),
    "key_not_of_publisher": gettext_lazy("Its key belongs to another publisher."),
    "key_not_yet_valid": gettext_lazy("Its key is not valid yet."),
    "key_compromised": gettext_lazy("Its key is in wrong hands."),
    "key_closed": gettext_lazy("Its key signs nothing new any more."),
    "signature_invalid": gettext_lazy("A signature does not fit its contents."),
    "file_missing": gettext_lazy("A file is missing."),
    "file_extra": gettext_lazy("A file stands there that is not listed."),
    "file_changed": gettext_lazy("A file was changed."),
    "package_missing": gettext_lazy("Its package is gone."),
    "package_changed": gettext_lazy("Its package was changed."),
    "platform": gettext_lazy("It was made for another version of this platform."),
    "hook": gettext_lazy("It was made for another version of a hook."),
    "manifest_invalid": gettext_lazy("Its manifest does not fit this platform any more."),
    "not_shipped": gettext_lazy("This version is not part of the platform any more."),
}


def refusal_words(error: Any) -> str:
    """What happened, with what it happened to, and what to do."""
    problem = problems.get(getattr(error, "code", ""))
    members: Mapping[str, Any] = getattr(error, "members", {})
    first = str(problem.title) if problem else _("It could not be done")
    rest = [finding_words(one) for one in members.get("findings", [])[:3]]
    rest += [f"{one['path']}: {one['rule']}" for one in members.get("faults", [])[:3]]
    rest += [str(members[name]) for name in ("reason", "rule") if members.get(name)]
    if members.get("missing"):
        rest.append(", ".join(members["missing"]))
    if members.get("users"):
        rest.append(", ".join(user["label"] for user in members["users"]))
    return f"{first}. {' '.join(rest)}".strip()


def finding_words(finding: Mapping[str, str]) -> str:
    words = FINDINGS.get(finding["code"])
    return f"{words} {finding['detail']}".strip() if words else finding["code"]
