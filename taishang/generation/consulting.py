"""What a job asks of plugins and of a model outside, and what becomes of their answers: none of them ends a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from taishang.generation import render
from taishang.generation.ir import Blueprint, Export, Inventory, Proposal, Warning
from taishang.generation.render.allowlist import RenderUnsafe
from taishang.generation.trees import Tree, UnsafePath

SOURCE_ADAPTER, EMITTER = "generation.source_adapter", "generation.emitter"
# Not a hook of plugins: the worker asks the workspace's model.
REFINER = "generation.refiner"
# One for each plugin: `{plugin, output}` or `{plugin, failure}`.
Answers = list[dict[str, Any]]


class Report(Protocol):
    """The way to those who ask the plugins, and to whoever watches the job."""

    def event(self, name: str, detail: dict[str, Any]) -> None: ...

    def ask(self, hook: str, payload: dict[str, Any]) -> Answers: ...


def proposals(
    asks: frozenset[str], export: Export, inventory: Inventory, report: Report
) -> tuple[list[Proposal], list[Warning]]:
    """What plugins read in the cleaned files, where somebody uses any."""
    if SOURCE_ADAPTER not in asks:
        return [], []
    files = [{"path": file.path, "text": file.text} for file in export.files if file.text]
    answers = report.ask(
        SOURCE_ADAPTER,
        {"source": inventory.source, "framework": inventory.framework, "files": files},
    )
    found = [
        Proposal(plugin=one["plugin"], edits=_numbered(one["plugin"], one["output"]["edits"]))
        for one in answers
        if "output" in one
    ]
    return found, failures(answers, report)


def refinements(
    asks: frozenset[str], wording: Callable[[], Sequence[dict[str, str]]], report: Report
) -> tuple[list[Proposal], list[Warning]]:
    """What a model proposes, where one is to be asked: `{model, cost, currency, edits}` or `{failure}`."""
    if REFINER not in asks:
        return [], []
    answers = report.ask(REFINER, {"messages": list(wording())})
    if not answers:
        answers = [{"failure": "no answer in time"}]
    found = [
        Proposal(**{**one, "edits": _numbered(one["model"], one["edits"])})
        for one in answers
        if "failure" not in one
    ]
    failed = [
        Warning(code="model_failed", detail=str(one["failure"]))
        for one in answers
        if "failure" in one
    ]
    return found, _told(failed, report)


def failures(answers: Answers, report: Report) -> list[Warning]:
    """The job goes on without a plugin that failed, and says so."""
    found = [
        Warning(code="plugin_failed", detail=f"{one['plugin']}: {one['failure']}")
        for one in answers
        if "failure" in one
    ]
    return _told(found, report)


def _told(warnings: list[Warning], report: Report) -> list[Warning]:
    for warning in warnings:
        report.event("warning", {"code": warning.code, "detail": warning.detail})
    return warnings


def _numbered(author: str, edits: list[Any]) -> list[Any]:
    """With ids of ours, by which a person switches one off."""
    return [
        {**edit, "id": f"{author}-{number}"} if isinstance(edit, dict) else edit
        for number, edit in enumerate(edits, 1)
    ]


def offers(asks: frozenset[str], blueprint: Blueprint, report: Report) -> Answers:
    """What plugins write for this blueprint, where somebody uses any."""
    if EMITTER not in asks:
        return []
    label = blueprint.project.app_label
    return report.ask(EMITTER, {"app_label": label, "ir": blueprint.model_dump(mode="json")})


def extend(tree: Tree, offered: Answers, label: str) -> dict[str, str]:
    """Add to `tree` what plugins offer, held to the rules of every generated file. Returns path → plugin."""
    written: dict[str, str] = {}
    for one in offered:
        if "failure" in one:
            continue
        try:
            added = render.extension(tree=tree, offered=one["output"]["files"], app=label)
        except (RenderUnsafe, UnsafePath, render.NotAnExtension) as error:
            one["failure"] = f"{error.code}: {error}"
            continue
        tree |= added
        written |= {path: str(one["plugin"]) for path in added}
    return written
