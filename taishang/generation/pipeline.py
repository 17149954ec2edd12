"""The order of the stages, and nothing else: what each one gets, how its end is told, when it is run again."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from taishang.generation import (
    adapters,
    building,
    consulting,
    diff,
    quarantine,
    refine,
    render,
    verify,
)
from taishang.generation.evidence import collecting
from taishang.generation.evidence.chat import parse_chat
from taishang.generation.evidence.statements import statements
from taishang.generation.failing import StageFailed
from taishang.generation.intake import IntakeError, read_export
from taishang.generation.inventory import inspect
from taishang.generation.ir import (
    MAX_WARNINGS,
    Blueprint,
    Chat,
    Export,
    Fact,
    FileOrigin,
    Inventory,
    Reading,
    Verification,
    Warning,
)
from taishang.generation.options import Options
from taishang.generation.refine import Verdict
from taishang.generation.render.allowlist import RenderUnsafe
from taishang.generation.render.drafting import DraftingFailed
from taishang.generation.trees import Tree

QUARANTINE_ROUNDS = 2
EXPECTED_CHECKS = 10
CHATS_INSIDE = (".lovable/plan.md", ".bolt/prompt")


class Report(Protocol):
    """Where a run tells how far it is."""

    def started(self, stage: str) -> None: ...

    def finished(self, stage: str, counts: dict[str, int], ms: int) -> None: ...

    def progress(self, stage: str, fraction: float, message: str) -> None: ...

    def event(self, name: str, detail: dict[str, Any]) -> None: ...

    def ask(self, hook: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
        """What plugins outside say: `{plugin, output}` or `{plugin, failure}` each."""
        ...


@dataclass
class Order:
    """What a run is asked for. `reading` is set for a corrected run, `archive` for a first one.

    Without `verify` the result is rendered and no more; nothing says then that it runs. `model_tokens` is what a
    model may be told, where one is asked.
    """

    name: str
    options: Options
    base: Tree
    archive: Path | None = None
    chat: Path | None = None
    reading: Reading | None = None
    edits: list[dict[str, Any]] = field(default_factory=list)
    adapters_off: frozenset[str] = frozenset()
    directory: Path = Path()
    job: str = ""
    hashes: dict[str, str] = field(default_factory=dict)
    base_target: str = "template"
    verify: bool = True
    model_tokens: int = refine.MOST_TOKENS
    asks: frozenset[str] = frozenset()


@dataclass
class Outcome:
    """Everything a run made. `error` is set when it may not be applied."""

    reading: Reading
    core: Blueprint
    blueprint: Blueprint
    verdicts: list[Verdict]
    tree: Tree
    verification: Verification
    diff: dict[str, Any]
    patch: bytes
    pack: Path | None = None
    chat: str | None = None
    quarantined: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None


class Clock:
    """Times one stage and tells its start and end. Times go into reports, never into results."""

    def __init__(self, report: Report, stage: str) -> None:
        self.report = report
        self.stage = stage
        self.counts: dict[str, int] = {}

    def __enter__(self) -> dict[str, int]:
        self.began = time.monotonic()
        self.report.started(self.stage)
        return self.counts

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            milliseconds = int((time.monotonic() - self.began) * 1000)
            self.report.finished(self.stage, self.counts, milliseconds)
        elif isinstance(error, StageFailed) and not error.stage:
            error.stage = self.stage


def run(order: Order, report: Report) -> Outcome:
    """All stages in order. Raises StageFailed; a red verification is an Outcome with an `error`."""
    if order.reading is None:
        reading, pack, chat = _read(order, report)
    else:
        reading, pack, chat = order.reading, None, None
    core = _build(order, reading, report)
    blueprint, verdicts = _refine(order, reading, core, report)
    written = _write(order, blueprint, report, reading.warnings)
    tree, blueprint, verification = written.tree, written.blueprint, written.verification
    with Clock(report, "diff") as counts:
        difference, patch = _compare(order, reading, written)
        counts["files"] = len(difference["files"])
    outcome = Outcome(
        reading=reading,
        core=core,
        blueprint=blueprint,
        verdicts=verdicts,
        tree=tree,
        verification=verification,
        diff=difference,
        patch=patch,
        pack=pack,
        chat=chat,
        quarantined=written.quarantined,
    )
    if order.verify and not verification.green:
        outcome.error = StageFailed(
            "verification_failed", _why_red(verification), stage="verify"
        ).as_error()
    return outcome


def _read(order: Order, report: Report) -> tuple[Reading, Path, str | None]:
    with Clock(report, "intake") as counts:
        received = _intake(order, report)
        export = received.export
        counts |= {"files": len(export.files), "ignored": sum(export.ignored.values())}
    with Clock(report, "inventory") as counts:
        sources = [one for one in adapters.ADAPTERS if one.slug not in order.adapters_off]
        inventory = inspect(
            export=export,
            sources=sources,
            source_override=order.options.source,
            root=order.options.root,
        )
        counts |= {"languages": len(inventory.languages)}
    with Clock(report, "evidence") as counts:
        facts, chat = _collect(export, inventory, received.chat, report)
        proposals, failures = consulting.proposals(order.asks, export, inventory, report)
        counts |= dict(sorted(Counter(fact.kind for fact in facts).items()))
    if order.adapters_off:
        names = ", ".join(sorted(order.adapters_off))
        inventory.warnings.append(Warning(code="adapter_off", detail=f"switched off here: {names}"))
    warnings = [*export.warnings, *inventory.warnings, *(chat.warnings if chat else []), *failures]
    reading = Reading(
        inventory=inventory,
        facts=facts,
        chat=chat,
        ignored=export.ignored,
        kept_files=len(export.files),
        warnings=warnings[:MAX_WARNINGS],
        proposals=proposals,
    )
    return reading, received.pack, received.chat


def _intake(order: Order, report: Report) -> Any:
    if order.archive is None:
        raise StageFailed("no_source_files", "no archive was given")
    try:
        received = read_export(archive=order.archive, chat=order.chat, directory=order.directory)
    except IntakeError as error:
        raise StageFailed(error.code, error.detail, file=error.entry) from error
    for secret in received.export.secrets:
        report.event(
            "secret_found",
            {"kind": secret.kind, "file": secret.file, "line": secret.line, "high": secret.high},
        )
    return received


def _collect(
    export: Export, inventory: Inventory, chat_text: str | None, report: Report
) -> tuple[list[Fact], Chat | None]:
    sources = [one for one in adapters.ADAPTERS if one.source == inventory.source]
    facts = collecting.collect(
        export=export,
        inventory=inventory,
        sources=[one.facts for one in sources],
        progress=lambda done, total: report.progress(
            "evidence", done / max(1, total), f"{done}/{total}"
        ),
    )
    chat = _chat(export, chat_text)
    if chat is not None:
        facts = [*facts, *statements(chat)]
    parsed = any(file.text is not None for file in export.files)
    if not facts and not parsed:
        raise StageFailed("evidence_failed", "no source file could be read")
    return facts, chat


def _chat(export: Export, uploaded: str | None) -> Chat | None:
    """The uploaded log, or the plan that travels inside the export, and then it is said."""
    if uploaded is not None:
        return parse_chat(name="chat", data=uploaded.encode())
    for file in export.files:
        if file.text and file.path.endswith(CHATS_INSIDE):
            chat = parse_chat(name=file.path, data=file.text.encode())
            detail = "no chat log was uploaded; the one inside the export is used"
            note = Warning(code="chat_from_export", detail=detail, file=file.path)
            return chat.model_copy(update={"warnings": [*chat.warnings, note]})
    return None


def _build(order: Order, reading: Reading, report: Report) -> Blueprint:
    with Clock(report, "ir") as counts:
        blueprint = building.build(
            inventory=reading.inventory,
            facts=reading.facts,
            decisions=order.options.decisions,
            name=order.name,
        )
        counts |= {
            "entities": len(blueprint.entities),
            "endpoints": len(blueprint.endpoints),
            "decisions": len(blueprint.decisions),
            "unresolved": len(blueprint.unresolved),
        }
        if not blueprint.entities and not blueprint.endpoints:
            raise StageFailed(
                "nothing_found",
                "no call to a server, no declared data type, no sample data and no store was found in"
                f" {reading.kept_files} files",
            )
        project = blueprint.project.model_copy(update={"app_label": order.options.app_label})
        if order.options.prefix is not None and not any(
            endpoint.origin in {"call", "route"} for endpoint in blueprint.endpoints
        ):
            project = project.model_copy(update={"prefix": order.options.prefix})
    return blueprint.model_copy(update={"project": project})


def _refine(
    order: Order, reading: Reading, core: Blueprint, report: Report
) -> tuple[Blueprint, list[Verdict]]:
    with Clock(report, "refine") as counts:
        _ask_model(order, reading, core, report)
        blueprint, verdicts = refine.judge(
            blueprint=core,
            proposals=refine.in_force(reading.proposals, with_model=order.options.refine == "auto"),
            own=order.edits,
            facts=reading.facts,
        )
        accepted = sum(one.is_accepted for one in verdicts)
        counts |= {"edits": accepted, "refused": len(verdicts) - accepted}
    for one in verdicts:
        kind = one.edit.get("kind", "")
        if one.is_accepted:
            report.event("edit_accepted", {"kind": kind, "by": one.author})
        else:
            report.event("edit_refused", {"code": one.code, "reason": one.why_not})
    return blueprint, verdicts


def _ask_model(order: Order, reading: Reading, core: Blueprint, report: Report) -> None:
    """Once for a reading: a corrected run finds what the model said."""
    if any(proposal.model for proposal in reading.proposals):
        return
    proposals, failures = consulting.refinements(
        order.asks,
        lambda: refine.messages(blueprint=core, reading=reading, most_tokens=order.model_tokens),
        report,
    )
    reading.proposals += proposals
    reading.warnings += failures


@dataclass
class Written:
    """A rendered project with its verdict. `plugins` says of files who else wrote them."""

    tree: Tree
    blueprint: Blueprint
    verification: Verification
    quarantined: list[str]
    plugins: dict[str, str]


def _write(order: Order, blueprint: Blueprint, report: Report, warnings: list[Warning]) -> Written:
    """Render and verify; items that the checks blame are taken out and listed, at most two rounds."""
    quarantined: list[str] = []
    offers = consulting.offers(order.asks, blueprint, report)
    for round_number in range(QUARANTINE_ROUNDS + 1):
        with Clock(report, "render") as counts:
            tree = _render(order, blueprint)
            plugins = consulting.extend(tree, offers, blueprint.project.app_label)
            counts["files"] = len(tree)
        if not order.verify:
            verification = Verification()
            break
        with Clock(report, "verify") as counts:
            verification = verify.verify(
                blueprint=blueprint,
                tree=tree,
                directory=_fresh(order.directory / "verify"),
                progress=_check_reporter(report),
            )
            counts |= {"checks": len(verification.checks), "calls": len(verification.replay)}
        if verification.green or round_number == QUARANTINE_ROUNDS:
            break
        origins = render.origins(blueprint=blueprint, tree=tree)
        blame = quarantine.blamed(verification=verification, origins=origins)
        if not blame:
            break
        blueprint = quarantine.quarantine(blueprint=blueprint, blame=blame)
        quarantined += sorted(blame)
        report.event("quarantined", {"items": sorted(blame)})
    warnings += consulting.failures(offers, report)
    return Written(tree, blueprint, verification, quarantined, plugins)


def _render(order: Order, blueprint: Blueprint) -> Tree:
    try:
        return render.render(blueprint=blueprint, previous=order.base)
    except (RenderUnsafe, DraftingFailed) as error:
        raise StageFailed(error.code, str(error)) from error


def _compare(order: Order, reading: Reading, written: Written) -> tuple[dict[str, Any], bytes]:
    origins = render.origins(blueprint=written.blueprint, tree=written.tree)
    for path, plugin in written.plugins.items():
        origins.files[path] = FileOrigin(rule=f"plugin {plugin}")
    difference = diff.diff(
        base=order.base,
        tree=written.tree,
        blueprint=written.blueprint,
        verification=written.verification,
        origins=origins,
        context=diff.Context(
            job={"id": order.job},
            source={
                **order.hashes,
                "source": reading.inventory.source,
                "framework": reading.inventory.framework,
            },
            target=order.base_target,
        ),
    )
    return difference.document, difference.patch


def _fresh(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def _check_reporter(report: Report) -> Callable[[str, dict[str, Any]], None]:
    done = 0

    def tell(event: str, detail: dict[str, Any]) -> None:
        nonlocal done
        name = str(detail.get("name", ""))
        if event == "check_finished":
            done += 1
            report.event("check_finished", {"check": name, "state": detail.get("state", "")})
        report.progress("verify", done / EXPECTED_CHECKS, name)

    return tell


def _why_red(verification: Verification) -> str:
    red = [check.name for check in verification.checks if check.state == "fail"]
    return f"red: {', '.join(red) or 'the sandbox stopped it'}"
