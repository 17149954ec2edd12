"""The values that travel between the stages of a generation job.

A stage takes these and returns these. Facts say what was read in the export and where; the `Blueprint`
(schema `gen.ir/1`) says which back end follows from them. Everything here is plain data: no Django, no I/O,
no clock, so that the same input gives the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA: Final = "gen.ir/1"
EXCERPT_CHARACTERS = 200
RENDER_THRESHOLD = 0.5
MAX_ENTITIES = 200
MAX_FIELDS = 100
MAX_ENDPOINTS = 1_000
MAX_SEED_ROWS = 200
MAX_DECISIONS = 50
MAX_WARNINGS = 500

FactKind = Literal[
    "call",
    "wrapper",
    "route",
    "supabase",
    "schema",
    "form",
    "mock",
    "store",
    "auth",
    "chat",
    "retool",
    "other",
]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
TypeName = Literal[
    "text",
    "long_text",
    "choice",
    "integer",
    "big_integer",
    "decimal",
    "float",
    "boolean",
    "date",
    "time",
    "datetime",
    "email",
    "url",
    "uuid",
    "slug",
    "file",
    "json",
    "relation",
]
Confidence = Annotated[float, Field(ge=0.0, le=1.0)]


class Value(BaseModel):
    """Base of every value here: closed, so that a misspelt key is an error and not a silent loss."""

    model_config = ConfigDict(extra="forbid")


# --- what was read ---------------------------------------------------------------------------------


class Place(Value):
    """A line of the export. `excerpt` is that line's own text, redacted, at most 200 characters."""

    file: str
    line: int
    end_line: int
    kind: FactKind
    excerpt: str


class Warning(Value):
    """Something a person should know. `code` is stable; `detail` never contains a secret's value."""

    code: str
    detail: str
    file: str | None = None
    line: int | None = None


class SourceFile(Value):
    """One kept file of the export, decoded, redacted, with `\\n` line ends.

    `text` is None for a file that is listed but not parsed (binary, minified, too large).
    """

    path: str
    size: int
    sha256: str
    text: str | None = None
    server_side: bool = False


class Export(Value):
    """What intake hands on. `files` is sorted by path; wrapper folders are already stripped."""

    files: list[SourceFile]
    ignored: dict[str, int] = {}
    environment: dict[str, str | None] = {}
    secrets: list[SecretFound] = []
    warnings: list[Warning] = []


class SecretFound(Value):
    kind: str
    file: str
    line: int
    high: bool = False


class ChatMessage(Value):
    """One turn of the chat log. `line` is its line in the uploaded text, for evidence."""

    role: Literal["user", "assistant", "system"]
    text: str
    line: int = 1


class Chat(Value):
    format: str
    file: str
    messages: list[ChatMessage] = []
    warnings: list[Warning] = []


class Inventory(Value):
    """Where the export comes from and how its modules find each other.

    `aliases` maps an import prefix to folders ("@/": ["src/"]); `base_variables` maps an environment
    variable to its literal value or None; `proxies` maps a front-end path prefix to its target;
    `packages` are the declared dependencies of every package file.
    """

    source: Literal["bolt", "v0", "lovable", "retool", "unknown"]
    source_score: int = 0
    markers: list[Place] = []
    framework: str = "unknown"
    languages: dict[str, LanguageCount] = {}
    root: str = ""
    aliases: dict[str, list[str]] = {}
    base_variables: dict[str, str | None] = {}
    proxies: dict[str, str] = {}
    server_files: list[str] = []
    packages: list[str] = []
    decisions: list[Decision] = []
    warnings: list[Warning] = []


class LanguageCount(Value):
    files: int
    lines: int


class Shape(Value):
    """A wire type: of a request body, a reply, an interface, a mock row.

    `type` "object" uses `fields`, "array" uses `items`, "reference" uses `name` (a schema fact's name),
    "choice" uses `choices`, "unknown" means that nothing could be read.
    """

    type: TypeName | Literal["object", "array", "reference", "unknown", "null"] = "unknown"
    name: str | None = None
    fields: dict[str, ShapeField] = {}
    items: Shape | None = None
    choices: list[str] = []
    max_length: int | None = None
    sample: Any = None


class ShapeField(Value):
    shape: Shape = Field(default_factory=Shape)
    optional: bool = False
    null: bool = False
    default: Any = None
    file: str | None = None
    line: int | None = None
    excerpt: str | None = None


class PathParameter(Value):
    """A hole in a path. `expression` is the source text it was filled with (`post.id`)."""

    name: str
    expression: str = ""
    type: TypeName = "text"


class QueryParameter(Value):
    name: str
    type: TypeName = "text"
    choices: list[str] = []


class Reads(Value):
    """What the front end takes out of a reply.

    `keys` are dotted paths (`user.name`, `items[].id`), as read from the body's root; `list_at` is where
    the list stands ("" = the bare body, "results", "data", …) or None when no list is read; `error_keys`
    are read when the reply is not 2xx; `statuses` are status codes that the code tests for.
    """

    keys: list[str] = []
    list_at: str | None = None
    envelope: str | None = None
    type_name: str | None = None
    error_keys: list[str] = []
    statuses: list[int] = []


class CallValue(Value):
    """One call site (or route handler), fully resolved. `path` has `{name}` holes, no host, no query.

    `url_base` is the variable or literal the base came from; `external_host` is set for calls that leave to
    a public host, which are listed and never generated; `via` is the front-end path of a proxy.
    """

    method: Method
    path: str
    parameters: list[PathParameter] = []
    query: list[QueryParameter] = []
    body: Shape | None = None
    media_type: Literal["json", "multipart", "urlencoded", "none"] = "none"
    reads: Reads = Reads()
    client: str = "fetch"
    function: str | None = None
    url_base: str | None = None
    external_host: str | None = None
    via: str | None = None
    called: bool = True
    sends_token: bool = False
    sends_cookies: bool = False
    before_sign_in: bool = False


class SupabaseValue(Value):
    """One chain on the Supabase client: `area` says which API, `operation` the verb."""

    area: Literal["table", "auth", "storage", "rpc", "function", "channel"]
    target: str
    operation: str
    columns: list[str] = []
    embedded: dict[str, str] = {}
    filters: list[str] = []
    body: Shape | None = None
    single: bool = False
    order: list[str] = []
    reads: Reads = Reads()
    function: str | None = None


class SchemaValue(Value):
    """A declared type or table. `origin` tells how far it can be trusted."""

    name: str
    origin: Literal[
        "interface", "type", "enum", "zod", "yup", "sql", "database_types", "prisma", "other"
    ]
    shape: Shape
    primary_key: list[str] = []
    unique: list[list[str]] = []
    references: dict[str, str] = {}


class FormValue(Value):
    """A form: what it is about (`subject`, when a name tells), its inputs, and the function it submits to."""

    subject: str | None = None
    submit: str | None = None
    shape: Shape


class MockValue(Value):
    """Rows of literals used as data. `type_name` is the annotation, when there is one."""

    name: str
    type_name: str | None = None
    rows: list[dict[str, Any]] = []


class StoreValue(Value):
    """A method (or state) of a context, store or hook that keeps entities on the client.

    `verb` is the first word of the name, `subject` the rest; `parameters` maps parameter to shape.
    """

    store: str
    method: str
    verb: str
    subject: str
    parameters: dict[str, Shape] = {}
    returns: Shape | None = None
    simulated: bool = False


class AuthValue(Value):
    """A trace of how the front end signs in. `what` says which trace, `detail` what was found."""

    what: Literal[
        "header",
        "token_storage",
        "cookies",
        "guard",
        "role",
        "login",
        "register",
        "refresh",
        "logout",
        "me",
        "reset",
        "third_party",
    ]
    detail: str = ""
    scheme: Literal["bearer", "cookie", "token", "unknown"] = "unknown"
    roles: list[str] = []


class ChatValue(Value):
    """A statement of the chat log: fields of a thing, a relation, a rule."""

    statement: Literal["fields", "relation", "choices", "required", "unique", "role", "ownership"]
    subject: str
    fields: dict[str, Shape] = {}
    target: str | None = None
    choices: list[str] = []
    roles: list[str] = []
    by: Literal["user", "assistant"] = "user"


class OtherValue(Value):
    """Something that is no plain HTTP call and is listed with its reason instead of being dropped."""

    what: Literal[
        "graphql",
        "trpc",
        "websocket",
        "eventsource",
        "firebase",
        "server_action",
        "unresolved_call",
    ]
    name: str
    why: str


FactValue = (
    CallValue
    | SupabaseValue
    | SchemaValue
    | FormValue
    | MockValue
    | StoreValue
    | AuthValue
    | ChatValue
    | OtherValue
)


class Fact(Value):
    """One thing read at one place."""

    place: Place
    value: FactValue
    confidence: Confidence

    @property
    def kind(self) -> FactKind:
        return self.place.kind


class Proposal(Value):
    """Edits that a plugin or a model proposed over the same files. Both are judged alike.

    Of a model also what asking it cost, None where that is unknown, in the currency of the platform.
    """

    plugin: str = ""
    model: str = ""
    cost: str | None = None
    currency: str = ""
    edits: list[Any] = []


class Reading(Value):
    """What the first three stages found out; a corrected run starts from it."""

    inventory: Inventory
    facts: list[Fact]
    chat: Chat | None = None
    ignored: dict[str, int] = {}
    kept_files: int = 0
    warnings: list[Warning] = []
    proposals: list[Proposal] = []


# --- what follows from it --------------------------------------------------------------------------


class Evidence(Value):
    """Why an item exists: the places, or the name of a fixed rule for what no line states."""

    places: list[Place] = []
    rule: str | None = None


class Item(Value):
    """One entity, field, relation, endpoint, seed set or decision, with a key that survives re-runs."""

    key: str
    confidence: Confidence = 1.0
    evidence: Evidence = Evidence()


class FieldSpec(Item):
    """A column. `name` is the Python name, `wire_name` exactly what the front end says.

    `former_names` are the Python names it had before somebody renamed it.
    """

    name: str
    former_names: list[str] = []
    wire_name: str
    type: TypeName
    null: bool = False
    required: bool = True
    default: Any = None
    choices: list[str] = []
    max_length: int | None = None
    unique: bool = False
    write_only: bool = False
    read_only: bool = False


class RelationSpec(Item):
    """A reference to `target` (an entity's name, or "User"). `wire_name` is the key that carries the id."""

    name: str
    wire_name: str
    kind: Literal["fk", "o2o", "m2m"]
    target: str
    null: bool = False
    on_delete: Literal["cascade", "set_null", "protect"] = "cascade"
    related_name: str = ""
    embedded: bool = False
    read_only: bool = False


class EntitySpec(Item):
    """A model. `owner_field` names the relation to the user that decides who sees a row.

    `id_type` is how the key is stored, `id_as_string` whether the wire shows it as a string,
    `id_wire_name` under which key (`id`, `_id`, `uuid`); `former_names` what it was called before somebody
    renamed it.
    """

    name: str
    former_names: list[str] = []
    plural: str
    wire_name: str
    audience: Literal["owner", "shared", "catalogue"] = "owner"
    owner_field: str | None = None
    id_type: Literal["bigint", "uuid", "text"] = "bigint"
    id_as_string: bool = False
    id_wire_name: str = "id"
    fields: list[FieldSpec] = []
    relations: list[RelationSpec] = []
    unique_sets: list[list[str]] = []
    ordering: list[str] = []

    @property
    def members(self) -> list[FieldSpec | RelationSpec]:
        """Columns and relations together."""
        return [*self.fields, *self.relations]


class EndpointSpec(Item):
    """One method of one path. `path` keeps the front end's spelling, prefix and slash included.

    `action` says what it does with `entity`: list, retrieve, create, update, replace, delete, or for
    `behaviour` auth one of register, login, refresh, logout, me, update_me, reset, reset_confirm, verify,
    change_password, third_party; toggle: the verb; recorded: the function's name in `actions.py`.
    `reply` is the declared type of the answer, references resolved, where one was found.
    """

    method: Method
    path: str
    parameters: list[PathParameter] = []
    query: list[QueryParameter] = []
    entity: str | None = None
    action: str
    parent: str | None = None
    request: Shape | None = None
    media_type: Literal["json", "multipart", "urlencoded", "none"] = "none"
    response: Reads = Reads()
    reply: Shape | None = None
    success_status: int = 200
    auth: Literal["public", "user", "staff"] = "user"
    opened_by: str | None = None
    called: bool = True
    behaviour: Literal["crud", "auth", "toggle", "recorded"] = "crud"
    via: str | None = None
    origin: Literal["call", "route", "supabase", "store"] = "call"
    client_name: str | None = None


class SeedSet(Item):
    """Rows for one entity, by wire name. Ids are as in the mock; references are mapped when rendered."""

    entity: str
    rows: list[dict[str, Any]] = []


class AuthSpec(Value):
    """How the front end signs in. The names are the keys its code reads and sends."""

    scheme: Literal["bearer", "cookie"] = "bearer"
    header_prefix: str = "Bearer"
    login_field: str = "email"
    password_field: str = "password"
    access_key: str = "access"
    refresh_key: str | None = "refresh"
    user_key: str | None = "user"
    envelope: str | None = None
    user_fields: list[FieldSpec] = []
    roles: list[str] = []
    role_field: str | None = None


class ProjectSpec(Value):
    """Conventions of the whole wire: read from the calls, never chosen by taste."""

    name: str = "backend"
    app_label: str = "api"
    prefix: str = "/api"
    trailing_slash: bool = True
    casing: Literal["snake", "camel", "mixed"] = "snake"
    list_shape: Literal["bare", "results", "data", "items", "custom"] = "bare"
    list_key: str | None = None
    envelope: str | None = None
    error_key: str = "detail"
    field_errors: bool = True
    framework: str = "unknown"
    dev_origins: list[str] = []


class External(Value):
    """A call to somebody else's server: listed for the person, never generated."""

    key: str
    method: str
    host: str
    path: str
    evidence: Evidence = Evidence()


class Decision(Value):
    """A question that the export leaves open, with the answer taken and what else could be chosen."""

    key: str
    question: str
    chosen: str
    alternatives: list[str]
    evidence: Evidence = Evidence()


class Unresolved(Value):
    """Something seen and not generated, with the reason."""

    key: str
    what: str
    why: str
    evidence: Evidence = Evidence()


class Blueprint(Value):
    """The whole intermediate representation, schema `gen.ir/1`."""

    schema_name: Literal["gen.ir/1"] = SCHEMA
    project: ProjectSpec = ProjectSpec()
    entities: list[EntitySpec] = []
    endpoints: list[EndpointSpec] = []
    auth: AuthSpec = AuthSpec()
    seeds: list[SeedSet] = []
    externals: list[External] = []
    decisions: list[Decision] = []
    unresolved: list[Unresolved] = []
    warnings: list[Warning] = []

    def entity(self, name: str) -> EntitySpec | None:
        return next((entity for entity in self.entities if entity.name == name), None)


# --- what happened when it ran ---------------------------------------------------------------------


class CheckRow(Value):
    """One check of the finished project. `limit` names the limit that stopped it, `items` whom it blames."""

    name: str
    state: Literal["pass", "fail", "skipped"] = "skipped"
    milliseconds: int = 0
    log: str = ""
    limit: str | None = None
    items: list[str] = []


class ReplayRow(Value):
    """One call of the front end, made against the finished project. `key` is the endpoint's."""

    key: str
    method: str
    path: str
    verdict: Literal["pass", "recorded", "shape", "fail"]
    status: int = 0
    missing: list[str] = []
    why: str = ""
    file: str | None = None
    line: int | None = None


class ProjectTest(Value):
    """One test that travels with the project."""

    name: str
    result: Literal["pass", "fail", "skipped"]
    log: str = ""


class Verification(Value):
    """The verdict over a tree: green only when every check passed in the cage."""

    green: bool = False
    level: Literal["strong", "partial"] = "partial"
    dropped_user: bool = False
    checks: list[CheckRow] = []
    replay: list[ReplayRow] = []
    isolation: list[ReplayRow] = []
    tests: list[ProjectTest] = []
    limit: str | None = None
    seconds: float = 0.0
    peak_bytes: int = 0
    log: str = ""

    def check(self, name: str) -> CheckRow | None:
        return next((row for row in self.checks if row.name == name), None)


class FileOrigin(Value):
    """Why a rendered file exists: the rule that wrote it and the items whose words stand in it."""

    rule: str
    items: list[str] = []


class Origins(Value):
    """Where each part of a rendered tree comes from.

    `views` maps an endpoint's key to the dotted name of what answers it, `tests` the beginning of a
    test's dotted name to the endpoint's key.
    """

    files: dict[str, FileOrigin] = {}
    views: dict[str, str] = {}
    tests: dict[str, str] = {}


# --- canonical bytes -------------------------------------------------------------------------------


def canonical(value: Value | Any) -> bytes:
    """The one spelling of a value: UTF-8 JSON, sorted keys, no spaces. Equal values give equal bytes."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def stored(value: Value) -> bytes:
    """A value as it is kept and read back: keys stay in the order of the front end, which is the order of columns."""
    return value.model_dump_json().encode()


def digest(value: Value | Any) -> str:
    """SHA-256 of `canonical(value)`, hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def merged_confidence(facts: Iterable[Fact]) -> float:
    """The strongest evidence, plus 0.02 for each further independent kind, at most 0.99 (types and SQL: 1.0)."""
    found = list(facts)
    if not found:
        return 0.0
    strongest = max(fact.confidence for fact in found)
    kinds = {fact.kind for fact in found}
    return strongest if strongest >= 1.0 else min(0.99, strongest + 0.02 * (len(kinds) - 1))


for _model in (Export, Inventory, Shape, ShapeField):
    _model.model_rebuild()
