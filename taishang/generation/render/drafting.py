"""Complete a rendered project with what only Django itself can say: migrations and the API schema."""

from __future__ import annotations

import ast
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from laojun import cage
from taishang.generation import trees
from taishang.generation.render import layout
from taishang.generation.render.plan import Renames

INSIDE = Path(__file__).with_name("inside")
STDLIB = frozenset({"uuid", "datetime", "decimal"})
TAIL_BYTES = 4_000
NO_RENAMES = Renames()


class DraftingFailed(Exception):
    """The rendered project does not even start. `log` is the end of what it said."""

    code = "verification_failed"

    def __init__(self, log: str, limit: str | None, tree: dict[str, bytes]) -> None:
        super().__init__(f"the project does not start ({limit or 'error'}): {log[-600:]}")
        self.log, self.limit, self.tree = log, limit, tree


def complete(
    *, tree: dict[str, bytes], app: str, renames: Renames = NO_RENAMES
) -> dict[str, bytes]:
    """New migration files and `openapi.yaml` for `tree`. Runs Django in a caged child (about 1.5 s)."""
    with tempfile.TemporaryDirectory(prefix="draft-") as name:
        directory = Path(name)
        trees.write(tree=tree, directory=directory / "project")
        (directory / "renames.json").write_text(json.dumps(asdict(renames)), encoding="utf-8")
        inside = directory / "inside"
        shutil.copytree(INSIDE, inside, ignore=shutil.ignore_patterns("__pycache__"))
        result = cage.run(
            argv=[
                sys.executable,
                "-I",
                "-B",
                str(inside / "entry.py"),
                str(directory / "project"),
                name,
                app,
            ],
            directory=directory,
            environment=environment(directory),
        )
        if result.returncode != 0 or result.limit:
            log = result.stderr[-TAIL_BYTES:].decode("utf-8", "replace")
            raise DraftingFailed(log, result.limit, tree)
        drafted = json.loads((directory / "drafted.json").read_text(encoding="utf-8"))
        found = {path: tidy(source, app=app).encode() for path, source in drafted.items()}
        found["openapi.yaml"] = (directory / "openapi.yaml").read_bytes()
    return found


def environment(directory: Path) -> dict[str, str]:
    """The six variables that a project sees: nothing of the platform's own survives."""
    home = directory / "home"
    home.mkdir(exist_ok=True)
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "DATABASE_URL": "sqlite://:memory:",
    }


def tidy(source: str, *, app: str) -> str:
    """A migration in the formatter's layout, imports grouped as the linter groups them."""
    module = ast.parse(source)
    groups: list[list[str]] = [[], [], []]
    lines: list[str] = []
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            top = (name or "").split(".")[0]
            rank = 0 if top in STDLIB else 2 if top in ("accounts", app) else 1
            groups[rank].append(ast.unparse(node))
        elif isinstance(node, ast.ClassDef):
            lines += ["", "", f"class {node.name}(migrations.Migration):"]
            for index, statement in enumerate(node.body):
                lines += [""] if index else []
                lines += layout.lines(ast.unparse(statement), depth=1)
    head: list[str] = []
    for group in groups:
        ordered = sorted(group, key=lambda line: (line.startswith("from "), line))
        head += ["", *ordered] if head and ordered else ordered
    return "\n".join([*head, *lines, ""])
