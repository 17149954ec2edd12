"""What a job would change, as one document (`gen.diff/1`) and one patch."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taishang.generation import patching
from taishang.generation.ir import (
    Blueprint,
    EntitySpec,
    Evidence,
    Origins,
    Verification,
    digest,
)
from taishang.generation.trees import Tree, sha256, tree_sha256

SCHEMA = "gen.diff/1"
SECURITY = ("config/settings.py", "config/middleware.py", "/permissions.py", "accounts/views.py",
            "accounts/authentication.py", "accounts/models.py")  # fmt: skip
UNSURE = 0.7


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a diff says about its job: `source` holds zip_sha256, chat_sha256, source and framework."""

    job: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    target: str = "blank"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The document without hunk text, and the patch that holds the hunks."""

    document: dict[str, Any]
    patch: bytes


def diff(
    *,
    base: Tree,
    tree: Tree,
    blueprint: Blueprint,
    verification: Verification,
    origins: Origins,
    context: Context | None = None,
) -> Difference:
    """Compare `tree` with `base`.

    The same input gives the same document but for `job` and `base.target`, which `diff_sha256` leaves out.
    """
    context = context or Context()
    whole = patching.patch(base=base, tree=tree)
    changed = sorted(path for path in {*base, *tree} if base.get(path) != tree.get(path))
    files = [_file(path, base, tree, blueprint, origins) for path in changed]
    lines = [line for hunk in patching.by_path(whole).values() for line in hunk.split("\n")]
    document = {
        "schema": SCHEMA,
        "job": dict(context.job),
        "input": {"zip_sha256": None, "chat_sha256": None, "source": None, "framework": None}
        | dict(context.source),
        "base": {"target": context.target, "tree_sha256": tree_sha256(base)},
        "tree_sha256": tree_sha256(tree),
        "endpoints": _endpoints(blueprint, origins),
        "models": [_model(entity) for entity in blueprint.entities],
        "files": files,
        "migrations": _migrations(changed, base, tree),
        "decisions": _plain(blueprint.decisions),
        "unresolved": _plain(blueprint.unresolved),
        "externals": _plain(blueprint.externals),
        "tests": _tests(verification, origins),
    }
    document["summary"] = {
        "files": len(files),
        "insertions": sum(line.startswith("+") for line in lines),
        "deletions": sum(line.startswith("-") for line in lines),
        "endpoints": len(document["endpoints"]),
        "models": len(document["models"]),
        "migrations": len(document["migrations"]),
        "warnings": len(blueprint.warnings),
    }
    return Difference(document=document, patch=whole)


def diff_sha256(document: Mapping[str, Any]) -> str:
    """Hash of a document without what differs between equal runs: `job` and `base.target`."""
    kept = {name: value for name, value in document.items() if name != "job"}
    kept["base"] = {"tree_sha256": document["base"]["tree_sha256"]}
    return digest(kept)


def with_hunks(document: Mapping[str, Any], patch: bytes) -> dict[str, Any]:
    """The document with the unified diff of each file merged in."""
    found = patching.by_path(patch)
    files = [each | {"hunks": found.get(each["path"], "")} for each in document["files"]]
    return dict(document) | {"files": files}


def _evidence(evidence: Evidence) -> list[dict[str, Any]]:
    return [
        {"file": p.file, "line": p.line, "kind": p.kind, "excerpt": p.excerpt}
        for p in evidence.places
    ]


def _plain(items: list[Any]) -> list[dict[str, Any]]:
    return [
        item.model_dump(mode="json", exclude={"evidence"}) | {"evidence": _evidence(item.evidence)}
        for item in items
    ]


def _endpoints(blueprint: Blueprint, origins: Origins) -> list[dict[str, Any]]:
    return [
        {
            "key": each.key,
            "method": each.method,
            "path": each.path,
            "view": origins.views.get(each.key),
            "auth": each.auth,
            "confidence": each.confidence,
            "behaviour": each.behaviour,
            "called": each.called,
            "evidence": _evidence(each.evidence),
            "rule": each.evidence.rule,
        }
        for each in sorted(blueprint.endpoints, key=lambda each: (each.path, each.method, each.key))
        if each.key in origins.views
    ]


def _model(entity: EntitySpec) -> dict[str, Any]:
    fields = [
        {
            "name": each.name,
            "type": each.type,
            "null": each.null,
            "default": each.default,
            "evidence": _evidence(each.evidence),
            "rule": each.evidence.rule,
        }
        for each in entity.fields
    ]
    relations = [
        {
            "name": each.name,
            "kind": each.kind,
            "target": each.target,
            "evidence": _evidence(each.evidence),
            "rule": each.evidence.rule,
        }
        for each in entity.relations
    ]
    return {
        "key": entity.key,
        "name": entity.name,
        "fields": fields,
        "relations": relations,
        "evidence": _evidence(entity.evidence),
        "rule": entity.evidence.rule,
    }


def _file(
    path: str, base: Tree, tree: Tree, blueprint: Blueprint, origins: Origins
) -> dict[str, Any]:
    before, after = base.get(path), tree.get(path)
    origin = origins.files.get(path)
    items = origin.items if origin else []
    op = "add" if before is None else "delete" if after is None else "modify"
    return {
        "path": path,
        "op": op,
        "before_sha256": sha256(before) if before is not None else None,
        "after_sha256": sha256(after) if after is not None else None,
        "hunks": None,
        "risk": _risk(path, op, items, blueprint),
        "generator_rule": origin.rule if origin else "kept",
        "items": items,
        "requires": requires(path, tree),
    }


def _risk(path: str, op: str, items: list[str], blueprint: Blueprint) -> str:
    if path.endswith("/actions.py"):
        return "logic-missing"
    if path.endswith(SECURITY):
        return "security"
    doubtful = {
        each.key for each in [*blueprint.entities, *blueprint.endpoints] if each.confidence < UNSURE
    }
    opened = {each.key for each in blueprint.endpoints if each.opened_by}
    if opened & set(items) and path.endswith(("urls.py", ".py")) and "/tests/" not in path:
        return "security"
    if op == "delete" or "/migrations/0" in path or doubtful & set(items):
        return "review"
    return "none"


def requires(path: str, tree: Tree) -> list[str]:
    """Paths of the tree that this module imports, itself left out."""
    if not path.endswith(".py") or path not in tree:
        return []
    try:
        module = ast.parse(tree[path])
    except (SyntaxError, ValueError):
        return []
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for name in [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]:
                found |= set(_paths_of(name, tree))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found |= set(_paths_of(alias.name, tree))
    return sorted(found - {path})


def _paths_of(module: str, tree: Tree) -> list[str]:
    plain = module.replace(".", "/")
    return [path for path in (f"{plain}.py", f"{plain}/__init__.py") if path in tree]


def _migrations(changed: list[str], base: Tree, tree: Tree) -> list[dict[str, Any]]:
    found = []
    for path in changed:
        parts = path.split("/")
        if len(parts) == 3 and parts[1] == "migrations" and parts[2][:1].isdigit() and path in tree:
            operations = _operations(tree[path])
            found.append(
                {
                    "path": path,
                    "app": parts[0],
                    "operations": operations,
                    "reversible": "RunSQL" not in operations,
                }
            )
    return found


def _operations(source: bytes) -> list[str]:
    module = ast.parse(source)
    return [
        node.func.attr
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "migrations"
        and node.func.attr[:1].isupper()
    ]


def _tests(verification: Verification, origins: Origins) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "covers": _covers(each.name, origins), "result": each.result}
        for each in sorted(verification.tests, key=lambda each: each.name)
    ]


def _covers(name: str, origins: Origins) -> list[str]:
    """The endpoint with the longest matching test prefix."""
    fitting = [prefix for prefix in origins.tests if name.startswith(prefix)]
    return [origins.tests[max(fitting, key=len)]] if fitting else []
