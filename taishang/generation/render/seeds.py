"""Turn the rows of mocks into a fixture: keys and references mapped, values made to fit."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from taishang.generation.render.plan import Column, Link, Model, Plan
from taishang.generation.render.writing_accounts import sign_in_name, user_columns
from taishang.generation.render.writing_factories import must_fill, needs_row
from taishang.generation.render.writing_models import json_default

SPACE = uuid.UUID("6f1f3f0e-8c52-5b0a-9d5e-3b8a4c1d2e7f")
DEMO_NAME = "demo@example.com"
LONG_AGO = "2025-01-01T00:00:00Z"
DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")
MOST_INTEGER = 2**31 - 1
Keys = dict[str, dict[str, Any]]


def fixture(plan: Plan) -> bytes:
    """`fixtures/seed.json`: a demo user and the mock rows, which belong to that user."""
    keys = {model.class_name: _keys(plan, model) for model in plan.models}
    rows = [_demo(plan)]
    for model in _parents_first(plan):
        rows += _model_rows(plan, model, keys)
    return (json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode()


def seeded(plan: Plan, model: Model) -> list[dict[str, Any]]:
    """The mock rows of an entity, in the order in which they were read."""
    sets = [seed for seed in plan.blueprint.seeds if seed.entity == model.spec.name]
    return [row for seed in sets for row in seed.rows][:200]


def _demo(plan: Plan) -> dict[str, Any]:
    login = sign_in_name(plan)
    fields: dict[str, Any] = {"password": "!", "is_active": True, "date_joined": LONG_AGO}
    fields["email"] = DEMO_NAME
    fields[login] = DEMO_NAME if login == "email" else "demo"
    for column in user_columns(plan):
        if column.managed:
            fields[column.name] = LONG_AGO
    return {"model": "accounts.user", "pk": 1, "fields": fields}


def _parents_first(plan: Plan) -> list[Model]:
    """Loading checks references at the end, so that the order is for the reader alone."""
    done: list[Model] = []
    waiting = list(plan.models)
    for _ in range(len(waiting) + 1):
        names = {model.class_name for model in done}
        ready = [m for m in waiting if all(_is_met(m, link, names) for link in m.links)]
        done += ready
        waiting = [model for model in waiting if model not in ready]
    return done + waiting


def _is_met(model: Model, link: Link, names: set[str]) -> bool:
    return link.target in names or link.target in ("User", model.class_name) or link.null


def _keys(plan: Plan, model: Model) -> dict[str, Any]:
    """Text of a mock id → key in the database. Numbers stay numbers, UUIDs stay UUIDs."""
    found: dict[str, Any] = {}
    used: set[Any] = set()
    wire = model.spec.id_wire_name
    for number, row in enumerate(seeded(plan, model), 1):
        given = row.get(wire, row.get("id"))
        text = f"#{number}" if given is None or isinstance(given, dict | list) else str(given)
        if text in found:
            continue
        key = _key(model, text, number)
        while key in used:
            key = key + 1 if isinstance(key, int) else f"{key}-{number}"[-64:]
        used.add(key)
        found[text] = key
    return found


def _key(model: Model, text: str, number: int) -> Any:
    if model.spec.id_type == "bigint":
        fine = text.isascii() and text.isdigit() and 0 < int(text[:12]) <= MOST_INTEGER
        return int(text[:12]) if fine else 1_000_000 + number
    if model.spec.id_type == "text":
        fine = len(text) <= 64 and text.isprintable() and not text.startswith("#")
        return text if fine else uuid.uuid5(SPACE, f"{model.spec.name}/{text}").hex
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(SPACE, f"{model.spec.name}/{text}"))


def _model_rows(plan: Plan, model: Model, keys: Keys) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    done: set[str] = set()
    unique: dict[str, set[Any]] = {}
    wire = model.spec.id_wire_name
    for number, row in enumerate(seeded(plan, model), 1):
        given = row.get(wire, row.get("id"))
        text = f"#{number}" if given is None or isinstance(given, dict | list) else str(given)
        if text in done:
            continue
        done.add(text)
        fields = _fields(plan, model, row, keys)
        if fields is not None and not _clashes(model, fields, unique):
            label = f"{plan.app}.{model.class_name.lower()}"
            out.append({"model": label, "pk": keys[model.class_name][text], "fields": fields})
    return out


def _clashes(model: Model, fields: dict[str, Any], unique: dict[str, set[Any]]) -> bool:
    groups = [[column.name] for column in model.columns if column.unique]
    groups += [[link.name] for link in model.links if link.kind == "o2o"] + model.unique_sets
    marks = [
        (",".join(group), json.dumps([fields.get(name) for name in group], sort_keys=True))
        for group in groups
        if all(fields.get(name) is not None for name in group)
    ]
    if any(mark in unique.get(group, set()) for group, mark in marks):
        return True
    for group, mark in marks:
        unique.setdefault(group, set()).add(mark)
    return False


def _fields(plan: Plan, model: Model, row: dict[str, Any], keys: Keys) -> dict[str, Any] | None:
    """The stored values of one mock row, or None when it lacks what cannot be made up."""
    fields: dict[str, Any] = {}
    for link in model.links:
        value = _reference(link, row, keys)
        if link.name == model.owner:
            value = 1
        elif link.target == "User" and link.kind != "m2m":
            value = 1 if value is not None and value != [] else None
        if value is None and needs_row(model, link):
            options = sorted(keys.get(link.target, {}).values(), key=str)
            if not options:
                return None
            value = options[0]
        fields[link.name] = value
    for column in model.columns:
        fields[column.name] = _value(column, row.get(column.wire))
    return fields


def _reference(link: Link, row: dict[str, Any], keys: Keys) -> Any:
    given = row.get(link.wire)
    if given is None and link.nested:
        given = row.get(link.nested)
    if link.kind == "m2m":
        items = given if isinstance(given, list) else []
        found = [keys.get(link.target, {}).get(_id_text(item)) for item in items]
        return list(dict.fromkeys(key for key in found if key is not None))
    if given is None:
        return None
    if link.target == "User":
        return 1
    return keys.get(link.target, {}).get(_id_text(given))


def _id_text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("id", value.get("_id", ""))
    return str(value)


def _value(column: Column, value: Any) -> Any:
    if column.managed:
        return _moment(column, value) or (LONG_AGO if column.type == "datetime" else LONG_AGO[:10])
    fitted = _fitted(column, value)
    if fitted is not None:
        return fitted
    if column.null:
        return None
    if column.has_default:
        return column.default
    if column.type == "json":
        return [] if json_default(column) == "list" else {}
    return _made_up(column) if must_fill(column) else None


def _made_up(column: Column) -> Any:
    empty: dict[str, Any] = {
        "integer": 0, "big_integer": 0, "decimal": 0, "float": 0.0, "boolean": False,
        "date": LONG_AGO[:10], "time": "00:00:00", "datetime": LONG_AGO, "uuid": str(SPACE),
    }  # fmt: skip
    return column.choices[0] if column.type == "choice" else empty.get(column.type, "")


def _fitted(column: Column, value: Any) -> Any:
    """`value` when the column can hold it, else None."""
    kind = column.type
    if value is None or kind == "json":
        return value
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind in ("integer", "big_integer", "decimal", "float"):
        return _number(kind, value)
    if kind in ("date", "datetime", "time"):
        return _moment(column, value)
    if kind == "uuid":
        return (
            value if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F-]{36}", value) else None
        )
    if isinstance(value, dict | list):
        return None
    return _text(column, str(value))


def _text(column: Column, text: str) -> str | None:
    if column.type == "choice" and text not in column.choices:
        return None
    if column.type == "file" and len(text) > 100:
        return ""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return text[: column.max_length] if column.max_length else text


def _number(kind: str, value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(
            r"[^\d-]{0,3}(-?\d{1,12}(?:\.\d{1,6})?)[^\d]{0,3}", value.replace(",", "")
        )
        value = float(match.group(1)) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e9:
        return None
    if kind in ("integer", "big_integer"):
        return int(value)
    return round(value, 2) if kind == "decimal" else float(value)


def _moment(column: Column, value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if column.type == "time":
        return value if re.fullmatch(r"[0-2]?\d:\d\d(:\d\d)?", value) else None
    if not DATE.match(value) or not _is_day(value[:10]):
        return None
    if column.type == "date":
        return value[:10]
    match = re.match(r"^\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", value)
    if match is None:
        return f"{value[:10]}T00:00:00Z"
    return f"{value[:10]}T{match.group(1)}:{match.group(2)}:{match.group(3) or '00'}Z"


def _is_day(text: str) -> bool:
    year, month, day = (int(part) for part in text.split("-"))
    longest = 29 if month == 2 and year % 4 == 0 else 28 if month == 2 else 30
    longest = 31 if month in (1, 3, 5, 7, 8, 10, 12) else longest
    return year >= 1 and 1 <= month <= 12 and 1 <= day <= longest
