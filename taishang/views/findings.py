"""A job's diff (gen.diff/1) and verdicts, arranged the way the review shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

CERTAIN, LIKELY = 0.9, 0.7
KINDS = {
    "call": _("a call of the front end"),
    "wrapper": _("a call through the app's own client"),
    "route": _("a route handler of the front end"),
    "supabase": _("a Supabase call"),
    "schema": _("a declared type"),
    "form": _("a form"),
    "mock": _("sample data"),
    "store": _("a store or context"),
    "auth": _("a trace of signing in"),
    "chat": _("the chat log"),
    "retool": _("a Retool query"),
    "other": _("something else"),
}
BEHAVIOURS = {
    "crud": _("reads and writes rows"),
    "auth": _("signs people in and out"),
    "toggle": _("switches something on and off"),
    "recorded": _("records the request: its logic needs your code"),
}
AUTHS = {
    "public": _("open to everyone"),
    "user": _("signed-in people, own rows"),
    "staff": _("staff only"),
}
RISKS = {
    "review": _("look at it"),
    "logic-missing": _("needs your code"),
    "security": _("security"),
}
VERDICTS = {
    "pass": _("answers"),
    "recorded": _("recorded"),
    "shape": _("keys missing"),
    "fail": _("fails"),
}
CHECKS = {
    "compile": _("Every file compiles"),
    "check": _("Django's system check"),
    "makemigrations": _("Migrations match the models"),
    "migrate": _("The database can be built"),
    "reverse": _("Migrations run back and forth"),
    "loaddata": _("Sample data loads twice"),
    "tests": _("The generated tests"),
    "openapi": _("OpenAPI is valid and complete"),
    "replay": _("Every call of your front end, replayed"),
    "isolation": _("Nobody reaches the rows of others"),
}

# Why something is there that no single line states.
RULES = {
    "template": _("part of every project"),
    "kept": _("kept from the project"),
}


def confidence_word(value: float | None) -> Any:
    """certain, likely or guess; nothing for what no line had to state."""
    if value is None:
        return ""
    if value >= CERTAIN:
        return _("certain")
    return _("likely") if value >= LIKELY else _("guess")


def confidence_kind(value: float | None) -> str:
    if value is None:
        return ""
    return "good" if value >= CERTAIN else "info" if value >= LIKELY else "warn"


@dataclass
class Review:
    """Everything the review page shows. `verdicts` is what `reading.verification` returns."""

    diff: dict[str, Any]
    verdicts: dict[str, Any] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = self.diff["summary"]
        return found

    @cached_property
    def calls(self) -> dict[str, dict[str, Any]]:
        """Key of an endpoint → the worst of its replayed calls."""
        worst: dict[str, dict[str, Any]] = {}
        ranking = list(VERDICTS)
        for row in self.replay:
            known = worst.get(row["key"])
            if known is None or ranking.index(row["verdict"]) > ranking.index(known["verdict"]):
                worst[row["key"]] = row
        return worst

    @property
    def replay(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.verdicts.get("replay", [])
        return found

    @property
    def checks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.verdicts.get("checks", [])
        return [{**row, "label": CHECKS.get(row["name"], row["name"])} for row in found]

    @property
    def red(self) -> list[dict[str, Any]]:
        return [row for row in self.checks if row["state"] == "fail"]

    @property
    def answered(self) -> int:
        return sum(row["verdict"] in {"pass", "recorded"} for row in self.replay)

    @property
    def replay_is_green(self) -> bool:
        return all(row["verdict"] != "fail" for row in self.replay)

    @cached_property
    def endpoints(self) -> list[dict[str, Any]]:
        return [{**row, "call": self.calls.get(row["key"])} for row in self.diff["endpoints"]]

    @property
    def models(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.diff["models"]
        return found

    @property
    def files(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.diff["files"]
        return found

    @property
    def needs_code(self) -> list[dict[str, Any]]:
        return [row for row in self.endpoints if row.get("behaviour") == "recorded"]

    @property
    def opened(self) -> list[dict[str, Any]]:
        """What answers without signing in: worth a look before anything else."""
        return [row for row in self.endpoints if row.get("auth") == "public"]

    @property
    def secrets(self) -> list[dict[str, Any]]:
        return [row for row in self.warnings if "secret" in row.get("code", "")]

    @property
    def other_warnings(self) -> list[dict[str, Any]]:
        return [row for row in self.warnings if "secret" not in row.get("code", "")]

    def item(self, key: str) -> dict[str, Any] | None:
        """The endpoint or model with this key."""
        return next((row for row in [*self.endpoints, *self.models] if row["key"] == key), None)

    def files_of(self, key: str) -> list[dict[str, Any]]:
        """The files that exist because of this item, those about it alone before those it shares."""
        mine = [file for file in self.files if key in file.get("items", [])]
        return sorted(mine, key=lambda file: len(file["items"]))

    def endpoints_of(self, model: str) -> list[dict[str, Any]]:
        """The endpoints that work on this model: those that share a module of views with it."""
        keys = {
            key
            for file in self.files_of(model)
            if "/views/" in file["path"]
            for key in file["items"]
        }
        return [row for row in self.endpoints if row["key"] in keys]


def tree_of(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The files as folders for the tree part: folders before files, each by name."""
    root: dict[str, Any] = {}
    for file in files:
        folder = root
        *names, _last = file["path"].split("/")
        for name in names:
            folder = folder.setdefault(name, {})
        folder[_last] = file if isinstance(file.get("path"), str) else {}
    return _nodes(root)


def _nodes(folder: dict[str, Any]) -> list[dict[str, Any]]:
    folders, leaves = [], []
    for name, inner in sorted(folder.items()):
        if isinstance(inner.get("path"), str):
            leaves.append({"name": name, **inner})
        else:
            folders.append({"name": name, "children": _nodes(inner)})
    return folders + leaves
