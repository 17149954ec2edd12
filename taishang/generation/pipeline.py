"""The order of the stages: an export goes in, a verified project and its diff come out.

Two halves, because a model may refine the Blueprint between them and only the platform can reach one:
`read` goes from the archive to the core Blueprint, `produce` from a Blueprint to the diff. `run` is both.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from taishang.generation import quarantine
from taishang.generation.adapters import ADAPTERS, SourceAdapter
from taishang.generation.building import build
from taishang.generation.diff import Context, Difference, diff
from taishang.generation.evidence.chat import parse_chat
from taishang.generation.evidence.collecting import collect
from taishang.generation.evidence.statements import statements
from taishang.generation.intake import IntakeError, read_export
from taishang.generation.inventory import inspect
from taishang.generation.ir import (
    MAX_WARNINGS,
    Blueprint,
    Chat,
    Export,
    Fact,
    Inventory,
    Verification,
    Warning,
    digest,
)
from taishang.generation.progress import TITLES, Clock, Report, StageFailed
from taishang.generation.refine import Refusal, apply
from taishang.generation.refine.edits import AnyEdit
from taishang.generation.render import DraftingFailed, RenderUnsafe, origins, render
from taishang.generation.trees import Tree, tree_sha256
from taishang.generation.verify import verify

Stage = Literal[
    "intake", "inventory", "evidence", "ir", "refine", "render", "verify", "diff", "done"
]
QUARANTINE_ROUNDS = 2
CHECKS = 10


class Options(BaseModel):
    """What a person may choose. Unknown options are an error."""

    model_config = ConfigDict(extra="forbid")

    source: Literal["auto", "bolt", "v0", "lovable", "retool", "unknown"] = "auto"
    root: str | None = Field(default=None, max_length=500)
    refine: Literal["off", "auto"] = "off"
    model: str | None = Field(default=None, max_length=200)
    name: str = Field(default="backend", max_length=120)
    app_label: str = Field(default="api", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    prefix: str | None = Field(default=None, pattern=r"^(/[A-Za-z0-9._~-]+)*$", max_length=100)
    decisions: dict[str, str] = {}
    adapters: list[str] | None = None


@dataclass(kw_only=True)
class Reading:
    """What the first half found."""

    export: Export
    inventory: Inventory
    facts: list[Fact]
    blueprint: Blueprint
    pack: Path
    chat: Chat | None = None


@dataclass(kw_only=True)
class Product:
    """What the second half made. `quarantined` maps item keys to the reason they were set aside."""

    blueprint: Blueprint
    tree: Tree
    verification: Verification
    difference: Difference
    refusals: list[Refusal] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Outcome:
    """The whole job. `state` succeeded demands a green verification. Timings in milliseconds per stage."""

    state: Literal["succeeded", "failed"]
    error: dict[str, Any] | None
    reading: Reading | None
    product: Product | None
    timings: dict[str, int]
    hashes: dict[str, str | None]


def run(
    *,
    archive: Path,
    chat: Path | None,
    directory: Path,
    options: Options,
    base: Tree | None,
    report: Report,
    edits: list[AnyEdit] | None = None,
) -> Outcome:
    """Everything, in order. `directory` is the job's own folder; `base` None = the blank template.

    Never raises for what the input contains: the outcome says what failed and keeps what was made.
    """
    clock = Clock(report)
    reading: Reading | None = None
    product: Product | None = None
    try:
        reading = read(
            archive=archive, chat=chat, directory=directory, options=options, clock=clock
        )
        product = produce(
            blueprint=reading.blueprint,
            facts=reading.facts,
            edits=edits or [],
            directory=directory,
            base=base,
            clock=clock,
            context=Context(
                source={
                    "framework": reading.inventory.framework,
                    "source": reading.inventory.source,
                }
            ),
        )
    except StageFailed as failure:
        return outcome(reading=reading, product=product, clock=clock, failure=failure)
    return outcome(reading=reading, product=product, clock=clock, failure=None)


def read(
    *, archive: Path, chat: Path | None, directory: Path, options: Options, clock: Clock
) -> Reading:
    """From the archive to the core Blueprint. Raises StageFailed."""
    with clock.stage("intake") as counts:
        received = _take_in(archive, chat, directory)
        counts |= {"files": len(received.export.files), "secrets": len(received.export.secrets)}
        _tell_secrets(clock, received.export)
    with clock.stage("inventory") as counts:
        inventory = _inspect(received.export, options)
        counts |= {"source": inventory.source, "framework": inventory.framework}
    with clock.stage("evidence") as counts:
        log = (
            parse_chat(name="chat", data=received.chat.encode())
            if received.chat is not None
            else None
        )
        facts = _collect(received.export, inventory, log, options, clock)
        counts |= {"facts": len(facts)}
    with clock.stage("ir") as counts:
        blueprint = _build(received.export, inventory, facts, log, options)
        counts |= {"entities": len(blueprint.entities), "endpoints": len(blueprint.endpoints)}
    return Reading(
        export=received.export,
        inventory=inventory,
        facts=facts,
        blueprint=blueprint,
        pack=received.pack,
        chat=log,
    )


def produce(
    *,
    blueprint: Blueprint,
    facts: list[Fact],
    edits: list[AnyEdit],
    directory: Path,
    base: Tree | None,
    clock: Clock,
    context: Context | None = None,
) -> Product:
    """From a Blueprint to a verified tree and its diff. Raises StageFailed when nothing can be rendered.

    A red verification is no exception: the product says so, and its diff stays readable.
    """
    with clock.stage("refine") as counts:
        refined, refusals = apply(blueprint=blueprint, edits=list(edits), facts=facts)
        counts |= {"edits": len(edits), "refused": len(refusals)}
    base = base if base is not None else _rendered(Blueprint(project=refined.project), None)
    set_aside: dict[str, str] = {}
    for round_number in range(QUARANTINE_ROUNDS + 1):
        last = round_number == QUARANTINE_ROUNDS
        tree, refined = _render(refined, base, set_aside, clock, last=last)
        where = origins(blueprint=refined, tree=tree)
        verification = _verify(refined, tree, directory / f"check-{round_number}", clock)
        blame = quarantine.blamed(verification=verification, origins=where)
        if verification.green or last or not blame:
            break
        set_aside |= blame
        clock.tell("verify", {"event": "quarantined", "items": sorted(blame)})
        refined = quarantine.quarantine(blueprint=refined, blame=blame)
    with clock.stage("diff") as counts:
        difference = diff(
            base=base,
            tree=tree,
            blueprint=refined,
            verification=verification,
            origins=where,
            context=context,
        )
        counts |= dict(difference.document["summary"])
    return Product(
        blueprint=refined,
        tree=tree,
        verification=verification,
        difference=difference,
        refusals=refusals,
        quarantined=set_aside,
    )


def outcome(
    *, reading: Reading | None, product: Product | None, clock: Clock, failure: StageFailed | None
) -> Outcome:
    """Put the halves together and report the end."""
    error = _error(failure) if failure else None
    if product is not None and not product.verification.green:
        error = _red(product.verification)
    state: Literal["succeeded", "failed"] = "failed" if error or product is None else "succeeded"
    clock.percent = 100 if state == "succeeded" else clock.percent
    clock.tell("done", {"event": "finished", "state": state, "error": error})
    hashes = {
        "core_ir_sha256": digest(reading.blueprint) if reading else None,
        "ir_sha256": digest(product.blueprint) if product else None,
        "tree_sha256": tree_sha256(product.tree) if product else None,
    }
    return Outcome(
        state=state,
        error=error,
        reading=reading,
        product=product,
        timings=clock.timings,
        hashes=hashes,
    )


# --- the first half --------------------------------------------------------------------------------


def _take_in(archive: Path, chat: Path | None, directory: Path) -> Any:
    try:
        return read_export(archive=archive, chat=chat, directory=directory)
    except IntakeError as error:
        raise StageFailed(
            stage="intake", code=error.code, detail=error.detail, file=error.entry
        ) from error


def _tell_secrets(clock: Clock, export: Export) -> None:
    for secret in export.secrets:
        clock.tell(
            "intake",
            {"event": "secret_found", "kind": secret.kind, "file": secret.file, "line": secret.line,
             "high": secret.high},
        )  # fmt: skip


def _adapters(options: Options) -> tuple[SourceAdapter, ...]:
    if options.adapters is None:
        return ADAPTERS
    return tuple(adapter for adapter in ADAPTERS if adapter.slug in options.adapters)


def _inspect(export: Export, options: Options) -> Inventory:
    forced = None if options.source == "auto" else options.source
    return inspect(
        export=export, sources=_adapters(options), source_override=forced, root=options.root
    )


def _collect(
    export: Export, inventory: Inventory, log: Chat | None, options: Options, clock: Clock
) -> list[Fact]:
    def progress(done: int, steps: int) -> None:
        clock.advance("evidence", done / max(1, steps))
        clock.tell("evidence", {"event": "progress"})

    sources = [adapter.facts for adapter in _adapters(options)]
    facts = collect(export=export, inventory=inventory, sources=sources, progress=progress)
    return [*facts, *statements(log)] if log is not None else facts


def _build(
    export: Export, inventory: Inventory, facts: list[Fact], log: Chat | None, options: Options
) -> Blueprint:
    found = build(inventory=inventory, facts=facts, decisions=options.decisions, name=options.name)
    if not found.entities and not found.endpoints:
        raise StageFailed(
            stage="ir",
            code="nothing_found",
            detail="no call, type, mock row or store was found from which a back end follows",
            hint="Upload the folder that holds the front end's source, not its build.",
        )
    project = found.project.model_copy(update={"app_label": options.app_label})
    if options.prefix is not None and not found.endpoints:
        project = project.model_copy(update={"prefix": options.prefix})
    said = [*export.warnings, *inventory.warnings, *(log.warnings if log else []), *found.warnings]
    return found.model_copy(update={"project": project, "warnings": _limited(said)})


def _limited(warnings: list[Warning]) -> list[Warning]:
    distinct = list({warning.model_dump_json(): warning for warning in warnings}.values())
    if len(distinct) <= MAX_WARNINGS:
        return distinct
    more = len(distinct) - MAX_WARNINGS + 1
    return [*distinct[: MAX_WARNINGS - 1], Warning(code="more_warnings", detail=f"and {more} more")]


# --- the second half -------------------------------------------------------------------------------


def _rendered(blueprint: Blueprint, base: Tree | None) -> Tree:
    try:
        return render(blueprint=blueprint, previous=base)
    except RenderUnsafe as error:
        raise StageFailed(
            stage="render",
            code=error.code,
            detail=f"line {error.line}: {error.what}",
            file=error.path,
        ) from error


def _render(
    blueprint: Blueprint, base: Tree, set_aside: dict[str, str], clock: Clock, *, last: bool
) -> tuple[Tree, Blueprint]:
    """The tree, and the Blueprint it was rendered from: an item that keeps it from starting goes."""
    with clock.stage("render") as counts:
        for attempt in range(QUARANTINE_ROUNDS + 1):
            try:
                tree = _rendered(blueprint, base)
                counts |= {"files": len(tree)}
                return tree, blueprint
            except DraftingFailed as error:
                where = origins(blueprint=blueprint, tree=error.tree)
                blame = quarantine.blamed_by_log(log=error.log, origins=where)
                if last or attempt == QUARANTINE_ROUNDS or not blame:
                    raise StageFailed(
                        stage="render", code=error.code, detail=error.log[-1_500:]
                    ) from error
                set_aside |= blame
                blueprint = quarantine.quarantine(blueprint=blueprint, blame=blame)
        raise AssertionError("unreachable")


def _verify(blueprint: Blueprint, tree: Tree, directory: Path, clock: Clock) -> Verification:
    done: list[str] = []

    def progress(event: str, details: dict[str, Any]) -> None:
        if event == "check_finished":
            done.append(str(details.get("name")))
            clock.advance("verify", len(done) / CHECKS)
        clock.tell("verify", {"event": event} | details)

    with clock.stage("verify") as counts:
        directory.mkdir(parents=True)
        try:
            found = verify(blueprint=blueprint, tree=tree, directory=directory, progress=progress)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        counts |= {"green": found.green, "tests": len(found.tests), "calls": len(found.replay)}
    return found


def _error(failure: StageFailed) -> dict[str, Any]:
    return {
        "code": failure.code,
        "title": TITLES.get(failure.code, "The job could not be finished"),
        "detail": failure.detail,
        "hint": failure.hint,
        "stage": failure.stage,
        "file": failure.file or None,
        "line": None,
    }


def _red(verification: Verification) -> dict[str, Any]:
    red = next((row for row in verification.checks if row.state == "fail"), None)
    return {
        "code": "verification_failed",
        "title": TITLES["verification_failed"],
        "detail": f"{red.name}: {red.limit or red.log[:500]}" if red else "no check ran",
        "hint": "The diff can be read; it cannot be applied.",
        "stage": "verify",
        "file": None,
        "line": None,
    }
