"""Run a rendered project in the cage and say what happened, check by check, call by call."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from laojun import cage
from taishang.generation import trees
from taishang.generation.ir import (
    RENDER_THRESHOLD,
    Blueprint,
    CheckRow,
    EndpointSpec,
    ProjectTest,
    ReplayRow,
    Shape,
    Verification,
)
from taishang.generation.trees import Tree

INSIDE = Path(__file__).with_name("inside")
STEPS = (
    "compile", "check", "makemigrations", "migrate", "reverse", "loaddata", "tests", "openapi", "replay",
    "isolation",
)  # fmt: skip
OPEN_AUTH = frozenset(
    {"register", "login", "refresh", "logout", "reset", "reset_confirm", "verify", "third_party"}
)
LOG_BYTES = 8_000
Progress = Callable[[str, dict[str, Any]], None]


def verify(
    *,
    blueprint: Blueprint,
    tree: Tree,
    directory: Path,
    progress: Progress | None = None,
    limits: cage.Limits | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Verification:
    """Run all checks over `tree` in one caged Django process inside `directory` (an empty folder).

    `progress` gets ("check_started" | "check_finished", details). Nothing of the project runs in this
    process. The verdict is green only when every check passed.
    """
    folder = directory.resolve()
    lay_out(tree=tree, blueprint=blueprint, folder=folder)
    told: list[dict[str, Any]] = []

    def on_line(line: bytes) -> None:
        event = _parsed(line)
        told.append(event)
        if progress and event.get("event") == "started":
            progress("check_started", {"name": event.get("name")})
        elif progress and event.get("event") == "finished":
            progress("check_finished", dict(event.get("row") or {}))

    result = cage.run(
        argv=[sys.executable, "-I", "-B", str(folder / "inside" / "entry.py"), str(folder)],
        directory=folder,
        limits=limits,
        environment=environment(folder),
        on_line=on_line,
        should_stop=should_stop,
    )
    return _verdict(result=result, told=told, folder=folder)


def lay_out(*, tree: Tree, blueprint: Blueprint, folder: Path) -> None:
    """The files of one run: the project, the checking code, the order, an empty home."""
    trees.write(tree=tree, directory=folder / "project")
    shutil.copytree(INSIDE, folder / "inside", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "home").mkdir(exist_ok=True)
    order = json.dumps(order_for(blueprint=blueprint, tree=tree), ensure_ascii=True)
    (folder / "order.json").write_text(order, encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    home = str(folder / "home")
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "DATABASE_URL": "sqlite://:memory:",
    }


def order_for(*, blueprint: Blueprint, tree: Tree) -> dict[str, Any]:
    """What the checks need to know of the Blueprint, as plain JSON."""
    auth = blueprint.auth
    rendered = [endpoint for endpoint in blueprint.endpoints if is_rendered(endpoint)]
    wires = {entity.name: entity.id_wire_name for entity in blueprint.entities}
    return {
        "app": _app(tree),
        "complete": True,
        "auth": {
            "login_field": auth.login_field,
            "password_field": auth.password_field,
            "scheme": auth.scheme,
            "prefix": auth.header_prefix.strip() or "Bearer",
            "envelope": [auth.envelope] if auth.envelope else [],
            "access_key": (auth.access_key or "access").split("."),
            "login_path": _login_path(blueprint, rendered),
        },
        "endpoints": [_endpoint(endpoint, wires) for endpoint in rendered],
    }


def is_rendered(endpoint: EndpointSpec) -> bool:
    strange = set(endpoint.path) & set("<>\\") or not endpoint.path.isprintable()
    sure = endpoint.confidence >= RENDER_THRESHOLD and len(endpoint.path) <= 500
    return sure and not strange and endpoint.method not in ("HEAD", "OPTIONS")


def _app(tree: Tree) -> str:
    found = sorted(path.split("/")[0] for path in tree if path.endswith("/wire.py"))
    return found[0] if found else "api"


def _login_path(blueprint: Blueprint, rendered: list[EndpointSpec]) -> str:
    for endpoint in sorted(rendered, key=lambda each: (each.path, each.method)):
        if endpoint.behaviour == "auth" and endpoint.action == "login":
            return unquote(endpoint.path)
    prefix = blueprint.project.prefix.strip("/")
    slash = "/" if blueprint.project.trailing_slash else ""
    return f"/{prefix}/auth/login{slash}" if prefix else f"/auth/login{slash}"


def _endpoint(endpoint: EndpointSpec, wires: dict[str, str]) -> dict[str, Any]:
    place = endpoint.evidence.places[0] if endpoint.evidence.places else None
    opened = endpoint.auth == "public" and endpoint.opened_by is not None
    open_auth = endpoint.behaviour == "auth" and endpoint.action in OPEN_AUTH
    return {
        "key": endpoint.key,
        "method": endpoint.method,
        "path": endpoint.path,
        "route": unquote(endpoint.path),
        "behaviour": endpoint.behaviour,
        "action": endpoint.action,
        "auth": endpoint.auth,
        "open": opened or open_auth,
        "media_type": endpoint.media_type,
        "request": _request(endpoint.request),
        "query": {
            each.name: {"type": each.type, "choices": each.choices} for each in endpoint.query
        },
        "keys": endpoint.response.keys[:100],
        "list_at": endpoint.response.list_at or "",
        "statuses": [status for status in endpoint.response.statuses if status < 400],
        "id_wire": wires.get(endpoint.entity or "", "id"),
        "file": place.file if place else None,
        "line": place.line if place else None,
    }


def _request(shape: Shape | None) -> dict[str, Any]:
    if shape is None or shape.type != "object":
        return {}
    return {
        name: {"type": value.shape.type, "choices": value.shape.choices}
        for name, value in list(shape.fields.items())[:100]
    }


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _verdict(*, result: cage.CageResult, told: list[dict[str, Any]], folder: Path) -> Verification:
    report = _report(folder)
    checks = _checks(result=result, told=told, report=report)
    log = result.stderr[-LOG_BYTES:].decode("utf-8", "replace")
    green = bool(checks) and all(row.state == "pass" for row in checks) and not result.limit
    return Verification(
        green=green,
        level=result.level,
        dropped_user=result.dropped_user,
        checks=checks,
        replay=[_replay_row(row) for row in report.get("replay", [])],
        isolation=[_replay_row(row) for row in report.get("isolation", [])],
        tests=[ProjectTest(**row) for row in report.get("tests", [])],
        limit=result.limit or next((row.limit for row in checks if row.limit), None),
        seconds=result.seconds,
        peak_bytes=result.peak_bytes,
        log=log,
    )


def _report(folder: Path) -> dict[str, Any]:
    path = folder / "report.json"
    if not path.is_file():
        return {}
    return _parsed(path.read_bytes())


def _replay_row(row: dict[str, Any]) -> ReplayRow:
    return ReplayRow(**{name: value for name, value in row.items() if name != "red"})


def _checks(
    *, result: cage.CageResult, told: list[dict[str, Any]], report: dict[str, Any]
) -> list[CheckRow]:
    """The rows that were told. Where the process ended early, the running check takes the blame."""
    finished = report.get("checks") or [
        line["row"] for line in told if line.get("event") == "finished"
    ]
    rows = {row["name"]: CheckRow(**row) for row in finished}
    started = [line.get("name") for line in told if line.get("event") == "started"]
    running = [name for name in started if name not in rows]
    if len(rows) < len(STEPS):
        limit = result.limit or "killed" if result.returncode < 0 else result.limit
        log = result.stderr[-2_000:].decode("utf-8", "replace")
        name = str(running[-1]) if running else next(step for step in STEPS if step not in rows)
        rows[name] = CheckRow(name=name, state="fail", limit=limit, log=log)
    return [rows.get(step, CheckRow(name=step)) for step in STEPS]
