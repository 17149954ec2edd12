"""Compare a blueprint with the truth that somebody wrote down about an export.

The truth is JSON: `endpoints` [{method, path, auth}], `externals` [{method, host}], `entities` [{name,
fields {wire name: type class}, relations [{name, target}]}], and for exports without calls `store_methods` (a
list of names) and `mock_rows` (a number). Type classes are text, choice, integer, decimal, boolean, date,
datetime, address (e-mail and URL), file, json and relation.
"""

from __future__ import annotations

import re
from typing import Any

from taishang.generation.ir import Blueprint, EndpointSpec, EntitySpec

TYPE_CLASSES = {
    "text": "text",
    "long_text": "text",
    "slug": "text",
    "uuid": "text",
    "choice": "choice",
    "integer": "integer",
    "big_integer": "integer",
    "decimal": "decimal",
    "float": "decimal",
    "number": "decimal",
    "boolean": "boolean",
    "date": "date",
    "time": "text",
    "datetime": "datetime",
    "email": "address",
    "url": "address",
    "address": "address",
    "file": "file",
    "json": "json",
    "relation": "relation",
}
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", ""))


def score(*, blueprint: Blueprint, truth: dict[str, Any]) -> dict[str, Any]:
    """The measures by name; a measure that the truth says nothing about is None.

    Shapes: {measure: {found, expected, matched, recall, precision, missed, extra}} or a plain ratio.
    """
    pairs = _matched_entities(blueprint, truth.get("entities", []))
    return {
        "endpoints": _endpoints(blueprint, truth.get("endpoints")),
        "auth": _auth(blueprint, truth.get("endpoints")),
        "externals": _externals(blueprint, truth.get("externals")),
        "entities": _entities(blueprint, truth.get("entities"), pairs),
        "fields": _fields(pairs),
        "types": _types(pairs),
        "relations": _relations(pairs),
        "store_methods": _store_methods(blueprint, truth.get("store_methods")),
        "mock_rows": _mock_rows(blueprint, truth.get("mock_rows")),
    }


def path_key(path: str) -> str:
    """A path without host, query, fragment, outer slashes and parameter names."""
    plain = re.sub(r"^https?://[^/]*", "", path).split("?")[0].split("#")[0]
    parts = [part for part in plain.split("/") if part]
    return "/".join(
        "{}" if part.startswith((":", "{", "[", "<", "$")) or "{" in part else part
        for part in parts
    )


def name_key(name: str) -> str:
    """A name without case, separators and plural ending."""
    plain = re.sub(r"[^0-9a-z\u0080-\uffff]", "", name.lower())
    for ending, singular in _ENDINGS:
        if plain.endswith(ending) and len(plain) > len(ending) + 2 and not plain.endswith("ss"):
            return plain.removesuffix(ending) + singular
    return plain


def _measure(expected: set[str], found: set[str]) -> dict[str, Any]:
    matched = expected & found
    return {
        "expected": len(expected),
        "found": len(found),
        "matched": len(matched),
        "recall": _ratio(len(matched), len(expected)),
        "precision": _ratio(len(matched), len(found)),
        "missed": sorted(expected - found),
        "extra": sorted(found - expected),
    }


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def _endpoint_key(method: str, path: str) -> str:
    return f"{method.upper()} /{path_key(path)}"


def _endpoints(blueprint: Blueprint, truth: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    if truth is None:
        return None
    expected = {_endpoint_key(each["method"], each["path"]) for each in truth}
    return _measure(
        expected, {_endpoint_key(each.method, each.path) for each in blueprint.endpoints}
    )


def _auth(blueprint: Blueprint, truth: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    """Whether matched endpoints ask for a sign-in where the truth says so."""
    stated = {
        _endpoint_key(each["method"], each["path"]): each["auth"]
        for each in truth or []
        if "auth" in each
    }
    found = {_endpoint_key(each.method, each.path): each for each in blueprint.endpoints}
    both = sorted(set(stated) & set(found))
    if not both:
        return None
    wrong = [key for key in both if (stated[key] == "public") != _is_public(found[key])]
    return {
        "expected": len(both),
        "accuracy": _ratio(len(both) - len(wrong), len(both)),
        "wrong": wrong,
    }


def _is_public(endpoint: EndpointSpec) -> bool:
    return endpoint.auth == "public"


def _externals(blueprint: Blueprint, truth: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    """Which calls to foreign hosts are listed, and how many became endpoints in spite of it."""
    if truth is None:
        return None
    expected = {f"{each['method'].upper()} {each['host']}" for each in truth}
    measure = _measure(expected, {f"{each.method} {each.host}" for each in blueprint.externals})
    foreign = {path_key(each["path"]) for each in truth if "path" in each}
    turned = [
        each.key
        for each in blueprint.endpoints
        if path_key(each.path) in foreign and path_key(each.path)
    ]
    return {**measure, "turned_into_endpoints": sorted(turned)}


def _matched_entities(
    blueprint: Blueprint, truth: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], EntitySpec]]:
    by_key: dict[str, EntitySpec] = {}
    for entity in blueprint.entities:
        for name in (entity.name, entity.wire_name, entity.plural):
            by_key.setdefault(name_key(name), entity)
    pairs, used = [], set()
    for each in truth:
        names = [each["name"], *each.get("aliases", [])]
        found = next((by_key[key] for key in map(name_key, names) if key in by_key), None)
        if found is not None and found.name not in used:
            used.add(found.name)
            pairs.append((each, found))
    return pairs


def _entities(
    blueprint: Blueprint,
    truth: list[dict[str, Any]] | None,
    pairs: list[tuple[dict[str, Any], EntitySpec]],
) -> dict[str, Any] | None:
    if truth is None:
        return None
    matched = {entity.name: each["name"] for each, entity in pairs}
    found = {matched.get(entity.name, entity.name) for entity in blueprint.entities}
    return _measure({each["name"] for each in truth}, found)


def _wires(entity: EntitySpec) -> dict[str, str]:
    """Wire name → type class of every column and relation, the key aside."""
    columns = {name_key(field.wire_name): TYPE_CLASSES[field.type] for field in entity.fields}
    return columns | {name_key(relation.wire_name): "relation" for relation in entity.relations}


def _fields(pairs: list[tuple[dict[str, Any], EntitySpec]]) -> dict[str, Any]:
    expected, found = set(), set()
    for each, entity in pairs:
        stated = [name for name in each.get("fields", {}) if name not in ("id", "_id")]
        expected |= {f"{each['name']}.{name_key(name)}" for name in stated}
        own = set(_wires(entity)) - ({"owner"} - {name_key(name) for name in stated})
        found |= {f"{each['name']}.{name}" for name in own}
    return _measure(expected, found)


def _types(pairs: list[tuple[dict[str, Any], EntitySpec]]) -> dict[str, Any]:
    right, wrong = 0, []
    for each, entity in pairs:
        wires = _wires(entity)
        for name, kind in each.get("fields", {}).items():
            found = wires.get(name_key(name))
            if found is None:
                continue
            if found == TYPE_CLASSES.get(kind, kind):
                right += 1
            else:
                wrong.append(f"{each['name']}.{name}: {found} instead of {kind}")
    return {
        "expected": right + len(wrong),
        "accuracy": _ratio(right, right + len(wrong)),
        "wrong": sorted(wrong),
    }


def _relations(pairs: list[tuple[dict[str, Any], EntitySpec]]) -> dict[str, Any]:
    targets = {entity.name: each["name"] for each, entity in pairs}
    expected, found = set(), set()
    for each, entity in pairs:
        expected |= {
            f"{each['name']} → {name_key(relation['target'])}"
            for relation in each.get("relations", [])
        }
        found |= {
            f"{each['name']} → {name_key(targets.get(relation.target, relation.target))}"
            for relation in entity.relations
        }
    return _measure(expected, found)


def _store_methods(blueprint: Blueprint, truth: list[str] | None) -> dict[str, Any] | None:
    """Which methods of stores and contexts have an endpoint."""
    if truth is None:
        return None
    excerpts = " ".join(
        place.excerpt for endpoint in blueprint.endpoints for place in endpoint.evidence.places
    )
    names = {endpoint.client_name for endpoint in blueprint.endpoints}
    mapped = {
        name for name in truth if name in names or re.search(rf"\b{re.escape(name)}\b", excerpts)
    }
    return _measure(set(truth), mapped)


def _mock_rows(blueprint: Blueprint, truth: int | None) -> dict[str, Any] | None:
    if truth is None:
        return None
    seeded = sum(len(seed.rows) for seed in blueprint.seeds)
    return {"expected": truth, "found": seeded, "recall": _ratio(min(seeded, truth), truth)}
