"""Run an export from the command line: the same caged process as a job's, without a workspace or a database."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from laojun import cage
from taishang.generation import packing, running
from taishang.generation.ir import Blueprint
from taishang.generation.trees import Tree


class ExportFailed(Exception):
    """The export cannot become a back end; the message says why and what to do."""


@dataclass(frozen=True)
class Made:
    """What came out: the blueprint, the project, and what the checks say."""

    blueprint: Blueprint
    tree: Tree
    result: dict[str, Any]


def make(
    *,
    archive: Path,
    chat: Path | None,
    directory: Path,
    tell: Callable[[dict[str, Any]], None],
    verify: bool = True,
) -> Made:
    """Run all stages over `archive` inside `directory` (empty). `tell` gets each event. Raises ExportFailed."""
    shutil.copyfile(archive, directory / "export.zip")
    if chat is not None:
        shutil.copyfile(chat, directory / "chat")
    order = {
        "job": "",
        "name": archive.stem,
        "options": {},
        "edits": [],
        "adapters_off": [],
        "hashes": {},
        "base_target": "template",
        "verify": verify,
    }
    (directory / "job.json").write_text(json.dumps(order), encoding="utf-8")
    ended = cage.run(
        argv=[sys.executable, "-m", "taishang.generation.child", str(directory)],
        directory=directory,
        limits=running.LIMITS,
        environment=running.environment(directory),
        readable=[settings.BASE_DIR / "taishang", settings.BASE_DIR / "laojun"],
        on_line=lambda line: tell(json.loads(line)),
    )
    out = directory / "out"
    if not (out / "result.json").exists():
        told = out / "error.json"
        error = json.loads(told.read_bytes()) if told.exists() else {"detail": ended.limit or ""}
        raise ExportFailed(f"{error.get('detail', '')} {error.get('hint', '')}".strip())
    return Made(
        blueprint=Blueprint.model_validate_json((out / "ir.json").read_bytes()),
        tree=packing.unarchive(data=(out / "tree.zip").read_bytes()),
        result=json.loads((out / "result.json").read_bytes()),
    )
