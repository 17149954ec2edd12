"""How a stage says that it cannot go on, and what a person may do about it."""

from __future__ import annotations

from typing import Any

HINTS = {
    "zip_damaged": "Pack the project again as .zip and upload it once more.",
    "zip_unsupported": "Pack it without a password, as an ordinary .zip.",
    "zip_unsafe": "This archive holds names or structures that no ordinary packer writes.",
    "zip_expands_too_much": "Leave out node_modules and build folders, or export the source only.",
    "no_source_files": "Export the source code, not the built site.",
    "nothing_found": "Upload the whole project: the files that fetch data, declare types or hold sample data.",
    "evidence_failed": "None of the source files could be read. Check their encoding.",
    "render_unsafe": "A name or value of the export cannot be written safely. Please report it.",
    "verification_failed": "Open the checks to see which call or test is red.",
}


class StageFailed(Exception):
    """A stage cannot go on. `code` is stable; `detail` names what was found; nothing in it is secret."""

    def __init__(
        self, code: str, detail: str, *, stage: str = "", file: str = "", line: int | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.stage = stage
        self.file = file
        self.line = line

    def as_error(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "detail": self.detail[:2000],
            "hint": HINTS.get(self.code, ""),
            "stage": self.stage,
            "file": self.file,
            "line": self.line,
        }
