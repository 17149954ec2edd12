"""What a package says of itself: a closed list of fields in canonical JSON.

Canonical bytes are required, not made: one rule refuses duplicate keys, other spellings of numbers and escapes,
a byte order mark and trailing bytes. Source: RFC 8785.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import orjson
import rfc8785

from laojun.models.plugin import SLUG_PATTERN
from laojun.plugins import schemas, versions, vocabulary
from laojun.plugins.hooks import hooks
from laojun.plugins.schemas import SchemaRefused
from laojun.plugins.versions import InvalidVersion

FORMAT = "laojun-plugin/1"
MAX_BYTES = 256 * 1024
BUILTIN, HTTP, WASM = "builtin", "http", "wasm"
MAX_ERRORS = 50
# What every service elsewhere has among its settings: its address, and the secret that signs what it gets.
ENDPOINT, SIGNING_SECRET = "endpoint", "signing_secret"
TEXTS = {
    "type": "object",
    "properties": {
        "zh": {"type": "string", "minLength": 1, "maxLength": 4000},
        "en": {"type": "string", "minLength": 1, "maxLength": 4000},
    },
    "required": ["zh", "en"],
    "additionalProperties": False,
}
NAME_TEXT = {"type": "string", "minLength": 1, "maxLength": 100}
NAME = {**TEXTS, "properties": {"zh": NAME_TEXT, "en": NAME_TEXT}}
SHAPE = {
    "type": "object",
    "properties": {
        "schema": {"const": FORMAT},
        "slug": {"type": "string", "pattern": SLUG_PATTERN},
        "name": NAME,
        "description": TEXTS,
        "version": {"type": "string"},
        "kind": {"enum": [BUILTIN, HTTP, WASM]},
        "publisher": {"type": "string", "minLength": 1, "maxLength": 100},
        "license": {"type": "string", "maxLength": 100},
        "homepage": {"type": "string", "maxLength": 500, "pattern": "^(https?://[^\\s]+)?$"},
        "hooks": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {
                "type": "object",
                "properties": {
                    "hook": {"type": "string", "maxLength": 60},
                    "hook_version": {"type": "integer", "minimum": 1, "maximum": 1000},
                },
                "required": ["hook", "hook_version"],
                "additionalProperties": False,
            },
        },
        "permissions": {
            "type": "array",
            "maxItems": 50,
            "uniqueItems": True,
            "items": {"type": "string", "maxLength": 260},
        },
        "compatibility": {
            "type": "object",
            "properties": {"platform": {"type": "string", "maxLength": 200}},
            "required": ["platform"],
            "additionalProperties": False,
        },
        "dependencies": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "properties": {
                    "slug": {"type": "string", "pattern": SLUG_PATTERN},
                    "range": {"type": "string", "maxLength": 200},
                    "optional": {"type": "boolean"},
                },
                "required": ["slug", "range"],
                "additionalProperties": False,
            },
        },
        "config_schema": {"type": "object"},
        "runtime": {
            "type": "object",
            "properties": {
                "memory_mb": {"type": "integer", "minimum": 1, "maximum": 512},
                "timeout_ms": {"type": "integer", "minimum": 1, "maximum": 60_000},
                "fuel": {"type": "integer", "minimum": 1, "maximum": 10_000_000_000},
            },
            "additionalProperties": False,
        },
        "files": {
            "type": "object",
            "maxProperties": 500,
            "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
        "default_on": {"type": "boolean"},
    },
    "required": ["schema", "slug", "name", "description", "version", "kind", "publisher", "hooks", "permissions",
                 "compatibility", "files"],
    "additionalProperties": False,
}  # fmt: skip
EMPTY_SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}
_shape = jsonschema_rs.Draft202012Validator(SHAPE, offline=True)


class ManifestNotCanonical(Exception):
    """The bytes are not the canonical form of what they say."""

    code = "manifest_not_canonical"


class ManifestInvalid(Exception):
    """What the manifest says cannot be. Shapes: `faults` `[(path, rule)]`."""

    code = "manifest_invalid"

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {rule}" for path, rule in faults[:5]))
        self.faults = faults[:MAX_ERRORS]
        self.members = {"faults": [{"path": path, "rule": rule} for path, rule in self.faults]}


@dataclass(frozen=True)
class Dependency:
    slug: str
    range: str
    optional: bool = False


@dataclass(frozen=True)
class Manifest:
    """A checked manifest. `data` is the document, for reading."""

    data: Mapping[str, Any]

    @property
    def slug(self) -> str:
        return str(self.data["slug"])

    @property
    def version(self) -> str:
        return str(self.data["version"])

    @property
    def kind(self) -> str:
        return str(self.data["kind"])

    @property
    def publisher(self) -> str:
        return str(self.data["publisher"])

    @property
    def hooks(self) -> dict[str, int]:
        """Hook → the version of it that the plugin was written for."""
        return {entry["hook"]: entry["hook_version"] for entry in self.data["hooks"]}

    @property
    def permissions(self) -> list[str]:
        return list(self.data["permissions"])

    @property
    def platform_range(self) -> str:
        return str(self.data["compatibility"]["platform"])

    @property
    def dependencies(self) -> list[Dependency]:
        return [Dependency(**entry) for entry in self.data.get("dependencies", [])]

    @property
    def config_schema(self) -> Mapping[str, Any]:
        return self.data.get("config_schema", EMPTY_SCHEMA)

    @property
    def files(self) -> Mapping[str, str]:
        """Path → SHA-256 of every file of the payload."""
        return self.data["files"]

    @property
    def default_on(self) -> bool:
        return bool(self.data.get("default_on", False))

    def text(self, name: str, language: str) -> str:
        texts = self.data[name]
        return str(texts["zh" if language.startswith("zh") else "en"])


def canonical(value: Any) -> bytes:
    """Canonical JSON. Raises ManifestNotCanonical for what JSON cannot say exactly."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, ValueError) as error:
        raise ManifestNotCanonical(str(error)) from error


def parse(data: bytes) -> Manifest:
    """The manifest behind these bytes. Raises ManifestNotCanonical, ManifestInvalid, InvalidVersion."""
    if len(data) > MAX_BYTES:
        raise ManifestInvalid([("", f"larger than {MAX_BYTES} bytes")])
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ManifestNotCanonical("not JSON") from error
    if canonical(document) != bytes(data):
        raise ManifestNotCanonical("another form of the same document")
    return checked(document)


def checked(document: Any) -> Manifest:
    """A document as a manifest. Raises ManifestInvalid, InvalidVersion."""
    wrong = [
        (".".join(map(str, fault.instance_path)), str(fault.message)[:300])
        for fault in _shape.iter_errors(document)
    ]
    if wrong:
        raise ManifestInvalid(wrong)
    manifest = Manifest(document)
    versions.parse(manifest.version)
    wrong = [*_texts(document, ""), *_hooks(manifest), *_permissions(manifest), *_rest(manifest)]
    if wrong:
        raise ManifestInvalid(wrong)
    return manifest


def _texts(value: Any, path: str) -> list[tuple[str, str]]:
    """Nothing that cannot be stored or that deceives the eye."""
    if isinstance(value, Mapping):
        return [
            fault
            for key, inner in value.items()
            for fault in _texts(key, path) + _texts(inner, f"{path}.{key}" if path else key)
        ]
    if isinstance(value, list):
        return [fault for inner in value for fault in _texts(inner, path)]
    if isinstance(value, str) and any(_deceives(character) for character in value):
        return [(path, "control or direction characters")]
    return []


def _deceives(character: str) -> bool:
    if character in "\n\t":
        return False
    return unicodedata.category(character) == "Cc" or character in BIDI


BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def _hooks(manifest: Manifest) -> list[tuple[str, str]]:
    names = [entry["hook"] for entry in manifest.data["hooks"]]
    wrong = [("hooks", f"no hook is called {name}") for name in names if name not in hooks]
    if len(set(names)) != len(names):
        wrong.append(("hooks", "a hook stands twice"))
    return wrong


def _permissions(manifest: Manifest) -> list[tuple[str, str]]:
    """A plugin asks only for what one of its hooks can give, and for hosts."""
    given = {key for name in manifest.hooks if name in hooks for key in hooks[name].permissions}
    return [
        ("permissions", f"{key} is not a permission of these hooks")
        for key in manifest.permissions
        if vocabulary.known(key) is None or not (key.startswith(vocabulary.NET) or key in given)
    ]


def _rest(manifest: Manifest) -> list[tuple[str, str]]:
    wrong = []
    ranges = [("compatibility.platform", manifest.platform_range)]
    ranges += [(f"dependencies.{one.slug}", one.range) for one in manifest.dependencies]
    for path, text in ranges:
        try:
            versions.check_range(text)
        except InvalidVersion:
            wrong.append((path, "not a range of versions such as >=1.0.0,<2.0.0"))
    slugs = [one.slug for one in manifest.dependencies]
    if len({*slugs, manifest.slug}) != len(slugs) + 1:
        wrong.append(("dependencies", "a plugin stands twice, or needs itself"))
    if manifest.default_on and manifest.kind != BUILTIN:
        wrong.append(("default_on", "for plugins of the platform only"))
    try:
        schemas.check(dict(manifest.config_schema))
    except SchemaRefused as error:
        wrong.append((f"config_schema.{error.path}".rstrip("."), error.rule))
        return wrong
    return wrong + (_service(manifest) if manifest.kind == HTTP else [])


def _service(manifest: Manifest) -> list[tuple[str, str]]:
    """A service elsewhere is told where it listens and with what it is signed, and names the hosts it may be on."""
    formats = {field.path: field.format for field in schemas.fields(manifest.config_schema)}
    wrong = [
        ("config_schema", f"a service has the setting {path} of format {form}")
        for path, form in ((ENDPOINT, "uri"), (SIGNING_SECRET, schemas.SECRET))
        if formats.get(path) != form
    ]
    if not any(key.startswith(vocabulary.NET) for key in manifest.permissions):
        wrong.append(("permissions", "a service names its host as net:<host>"))
    return wrong
