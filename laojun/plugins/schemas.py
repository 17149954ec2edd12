"""The settings a plugin declares: a subset of JSON Schema 2020-12 that a form can always show.

Scalars, lists of scalars, and objects of those nested once; titles in each language; patterns on an engine
whose time grows with the text only. There are no references, so nothing is fetched and nothing recurs.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

MAX_PROPERTIES = 200
MAX_DEPTH = 2
MAX_TEXT = 2000
MAX_VALUE = 8000
MAX_CHOICES = 200
PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
SECRET = "secret"
STANDARD_FORMATS = frozenset({"email", "date", "date-time"})
OWN_FORMATS = {
    "color": "^#[0-9a-fA-F]{6}$",
    "uri": "^https?://[^\\s/?#@]+([/?#][^\\s]*)?$",
}
FORMATS = STANDARD_FORMATS | OWN_FORMATS.keys() | {"textarea", SECRET}
LANGUAGES = frozenset({"zh", "en"})
ANNOTATIONS = frozenset({"title", "description", "default"})
BOUNDS = frozenset({"minimum", "maximum"})
KEYWORDS: dict[str, frozenset[str]] = {
    "string": frozenset({"enum", "minLength", "maxLength", "pattern", "format"}),
    "integer": BOUNDS | {"enum"},
    "number": BOUNDS | {"enum"},
    "boolean": frozenset(),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"properties", "required", "additionalProperties"}),
}
SCALARS = frozenset({"string", "integer", "number", "boolean"})
LINEAR = jsonschema_rs.RegexOptions(size_limit=1_000_000)


class SchemaRefused(ValueError):
    """The schema leaves the subset. `path` is where, `rule` what it breaks."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"{path}: {rule}")
        self.path = path
        self.rule = rule


@dataclass(frozen=True)
class Field:
    """One setting: its dotted path, its schema, and whether it must be given."""

    path: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def kind(self) -> str:
        return str(self.schema["type"])

    @property
    def format(self) -> str:
        return str(self.schema.get("format", ""))

    @property
    def is_secret(self) -> bool:
        return self.format == SECRET

    @property
    def has_default(self) -> bool:
        return "default" in self.schema

    def text(self, name: str, language: str) -> str:
        """Title or description in a language, else in the other one."""
        texts = self.schema.get(name) or {}
        wanted = "zh" if language.startswith("zh") else "en"
        return str(texts.get(wanted) or texts.get("en") or texts.get("zh") or "")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a configuration, and where."""

    path: str
    code: str
    message: str


def check(schema: Any) -> None:
    """Raises SchemaRefused unless the schema is one that a form can show."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise SchemaRefused("", "settings are an object")
    _check_object(schema, "", 1)
    count = sum(1 for _field in _walk(schema, ""))
    if count > MAX_PROPERTIES:
        raise SchemaRefused("", f"more than {MAX_PROPERTIES} settings")
    try:
        validator = _validator(schema)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise SchemaRefused("", "not a schema: a pattern or a bound is wrong") from error
    for field in fields(schema):
        if field.has_default:
            wrong = list(validator.iter_errors(_nested(field.path, field.schema["default"])))
            if any(_path(fault) == field.path for fault in wrong):
                raise SchemaRefused(field.path, "the default does not fit")


def fields(schema: Mapping[str, Any]) -> list[Field]:
    """Every setting but the objects that hold others, in the order of the schema."""
    return [field for field in _walk(schema, "") if field.kind != "object"]


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of somebody who sets nothing."""
    found: dict[str, Any] = {}
    for field in fields(schema):
        if field.has_default:
            put(found, field.path, field.schema["default"])
    return found


def faults(
    schema: Mapping[str, Any], config: Mapping[str, Any], *, secrets_set: frozenset[str]
) -> list[Fault]:
    """What is wrong with a configuration that holds no secret; those are known by their path alone."""
    missing = [
        Fault(field.path, "required", "a required secret")
        for field in fields(schema)
        if field.is_secret and field.required and field.path not in secrets_set
    ]
    whole = merged(_skeleton(schema), config)
    wrong = _validator(schema).iter_errors(whole)
    return missing + [Fault(_path(one), _code(one), str(one.message)[:300]) for one in wrong]


def merged(*configs: Mapping[str, Any]) -> dict[str, Any]:
    """Later ones win, setting by setting."""
    result: dict[str, Any] = {}
    for config in configs:
        for key, value in config.items():
            inner = result.get(key)
            both = isinstance(value, Mapping) and isinstance(inner, Mapping)
            result[key] = merged(inner, value) if both else value  # type: ignore[arg-type]
    return result


def get(config: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or None."""
    value: Any = config
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def put(config: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        config = config.setdefault(part, {})
    config[last] = value


def remove(config: dict[str, Any], path: str) -> Any:
    """Take a value out, with the objects that are empty then; what it was, or None."""
    first, _dot, rest = path.partition(".")
    if not rest:
        return config.pop(first, None)
    inner = config.get(first)
    if not isinstance(inner, dict):
        return None
    taken = remove(inner, rest)
    if not inner:
        del config[first]
    return taken


def _check_object(schema: dict[str, Any], path: str, depth: int) -> None:
    _check_keywords(schema, path)
    if depth > MAX_DEPTH:
        raise SchemaRefused(path, f"objects nested deeper than {MAX_DEPTH}")
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    if schema.get("additionalProperties", False) is not False:
        raise SchemaRefused(path, "additionalProperties is false")
    if not isinstance(properties, dict) or len(properties) > MAX_PROPERTIES:
        raise SchemaRefused(path, f"at most {MAX_PROPERTIES} properties")
    if not isinstance(required, list) or not set(map(str, required)) <= set(properties):
        raise SchemaRefused(path, "required names its own properties")
    for name, inner in properties.items():
        where = f"{path}.{name}" if path else name
        if not PROPERTY.match(name):
            raise SchemaRefused(where, "names are lower case, digits and _")
        if not isinstance(inner, dict):
            raise SchemaRefused(where, "a setting is a schema")
        _check_property(inner, where, depth)


def _check_property(schema: dict[str, Any], path: str, depth: int) -> None:
    kind = schema.get("type")
    if kind == "object":
        _check_object(schema, path, depth + 1)
        return
    _check_keywords(schema, path)
    if kind == "array":
        items = schema.get("items")
        if not isinstance(items, dict) or items.get("type") not in SCALARS:
            raise SchemaRefused(path, "lists hold texts, numbers, yes or no")
        _check_keywords(items, f"{path}[]")
        if items.get("format") == SECRET:
            raise SchemaRefused(path, "a secret is a setting of its own")
    if schema.get("format") == SECRET and ({"default", "enum"} & schema.keys()):
        raise SchemaRefused(path, "a secret has no default and no choices")


def _check_keywords(schema: dict[str, Any], path: str) -> None:
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in KEYWORDS:
        raise SchemaRefused(path, "the type is not one of " + ", ".join(KEYWORDS))
    unknown = schema.keys() - KEYWORDS[kind] - ANNOTATIONS - {"type"}
    if unknown:
        raise SchemaRefused(path, f"{min(unknown)[:40]} is not allowed here")
    if schema.get("format", "textarea") not in FORMATS:
        raise SchemaRefused(path, "the format is not one of " + ", ".join(sorted(FORMATS)))
    for name in ("title", "description"):
        _check_texts(schema.get(name, {}), f"{path}.{name}")
    choices = schema.get("enum", [None])
    if not isinstance(choices, list) or not 0 < len(choices) <= MAX_CHOICES:
        raise SchemaRefused(path, f"at most {MAX_CHOICES} choices")


def _check_texts(texts: Any, path: str) -> None:
    if not isinstance(texts, dict) or not texts.keys() <= LANGUAGES:
        raise SchemaRefused(path, "texts stand under zh and en")
    if not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in texts.values()):
        raise SchemaRefused(path, f"a text has at most {MAX_TEXT} characters")


def _walk(schema: Mapping[str, Any], prefix: str) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        yield Field(path, inner, name in required)
        if inner.get("type") == "object":
            yield from _walk(inner, path)


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        _plain(schema), validate_formats=True, pattern_options=LINEAR, offline=True
    )


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without words and secrets, with formats of our own as patterns; objects are always there."""
    plain = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    if plain["type"] == "object":
        kept = {
            name: inner
            for name, inner in plain.get("properties", {}).items()
            if inner.get("format") != SECRET
        }
        scalar = [name for name in plain.get("required", []) if _holds_a_value(kept.get(name))]
        plain |= {"properties": {name: _plain(inner) for name, inner in kept.items()}}
        plain |= {"required": scalar, "additionalProperties": False}
    if "items" in plain:
        plain["items"] = _plain(plain["items"])
    form = plain.pop("format", None)
    if form in STANDARD_FORMATS:
        plain["format"] = form
    if form in OWN_FORMATS:
        plain["allOf"] = [{"pattern": OWN_FORMATS[form]}]
    if plain["type"] == "string":
        plain.setdefault("maxLength", MAX_VALUE)
    return plain


def _holds_a_value(schema: Mapping[str, Any] | None) -> bool:
    return schema is not None and schema["type"] != "object"


def _skeleton(schema: Mapping[str, Any]) -> dict[str, Any]:
    inner = schema.get("properties", {})
    return {name: _skeleton(one) for name, one in inner.items() if one["type"] == "object"}


def _nested(path: str, value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    put(found, path, value)
    return found


def _path(fault: Any) -> str:
    """Where a fault lies; of a missing or unknown property, that property itself."""
    parts = [str(part) for part in fault.instance_path if not isinstance(part, int)]
    extra = getattr(fault.kind, "property", None)
    if extra is None and getattr(fault.kind, "unexpected", None):
        extra = fault.kind.unexpected[0]
    if extra is not None:
        parts.append(str(extra).strip('"'))
    return ".".join(parts)[:200]


def _code(fault: Any) -> str:
    name = str(fault.kind.name)
    return {"required": "required", "additionalProperties": "unknown_field"}.get(name, "invalid")
