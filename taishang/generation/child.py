"""The caged process of a job: reads `job.json`, runs the stages, tells its progress, leaves files behind.

`python -m taishang.generation.child DIRECTORY`. Standard output carries one JSON object a line; results lie in
`DIRECTORY/out/`. There is no database, no network and no secret here: the text that is parsed is hostile.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from taishang.generation import packing
from taishang.generation.failing import StageFailed
from taishang.generation.ir import Reading, canonical, digest, stored
from taishang.generation.options import Options
from taishang.generation.pipeline import Order, Outcome, run
from taishang.generation.refine import MOST_TOKENS
from taishang.generation.trees import tree_sha256

REPLIES = "replies"
ASK_SECONDS = 150.0
LOOK_SECONDS = 0.05


class Lines:
    """A report as JSON lines on standard output; answers to questions come as files."""

    def __init__(self, replies: Path) -> None:
        self.replies = replies
        self.asked = 0

    def started(self, stage: str) -> None:
        self._say("stage_started", {"stage": stage})

    def finished(self, stage: str, counts: dict[str, int], ms: int) -> None:
        self._say("stage_finished", {"stage": stage, "counts": counts, "ms": ms})

    def progress(self, stage: str, fraction: float, message: str) -> None:
        self._say("progress", {"stage": stage, "fraction": fraction, "message": message})

    def event(self, name: str, detail: dict[str, Any]) -> None:
        self._say(name, detail)

    def ask(self, hook: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask the plugins outside, through the worker; without an answer in time they said nothing."""
        self.asked += 1
        self._say("ask", {"hook": hook, "number": self.asked, "payload": payload})
        reply = self.replies / f"{self.asked}.json"
        until = time.monotonic() + ASK_SECONDS
        while time.monotonic() < until:
            if reply.exists():
                answers: list[dict[str, Any]] = json.loads(reply.read_text(encoding="utf-8"))
                return answers
            time.sleep(LOOK_SECONDS)
        return []

    def _say(self, name: str, detail: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps({"event": name, **detail}) + "\n")
        sys.stdout.flush()


def main(directory: Path) -> int:
    """Exit 0: finished (green or red). Exit 1: failed, told in `out/error.json`."""
    out = directory / "out"
    out.mkdir(exist_ok=True)
    report = Lines(directory / REPLIES)
    try:
        outcome = run(read_order(directory), report)
    except StageFailed as failure:
        _write_json(out / "error.json", failure.as_error())
        return 1
    except MemoryError:
        _write_json(out / "error.json", _internal("memory_exceeded", "out of memory"))
        return 1
    except Exception as error:  # noqa: BLE001
        # The last resort of the process: whatever it was becomes a failed job with a log, not a lost one.
        (out / "log.txt").write_text(traceback.format_exc(), encoding="utf-8")
        _write_json(out / "error.json", _internal("internal", type(error).__name__))
        return 1
    write_results(out, outcome)
    return 0


def read_order(directory: Path) -> Order:
    """The order that the worker wrote."""
    order = json.loads((directory / "job.json").read_text(encoding="utf-8"))
    archive, chat = directory / "export.zip", directory / "chat"
    reading, base = directory / "reading.json", directory / "base.zip"
    return Order(
        name=order["name"],
        options=Options.model_validate(order["options"]),
        base=packing.unarchive(data=base.read_bytes()) if base.exists() else {},
        archive=archive if archive.exists() else None,
        chat=chat if chat.exists() else None,
        reading=Reading.model_validate_json(reading.read_bytes()) if reading.exists() else None,
        edits=order["edits"],
        verify=order.get("verify", True),
        adapters_off=frozenset(order["adapters_off"]),
        directory=directory,
        job=order["job"],
        hashes=order["hashes"],
        base_target=order["base_target"],
        asks=frozenset(order.get("asks", ())),
        model_tokens=order.get("model_tokens", MOST_TOKENS),
    )


def write_results(out: Path, outcome: Outcome) -> None:
    """Every artifact as a file, then `result.json`, which says that all of them are complete."""
    files: dict[str, bytes] = {
        "evidence.json": stored(outcome.reading),
        "core_ir.json": stored(outcome.core),
        "ir.json": stored(outcome.blueprint),
        "tree.zip": packing.archive(tree=outcome.tree),
        "diff.json": canonical(outcome.diff),
        "patch.diff": outcome.patch,
        "verification.json": canonical(outcome.verification),
        "refine_log.json": canonical([verdict.model_dump() for verdict in outcome.verdicts]),
    }
    openapi = outcome.tree.get("openapi.yaml")
    if openapi is not None:
        files["openapi.yaml"] = openapi
    if outcome.pack is not None:
        files["redacted.zip"] = outcome.pack.read_bytes()
    if outcome.chat is not None:
        files["chat.txt"] = outcome.chat.encode()
    for name, content in files.items():
        (out / name).write_bytes(content)
    _write_json(out / "result.json", _result(outcome))


def _result(outcome: Outcome) -> dict[str, Any]:
    inventory = outcome.reading.inventory
    return {
        "source": inventory.source,
        "source_score": inventory.source_score,
        "framework": inventory.framework,
        "languages": {
            name: count.model_dump() for name, count in sorted(inventory.languages.items())
        },
        "kept_files": outcome.reading.kept_files,
        "ignored_files": sum(outcome.reading.ignored.values()),
        "core_ir_sha256": digest(outcome.core),
        "ir_sha256": digest(outcome.blueprint),
        "tree_sha256": tree_sha256(outcome.tree),
        "summary": _summary(outcome),
        "warnings": [warning.model_dump() for warning in outcome.reading.warnings],
        "green": outcome.verification.green,
        "error": outcome.error,
    }


def _summary(outcome: Outcome) -> dict[str, Any]:
    replay = outcome.verification.replay
    return {
        **outcome.diff["summary"],
        "entities": len(outcome.blueprint.entities),
        "endpoints": len(outcome.blueprint.endpoints),
        "decisions": len(outcome.blueprint.decisions),
        "unresolved": len(outcome.blueprint.unresolved),
        "externals": len(outcome.blueprint.externals),
        "quarantined": outcome.quarantined,
        "replayed": len(replay),
        "replayed_green": sum(row.verdict != "fail" for row in replay),
        "sandbox": outcome.verification.level,
    }


def _internal(code: str, detail: str) -> dict[str, Any]:
    return {"code": code, "detail": detail, "hint": "", "stage": "", "file": "", "line": None}


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
