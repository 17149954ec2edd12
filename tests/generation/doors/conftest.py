"""Jobs in every state without running one: rows as the engine leaves them, artifacts as files."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts import tenancy
from laojun import files
from laojun.files import Owner
from taishang.generation import ir, packing, sample
from taishang.models import GenerationArtifact, GenerationJob, Task
from tests.factories import Person

FOLDER = Path(__file__).parent
HASH = "a" * 64
RUNNING = "state='running', lease_owner='w', lease_until=now()+interval '1 day', attempts=1, started_at=now()"
ENDED = "finished_at=now(), lease_owner=NULL, lease_until=NULL"


@pytest.fixture(autouse=True)
def _storage(settings, tmp_path):
    (tmp_path / "tmp").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "tmp"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }


@pytest.fixture(scope="session")
def review() -> dict[str, Any]:
    """A finished job's documents: `diff`, `verification`, `warnings`."""
    found: dict[str, Any] = json.loads((FOLDER / "review.json").read_text())
    return found


@dataclass
class Jobs:
    """Makes jobs for a person."""

    review: dict[str, Any]

    def make(self, person: Person, state: str = "queued", **columns: Any) -> GenerationJob:
        with tenancy.workspace(person.workspace.id, user_id=person.user.id):
            task = Task(
                workspace=person.workspace, user=person.user, type="generation", queue="generation"
            )
            task.save(force_insert=True)
            job = GenerationJob(
                task=task,
                workspace=person.workspace,
                user=person.user,
                **{
                    "name": "reading-club",
                    "upload_path": "x",
                    "zip_sha256": HASH,
                    "options_sha256": HASH,
                    "zip_bytes": 1000,
                    **columns,
                },
            )
            job.save(force_insert=True)
            self._move(task, state)
        return job

    def finished(self, person: Person, **columns: Any) -> GenerationJob:
        """A green job with its difference, and the artifacts that the review reads."""
        diff = self.review["diff"]
        lean = [
            {key: value for key, value in file.items() if key != "hunks"} for file in diff["files"]
        ]
        job = self.make(
            person,
            "succeeded",
            **{
                "stage": "done",
                "source": "bolt",
                "framework": "react",
                "diff": {**diff, "files": lean},
                "diff_sha256": HASH,
                "summary": diff["summary"],
                "warnings": self.review["warnings"],
                "verification": self.review["verification"]["checks"],
                **columns,
            },
        )
        with tenancy.workspace(person.workspace.id, user_id=person.user.id):
            for kind, content in self._artifacts().items():
                self._keep(person, job, kind, content)
        return job

    def _artifacts(self) -> dict[str, bytes]:
        hunks = "".join(file["hunks"] for file in self.review["diff"]["files"])
        verdicts = self.review["verification"]
        verification = ir.Verification(
            green=True, level="strong", checks=verdicts["checks"], replay=verdicts["replay"]
        )
        return {
            "patch": hunks.encode(),
            "redacted_upload": _pack(),
            "replay": verification.model_dump_json().encode(),
            "ir": ir.Blueprint().model_dump_json().encode(),
            "core_ir": ir.Blueprint().model_dump_json().encode(),
            "tree": packing.archive(tree={"manage.py": b"import os\n"}),
            "evidence": json.dumps(
                {
                    "inventory": {"source": "bolt"},
                    "facts": [
                        {
                            "place": {
                                "file": "src/api/books.ts",
                                "line": 14,
                                "end_line": 14,
                                "kind": "wrapper",
                                "excerpt": "return get<Book[]>(`/books${query}`);",
                            },
                            "value": {"method": "GET", "path": "/books"},
                            "confidence": 0.95,
                        }
                    ],
                }
            ).encode(),
        }

    def _keep(self, person: Person, job: GenerationJob, kind: str, content: bytes) -> None:
        file = files.store(
            content=content,
            name=f"{kind}.bin",
            purpose="generation.artifact",
            owner=Owner(person.user.id, person.workspace.id),
        )
        GenerationArtifact.objects.create(
            workspace=person.workspace,
            job=job,
            kind=kind,
            file=file,
            sha256=file.sha256,
            size_bytes=file.file_size,
        )

    def _move(self, task: Task, state: str) -> None:
        steps = {
            "queued": [],
            "running": [RUNNING],
            "succeeded": [RUNNING, f"state='succeeded', progress=100, {ENDED}"],
            "failed": [RUNNING, f"state='failed', error_code='nothing_found', {ENDED}"],
            "cancelled": [RUNNING, f"state='cancelled', {ENDED}"],
        }
        with connection.cursor() as cursor:
            for assignments in steps[state]:
                cursor.execute(f"UPDATE tai_tasks SET {assignments} WHERE id = %s", [task.pk])


def _pack() -> bytes:
    """The sample export as intake keeps it: without its wrapper folder."""
    buffer = io.BytesIO()
    root = sample.FOLDER / "export"
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in sorted(one for one in root.rglob("*") if one.is_file()):
            packed.writestr(path.relative_to(root).as_posix(), path.read_bytes())
    return buffer.getvalue()


@pytest.fixture
def jobs(db, review) -> Jobs:
    return Jobs(review)
