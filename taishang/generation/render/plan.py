"""What the writers of files work from: the Blueprint with every name settled and every gap closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from taishang.generation.ir import (
    Blueprint,
    EndpointSpec,
    EntitySpec,
    FieldSpec,
    RelationSpec,
    TypeName,
)
from taishang.generation.render.naming import class_name, identifier

TEXTS = frozenset({"text", "long_text", "email", "url", "slug", "choice"})


@dataclass(kw_only=True)
class Column:
    """A field of a model. `name` is the attribute, `wire` the key on the wire.

    `managed` columns are set by the server ("created", "updated"); `has_default` columns may be left out.
    """

    spec: FieldSpec
    name: str
    wire: str
    type: TypeName
    null: bool
    required: bool
    blank: bool
    default: Any = None
    has_default: bool = False
    choices: list[str] = field(default_factory=list)
    max_length: int | None = None
    unique: bool = False
    managed: str = ""
    read_only: bool = False
    write_only: bool = False


@dataclass(kw_only=True)
class Link:
    """A relation of a model. `target` is a class name or "User"; `nested` the key of the embedded row."""

    spec: RelationSpec
    name: str
    wire: str
    kind: str
    target: str
    null: bool
    required: bool
    on_delete: str
    related_name: str
    read_only: bool
    nested: str | None = None
    shown: bool = True


@dataclass(kw_only=True)
class Toggle:
    """How a verb on a row is kept: in a yes/no column of the row, or as a set of users."""

    verb: str
    method: str
    column: str | None = None
    users: str | None = None
    flag_wires: list[str] = field(default_factory=list)
    count_wires: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Model:
    """One entity. `owner` is the attribute that names the owning user, None for a catalogue."""

    spec: EntitySpec
    class_name: str
    module: str
    many: str
    owner: str | None
    columns: list[Column] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    toggles: list[Toggle] = field(default_factory=list)
    ordering: list[str] = field(default_factory=list)
    unique_sets: list[list[str]] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    staff_sees_all: bool = False

    @property
    def audience(self) -> str:
        return self.spec.audience

    @property
    def string_id(self) -> bool:
        return self.spec.id_as_string and self.spec.id_type == "bigint"

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def link(self, name: str) -> Link | None:
        return next((link for link in self.links if link.name == name), None)


@dataclass(kw_only=True)
class Argument:
    """A hole in a path. `means`: id, field, parent, user, free; `target` the model that it names."""

    ir_name: str
    name: str
    means: str
    target: str | None = None


@dataclass(kw_only=True)
class ReplyPlan:
    """Where the reply carries its content, and which keys stand beside it."""

    key: str = ""
    counts: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    status: int = 0


@dataclass(kw_only=True)
class Route:
    """One endpoint with the view that answers it. `route` is Django's spelling without leading slash."""

    spec: EndpointSpec
    route: str
    arguments: list[Argument]
    home: str
    view: str
    action: str
    model: Model | None = None
    reply: ReplyPlan = field(default_factory=ReplyPlan)
    body_class: str | None = None
    mounted: str = "api"

    @property
    def method(self) -> str:
        return self.spec.method.lower()


@dataclass(frozen=True)
class Renames:
    """What has another name than before, in lower case: `model.new` or `new` → its former names."""

    models: dict[str, list[str]] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)


@dataclass(kw_only=True)
class Plan:
    """Everything, in the order in which it is written."""

    blueprint: Blueprint
    app: str
    models: list[Model]
    routes: list[Route]
    dropped: dict[str, str] = field(default_factory=dict)
    string_user_id: bool = False
    error_keys: list[str] = field(default_factory=list)

    def model_of(self, entity: str | None) -> Model | None:
        return next((model for model in self.models if model.spec.name == entity), None)

    def model_named(self, class_name: str | None) -> Model | None:
        return next((model for model in self.models if model.class_name == class_name), None)

    @property
    def renames(self) -> Renames:
        models, fields = {}, {}
        for model in self.models:
            name = model.class_name.lower()
            if model.spec.former_names:
                models[name] = [class_name(one).lower() for one in model.spec.former_names]
            for column in model.columns:
                if column.spec.former_names:
                    former = [identifier(one) for one in column.spec.former_names]
                    fields[f"{name}.{column.name}"] = former
        return Renames(models, fields)

    @property
    def has_sign_in(self) -> bool:
        return any(route.home == "accounts" and route.action == "login" for route in self.routes)

    def routes_of(self, model: Model) -> list[Route]:
        return [route for route in self.routes if route.model is model and route.home == "api"]
