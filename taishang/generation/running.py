"""The worker's side of a job: prepare a directory, watch the caged process, keep what it made."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.utils.translation import gettext as _

from laojun import cage, files
from laojun.cage import CageResult, Limits
from laojun.files import Owner, StorageFull, StorageQuotaExceeded
from laojun.models import File
from taishang import projects
from taishang.generation import packing, plugging, submitting
from taishang.generation.consulting import REFINER
from taishang.generation.diff import diff_sha256
from taishang.generation.refining import refiner, told_tokens
from taishang.generation.trees import tree_sha256
from taishang.models import GenerationArtifact, GenerationJob
from taishang.runs import Permanent, Run

MEBIBYTE = 1024 * 1024
LIMITS = Limits(
    cpu_seconds=170,
    address_bytes=6 * 1024 * MEBIBYTE,
    file_bytes=128 * MEBIBYTE,
    output_bytes=8 * MEBIBYTE,
    wall_seconds=180,
    resident_bytes=512 * MEBIBYTE,
    may_fork=True,
)
# Plugins and models take their time, and what they are shown passes through standard output.
ASKING_LIMITS = replace(LIMITS, wall_seconds=180 + 300, output_bytes=40 * MEBIBYTE)
MAX_DIFF_BYTES = 2 * MEBIBYTE
WEIGHTS = {
    "intake": 5,
    "inventory": 5,
    "evidence": 30,
    "ir": 10,
    "refine": 10,
    "render": 10,
    "verify": 25,
    "diff": 5,
}
EVENTS = (
    "stage_started",
    "stage_finished",
    "secret_found",
    "edit_accepted",
    "edit_refused",
    "check_finished",
    "quarantined",
    "warning",
    "applied",
    "reversed",
)
# What the child leaves in `out/`, by the kind of artifact it becomes.
RESULTS = {
    "redacted_upload": "redacted.zip",
    "chat": "chat.txt",
    "evidence": "evidence.json",
    "core_ir": "core_ir.json",
    "ir": "ir.json",
    "refine_log": "refine_log.json",
    "tree": "tree.zip",
    "diff": "diff.json",
    "patch": "patch.diff",
    "openapi": "openapi.yaml",
    "replay": "verification.json",
    "verify_log": "log.txt",
}
STOPPED_BY = {
    "wall": "timed_out",
    "cpu": "timed_out",
    "memory": "memory_exceeded",
    "output": "output_exceeded",
}


def generate(run: Run) -> None:
    """Run one generation job to its end. Raises Permanent when the export cannot become a back end."""
    directory = settings.DATA_DIR / "jobs" / f"{run.id}-{run.attempt}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        asks = _prepare(run, directory)
        ended = _watch(run, directory, asks)
        _keep(run, directory / "out", ended)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _prepare(run: Run, directory: Path) -> Mapping[str, plugging.Answering | None]:
    """Write the order and copy its inputs, files outside the transaction. Returns what will be asked, and of whom.

    None stands for plugins.
    """
    with run.database():
        job = GenerationJob.objects.select_related(
            "upload_file", "chat_file", "parent", "user", "workspace"
        ).get(pk=run.id)
        try:
            submitting.check_adapters(job.workspace_id)
        except submitting.AdapterDisabled as error:
            raise Permanent(error.code, _("Switched off here.")) from error
        off = sorted(submitting.disabled_adapters(job.workspace_id))
        asks: dict[str, plugging.Answering | None] = dict.fromkeys(
            plugging.asked_hooks(job.workspace_id)
        )
        order = _order(job, off)
        if job.options.get("refine") == "auto":
            asks[REFINER] = asked = refiner(run, job)
            order["model_tokens"] = told_tokens(job.workspace_id, job.user, asked.reference)
        head = projects.head(job.project) if job.project_id and job.project else None
        evidence = job.parent.artifact("evidence") if job.parent else None
        inputs = _inputs(job, evidence)
        base_files = projects.tree(version=head) if head else projects.blank_tree()
        GenerationJob.objects.filter(pk=job.pk).update(
            adapters={"off": off, "core": job.core_version},
            base_commit=head.commit_sha if head else "",
            base_tree_sha256=tree_sha256(base_files),
        )
    for name, file in inputs.items():
        with files.open_content(file) as source, (directory / name).open("wb") as target:
            shutil.copyfileobj(source, target)
    (directory / "base.zip").write_bytes(packing.archive(tree=base_files))
    order["asks"] = list(asks)
    (directory / "job.json").write_text(json.dumps(order), encoding="utf-8")
    return asks


def _inputs(job: GenerationJob, evidence: GenerationArtifact | None) -> dict[str, File]:
    if evidence is not None:
        return {"reading.json": evidence.file}
    if job.upload_file is None:
        raise Permanent("expired", _("The upload is no longer kept."))
    inputs = {"export.zip": job.upload_file}
    if job.chat_file is not None:
        inputs["chat"] = job.chat_file
    return inputs


def _order(job: GenerationJob, off: list[str]) -> dict[str, Any]:
    return {
        "job": str(job.pk),
        "name": job.name,
        "options": job.options,
        "edits": job.edits,
        "adapters_off": off,
        "hashes": {"zip_sha256": job.zip_sha256, "chat_sha256": job.chat_sha256},
        "base_target": str(job.project_id) if job.project_id else "template",
    }


def _watch(run: Run, directory: Path, asks: Mapping[str, plugging.Answering | None]) -> CageResult:
    """Run the child and pass on what it tells. A cancelled or lost run ends it within seconds."""
    stopped: list[Exception] = []

    def should_stop() -> bool:
        try:
            run.check()
        except Exception as reason:  # noqa: BLE001
            # Carried out of the cage's loop, so that the child is gone before it is raised again.
            stopped.append(reason)
            return True
        return False

    answering = {hook: answer for hook, answer in asks.items() if answer is not None}
    with plugging.Desk(run.workspace_id, directory, answering=answering) as desk:
        ended = cage.run(
            argv=[sys.executable, "-m", "taishang.generation.child", str(directory)],
            directory=directory,
            limits=ASKING_LIMITS if asks else LIMITS,
            environment=environment(directory),
            readable=[settings.BASE_DIR / "taishang", settings.BASE_DIR / "laojun"],
            on_line=_listener(run, desk),
            should_stop=should_stop,
        )
    if stopped:
        raise stopped[0]
    return ended


def environment(directory: Path) -> dict[str, str]:
    """All that the caged process sees of the platform's environment."""
    return {
        "PYTHONPATH": str(settings.BASE_DIR),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def _listener(run: Run, desk: plugging.Desk) -> Callable[[bytes], None]:
    """Turn the child's lines into events and progress. Progress never falls within an attempt."""
    names = list(WEIGHTS)
    starts = {name: sum(list(WEIGHTS.values())[:place]) for place, name in enumerate(names)}
    highest = 0

    def progress(stage: str, fraction: float) -> None:
        nonlocal highest
        reached = int(starts[stage] + WEIGHTS[stage] * min(1.0, fraction))
        highest = max(highest, reached)
        run.progress(highest, 100, str(GenerationJob.Stage(stage).label))

    def listen(line: bytes) -> None:
        told = _told(line)
        name, stage = told.pop("event", ""), told.get("stage", "")
        if name == "progress" and stage in starts:
            progress(stage, float(told.get("fraction", 0)))
        elif name in {"stage_started", "stage_finished"} and stage in starts:
            progress(stage, 1.0 if name == "stage_finished" else 0.0)
            _stage(run, name, stage, told)
        elif name == "ask":
            desk.take(told)
        elif name in EVENTS:
            run.event(name, **told)

    return listen


def _stage(run: Run, name: str, stage: str, told: dict[str, Any]) -> None:
    run.event(name, **told)
    with run.database():
        job = GenerationJob.objects.get(pk=run.id)
        job.stage = stage
        if name == "stage_finished":
            before = job.stage_timings.get(stage, {}).get("ms", 0)
            job.stage_timings[stage] = {
                "ms": before + told.get("ms", 0),
                "counts": told.get("counts", {}),
            }
        job.save(update_fields=["stage", "stage_timings", "updated_at"])


def _told(line: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _keep(run: Run, out: Path, ended: CageResult) -> None:
    """Store the artifacts, then finish: rows, difference and `succeeded` in one transaction."""
    error = _error(out, ended)
    stored = _store(run, out)
    if error is not None:
        with run.database():
            _save_artifacts(run, stored)
            _save_job(run, out, ended, error=error)
        raise Permanent(error["code"], _sentence(error))
    result = orjson.loads((out / "result.json").read_bytes())
    with run.finish({"tree_sha256": result["tree_sha256"], "summary": result["summary"]}):
        _save_artifacts(run, stored)
        _save_job(run, out, ended, error=None)
        plugging.note_own(GenerationJob.objects.get(pk=run.id))


def _error(out: Path, ended: CageResult) -> dict[str, Any] | None:
    if ended.limit in STOPPED_BY:
        code = STOPPED_BY[ended.limit]
        return {"code": code, "detail": f"stopped at its limit: {ended.limit}", "hint": ""}
    told = out / "error.json"
    if told.exists():
        found: dict[str, Any] = orjson.loads(told.read_bytes())
        return found
    result = out / "result.json"
    if not result.exists():
        tail = ended.stderr.decode(errors="replace")[-500:]
        return {"code": "internal", "detail": f"the process ended without a result: {tail}"}
    error: dict[str, Any] | None = orjson.loads(result.read_bytes())["error"]
    return error


def _sentence(error: dict[str, Any]) -> str:
    return " ".join(part for part in (error.get("detail", ""), error.get("hint", "")) if part)


def _store(run: Run, out: Path) -> dict[str, File]:
    """Every file the child left, as a stored file of the job's person."""
    stored = {}
    owner = _owner(run)
    for kind, name in RESULTS.items():
        path = out / name
        if not path.is_file() or path.is_symlink():
            continue
        with path.open("rb") as content:
            try:
                stored[kind] = files.store(
                    content=content,
                    name=name,
                    purpose="generation.artifact",
                    owner=owner,
                    entity=("generation_job", run.id),
                )
            except (StorageFull, StorageQuotaExceeded) as error:
                message = _("There is no room left to keep the result.")
                raise Permanent("storage_full", message) from error
    return stored


def _owner(run: Run) -> Owner:
    if run.user_id is None:
        raise Permanent("actor_gone", _("The person who asked for this is gone."))
    return Owner(run.user_id, run.workspace_id)


def _save_artifacts(run: Run, stored: dict[str, File]) -> None:
    for kind, file in stored.items():
        GenerationArtifact.objects.update_or_create(
            job_id=run.id,
            kind=kind,
            defaults={
                "workspace_id": run.workspace_id,
                "file": file,
                "sha256": file.sha256,
                "size_bytes": file.file_size,
            },
        )


def _save_job(run: Run, out: Path, ended: CageResult, *, error: dict[str, Any] | None) -> None:
    job = GenerationJob.objects.select_related("upload_file", "chat_file").get(pk=run.id)
    job.usage = {
        "seconds": ended.seconds,
        "cpu_seconds": ended.cpu_seconds,
        "peak_bytes": ended.peak_bytes,
        "sandbox": ended.level,
    }
    fields = ["summary", "usage", "updated_at"]
    result_file = out / "result.json"
    if result_file.exists():
        result = orjson.loads(result_file.read_bytes())
        for name in (
            "source",
            "source_score",
            "framework",
            "languages",
            "kept_files",
            "ignored_files",
            "core_ir_sha256",
            "ir_sha256",
            "tree_sha256",
            "summary",
            "warnings",
        ):
            setattr(job, name, result[name])
            fields.append(name)
        difference = orjson.loads((out / "diff.json").read_bytes())
        job.diff, job.diff_sha256 = _lean(difference), diff_sha256(difference)
        job.verification = orjson.loads((out / "verification.json").read_bytes())["checks"]
        fields += ["diff", "diff_sha256", "verification"]
    if error is None:
        job.stage = GenerationJob.Stage.DONE
        fields.append("stage")
    else:
        job.summary = {**job.summary, "error": error}
    job.save(update_fields=fields)
    if (out / RESULTS["redacted_upload"]).exists():
        _drop_raw(job)


def _drop_raw(job: GenerationJob) -> None:
    """Evidence was read from the cleaned texts; the raw upload and chat are not kept any longer."""
    for file in (job.upload_file, job.chat_file):
        if file is not None and file.state == File.State.STORED:
            files.delete(file)


def _lean(difference: dict[str, Any]) -> dict[str, Any]:
    """The difference as it is kept in the row: above 2 MB only its summary, the rest is in the artifact."""
    if len(orjson.dumps(difference)) > MAX_DIFF_BYTES:
        keep = ("schema", "job", "input", "base", "summary")
        return {key: difference[key] for key in keep}
    return difference
