"""What a job has found and made, read back from its artifacts."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import orjson
from pydantic import TypeAdapter

from accounts.authentication import Principal
from laojun import audit, files
from laojun.files import ContentMissing
from laojun.models import File
from taishang.generation import packing
from taishang.generation.diff import with_hunks
from taishang.generation.ir import Blueprint, Reading, Verification
from taishang.generation.refine import Verdict
from taishang.generation.trees import Tree
from taishang.models import GenerationJob

DOWNLOADS = {
    "project": "tree",
    "patch": "patch",
    "openapi": "openapi",
    "ir": "ir",
    "evidence": "evidence",
    "upload": "redacted_upload",
    "chat": "chat",
    "log": "verify_log",
    "edits": "refine_log",
}
_VERDICTS: TypeAdapter[list[Verdict]] = TypeAdapter(list[Verdict])
SOURCES = frozenset({"upload", "chat"})
MAX_CONTEXT_LINES = 200


class NotReady(Exception):
    """The job has not got that far."""

    code = "not_ready"


class Expired(Exception):
    """It was kept for its time and is gone."""

    code = "expired"


class NotFound(Exception):
    """The job has nothing of this name."""

    code = "not_found"


def artifact(*, job: GenerationJob, kind: str) -> bytes:
    """The bytes of one artifact. Raises NotReady, Expired."""
    found = job.artifact(kind)
    if found is None:
        raise NotReady if job.task.is_live or job.task.state == "failed" else Expired
    try:
        return files.read(found.file)
    except (ContentMissing, File.DoesNotExist) as error:
        raise Expired from error


def diff(
    *, job: GenerationJob, hunks: bool = False, path: str | None = None, kind: str | None = None
) -> dict[str, Any]:
    """The difference (`gen.diff/1`); with `hunks` the text of each change is merged in.

    `path` and `kind` (add, modify, delete) narrow the files.
    """
    if job.diff is None:
        raise NotReady if job.task.is_live or job.task.state == "failed" else Expired
    found: dict[str, Any] = job.diff
    if "files" not in found:
        found = orjson.loads(artifact(job=job, kind="diff"))
    if hunks:
        found = with_hunks(found, artifact(job=job, kind="patch"))
    chosen = [
        entry
        for entry in found["files"]
        if (path is None or entry["path"] == path) and (kind is None or entry["op"] == kind)
    ]
    return {**found, "files": chosen}


def reading(*, job: GenerationJob) -> Reading:
    return Reading.model_validate_json(artifact(job=job, kind="evidence"))


def blueprint(*, job: GenerationJob) -> Blueprint:
    return Blueprint.model_validate_json(artifact(job=job, kind="ir"))


def verdicts(*, job: GenerationJob) -> list[Verdict]:
    """What became of each edit that a plugin, a model or a person proposed."""
    return _VERDICTS.validate_json(artifact(job=job, kind="refine_log"))


def tree(*, job: GenerationJob) -> Tree:
    return packing.unarchive(data=artifact(job=job, kind="tree"))


def evidence(
    *,
    job: GenerationJob,
    item: str | None = None,
    file: str | None = None,
    kind: str | None = None,
) -> list[dict[str, Any]]:
    """The facts of a job, narrowed to one item of the blueprint, one file, one kind."""
    facts = reading(job=job).facts
    places = _places_of(job, item) if item else None
    return [
        fact.model_dump(mode="json")
        for fact in facts
        if (file is None or fact.place.file == file)
        and (kind is None or fact.kind == kind)
        and (places is None or (fact.place.file, fact.place.line) in places)
    ]


def source(*, job: GenerationJob, file: str, line: int, context: int = 20) -> list[tuple[int, str]]:
    """Numbered lines of the cleaned export around one line. Raises Expired, NotFound."""
    context = max(0, min(context, MAX_CONTEXT_LINES))
    packed = artifact(job=_first(job), kind="redacted_upload")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        try:
            lines = archive.read(file).decode().split("\n")
        except KeyError as error:
            raise NotFound from error
    first = max(1, line - context)
    return list(enumerate(lines[first - 1 : line + context], start=first))


def verification(*, job: GenerationJob) -> dict[str, Any]:
    """Every check, replayed call and test, and how strong the sandbox was."""
    found = Verification.model_validate_json(artifact(job=job, kind="replay"))
    return {
        "green": found.green,
        "sandbox": found.level,
        "checks": [row.model_dump() for row in found.checks],
        "replay": [row.model_dump() for row in found.replay],
        "isolation": [row.model_dump() for row in found.isolation],
        "tests": [row.model_dump() for row in found.tests],
    }


def download(*, job: GenerationJob, what: str, principal: Principal) -> File:
    """The stored file behind a download; reading an upload is recorded. Raises NotFound, NotReady, Expired."""
    kind = DOWNLOADS.get(what)
    if kind is None:
        raise NotFound
    holder = _first(job) if what in SOURCES else job
    found = holder.artifact(kind)
    if found is None:
        raise NotReady if job.task.is_live else Expired
    if what in SOURCES:
        audit.record(
            actor=principal,
            action="generation_job.download_source",
            target=("generation_job", job.pk),
            details={"what": what},
        )
    return found.file


def _first(job: GenerationJob) -> GenerationJob:
    """The job that read the export: a corrected job has its parent's."""
    while job.parent is not None:
        job = job.parent
    return job


def _places_of(job: GenerationJob, item: str) -> set[tuple[str, int]]:
    found = blueprint(job=job)
    items: list[Any] = [
        *found.entities,
        *found.endpoints,
        *found.seeds,
        *found.decisions,
        *found.unresolved,
        *found.externals,
    ]
    for entity in found.entities:
        items += [*entity.fields, *entity.relations]
    match = next((one for one in items if one.key == item), None)
    if match is None:
        raise NotFound
    return {(place.file, place.line) for place in match.evidence.places}
