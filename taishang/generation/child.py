"""The process of one job: `python -m taishang.generation.child JOBDIR`.

Reads `job.json` in the job's folder, reports one JSON object per line on standard output, leaves the
artifacts beside `job.json`. No database, no network, no secret.

job.json: `phase` (all, read, produce), `archive`, `chat` (or null), `options`, `base` (a ZIP of the target
project, or null for the blank template), `model_edits`, `person_edits`, `source`, `target`. Files are named relative to the folder. `produce`
starts from `core_ir.json` and `facts.json`, which `read` leaves behind.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from taishang.generation import packing, pipeline
from taishang.generation.diff import Context, diff_sha256
from taishang.generation.ir import Blueprint, Fact, canonical
from taishang.generation.pipeline import Options, Outcome, Product, Reading
from taishang.generation.progress import Clock, Report, StageFailed
from taishang.generation.refine import parse_edits

Phase = Literal["all", "read", "produce"]


class Job(BaseModel):
    """The order of one job."""

    model_config = ConfigDict(extra="forbid")

    phase: Phase = "all"
    archive: str | None = None
    chat: str | None = None
    options: Options = Options()
    base: str | None = None
    model_edits: list[dict[str, Any]] = []
    person_edits: list[dict[str, Any]] = []
    target: str = "blank"
    source: dict[str, Any] = {}


def main(arguments: list[str]) -> int:
    directory = Path(arguments[0]).resolve()
    job = Job.model_validate_json((directory / "job.json").read_bytes())
    done = run_job(job=job, directory=directory, report=_say)
    return 0 if done.error is None else 1


def _say(stage: str, details: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"stage": stage} | details, ensure_ascii=True, default=str) + "\n")
    sys.stdout.flush()


def run_job(*, job: Job, directory: Path, report: Report) -> Outcome:
    """Run the phase that `job` names and write its artifacts, also those of a failed job."""
    clock = Clock(report)
    reading: Reading | None = None
    product: Product | None = None
    failure: StageFailed | None = None
    try:
        if job.phase != "produce":
            reading = _read(job, directory, clock)
            _write_reading(directory, reading)
        if job.phase != "read":
            product = _produce(job, directory, clock, reading)
            _write_product(directory, product)
    except StageFailed as error:
        failure = error
    if job.phase == "read" and failure is None:
        return _half(directory, reading, clock)
    outcome = pipeline.outcome(reading=reading, product=product, clock=clock, failure=failure)
    _write_outcome(directory, outcome)
    return outcome


def _read(job: Job, directory: Path, clock: Clock) -> Reading:
    return pipeline.read(
        archive=directory / (job.archive or "upload.zip"),
        chat=directory / job.chat if job.chat else None,
        directory=directory,
        options=job.options,
        clock=clock,
    )


def _produce(job: Job, directory: Path, clock: Clock, reading: Reading | None) -> Product:
    if reading is not None:
        blueprint, facts = reading.blueprint, reading.facts
    else:
        blueprint = Blueprint.model_validate_json((directory / "core_ir.json").read_bytes())
        facts = TypeAdapter(list[Fact]).validate_json((directory / "facts.json").read_bytes())
    proposed, refused = parse_edits(list(job.model_edits), by="model")
    decided, forbidden = parse_edits(list(job.person_edits), by="person")
    base = packing.unarchive(data=(directory / job.base).read_bytes()) if job.base else None
    found = (
        {"framework": reading.inventory.framework, "source": reading.inventory.source}
        if reading
        else {}
    )
    product = pipeline.produce(
        blueprint=blueprint,
        facts=facts,
        edits=[*proposed, *decided],
        directory=directory,
        base=base,
        clock=clock,
        context=Context(source=found | job.source, target=job.target),
    )
    product.refusals[:0] = [*refused, *forbidden]
    return product


def _half(directory: Path, reading: Reading | None, clock: Clock) -> Outcome:
    outcome = Outcome(
        state="succeeded", error=None, reading=reading, product=None, timings=clock.timings,
        hashes={"core_ir_sha256": None},
    )  # fmt: skip
    _write_outcome(directory, outcome)
    return outcome


def _write_reading(directory: Path, reading: Reading) -> None:
    (directory / "core_ir.json").write_bytes(canonical(reading.blueprint))
    (directory / "facts.json").write_bytes(
        canonical([fact.model_dump(mode="json") for fact in reading.facts])
    )
    (directory / "inventory.json").write_bytes(canonical(reading.inventory))


def _write_product(directory: Path, product: Product) -> None:
    (directory / "blueprint.json").write_bytes(canonical(product.blueprint))
    (directory / "tree.zip").write_bytes(packing.archive(tree=product.tree))
    (directory / "diff.json").write_bytes(canonical(product.difference.document))
    (directory / "changes.patch").write_bytes(product.difference.patch)
    (directory / "verification.json").write_bytes(canonical(product.verification))
    (directory / "openapi.yaml").write_bytes(product.tree.get("openapi.yaml", b""))
    refusals = [refusal.model_dump(mode="json") for refusal in product.refusals]
    (directory / "refusals.json").write_bytes(canonical(refusals))


def _write_outcome(directory: Path, outcome: Outcome) -> None:
    product, reading = outcome.product, outcome.reading
    told = {
        "state": outcome.state,
        "error": outcome.error,
        "timings": outcome.timings,
        "hashes": outcome.hashes
        | {"diff_sha256": diff_sha256(product.difference.document) if product else None},
        "quarantined": product.quarantined if product else {},
        "files": len(reading.export.files) if reading else None,
        "ignored": reading.export.ignored if reading else {},
        "warnings": [each.model_dump(mode="json") for each in _warnings(outcome)],
    }
    (directory / "outcome.json").write_bytes(canonical(told))


def _warnings(outcome: Outcome) -> list[Any]:
    if outcome.product is not None:
        return outcome.product.blueprint.warnings
    return outcome.reading.blueprint.warnings if outcome.reading is not None else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
