"""Decide what each operation does, and write it down as an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taishang.generation.building.catalogue import Catalogue
from taishang.generation.building.drafts import Drafts, EntityDraft
from taishang.generation.building.entities import is_action_word
from taishang.generation.building.offline import TOGGLE_VERBS
from taishang.generation.building.operations import Operation
from taishang.generation.building.paths import (
    Route,
    is_hole,
    is_prefix,
    read_route,
    segments,
    with_safe_holes,
)
from taishang.generation.building.signin import PUBLIC_ACTIONS, action_of_path
from taishang.generation.building.words import function_name, words
from taishang.generation.ir import EndpointSpec, Reads, Shape, ShapeField, merged_confidence

Behaviour = Literal["crud", "auth", "toggle", "recorded"]
_COLLECTION_ACTIONS = {"GET": "list", "POST": "create"}
_DETAIL_ACTIONS = {"GET": "retrieve", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
_STATUS = {"create": 201, "register": 201, "delete": 204}
MAX_HOLES_OF_CRUD = 3


@dataclass(frozen=True)
class Meaning:
    """What one operation does: `entity` is a draft's name; `parent` the collection that it is nested in."""

    behaviour: Behaviour
    action: str
    entity: str | None = None
    parent: str | None = None


def meaning_of(operation: Operation, drafts: Drafts, *, prefix: str) -> Meaning:
    action = action_of_path(operation, prefix=prefix)
    if action is not None:
        return Meaning("auth", action)
    route = read_route(operation.call.path, prefix=prefix)
    if route.holes > MAX_HOLES_OF_CRUD or route.collection is None:
        return Meaning("recorded", "")
    if route.tail and route.holes:
        return _below_an_object(operation, route, drafts)
    draft = drafts.find(route.collection)
    if route.verb is not None:
        return _said_aloud(operation, route, draft, drafts.find(route.parent))
    table = _DETAIL_ACTIONS if route.detail else _COLLECTION_ACTIONS
    verb = table.get(operation.call.method)
    if draft is None or verb is None or (route.holes > 1 and route.parent is None):
        return Meaning(
            "recorded", "", entity=draft.name if draft is not None and route.detail else None
        )
    parent = drafts.find(route.parent)
    return Meaning("crud", verb, draft.name, parent.name if parent is not None else None)


def _said_aloud(
    operation: Operation, route: Route, draft: EntityDraft | None, parent: EntityDraft | None
) -> Meaning:
    """`POST /posts/create` and `GET /get-post/{id}`: the verb in the path decides, when the method agrees."""
    method = operation.call.method
    name = draft.name if draft is not None else None
    if name is None or (route.tail and route.holes):
        return Meaning("recorded", "", name)
    if route.verb in ("list", "get") and method == "GET":
        return Meaning("crud", "retrieve" if route.detail else "list", name)
    if route.verb == "create" and method in ("POST", "PUT") and not route.detail:
        return Meaning("crud", "create", name, parent.name if parent is not None else None)
    if route.detail and route.verb == "update" and method in ("POST", "PUT", "PATCH"):
        return Meaning("crud", "replace" if method == "PUT" else "update", name)
    if route.detail and route.verb == "delete" and method in ("POST", "DELETE"):
        return Meaning("crud", "delete", name)
    return Meaning("recorded", "", name)


def _below_an_object(operation: Operation, route: Route, drafts: Drafts) -> Meaning:
    """`/posts/{id}/comments` is a collection, `/posts/{id}/like` a toggle, anything else is recorded."""
    owner = drafts.find(route.collection)
    owner_name = owner.name if owner is not None else None
    if (
        len(route.tail) == 1
        and owner is not None
        and _is_toggle(route.tail[0], operation.call.method)
    ):
        return Meaning("toggle", "_".join(words(route.tail[0])), owner.name)
    child = drafts.find(route.tail[-1])
    verb = _COLLECTION_ACTIONS.get(operation.call.method)
    nested = len(route.tail) == 1 and child is not None and verb is not None
    if nested and child is not None and verb is not None and not is_action_word(route.tail[0]):
        return Meaning("crud", verb, child.name, owner_name)
    return Meaning("recorded", "", owner_name)


def _is_toggle(segment: str, method: str) -> bool:
    parts = words(segment)
    return (
        method in ("POST", "PUT", "PATCH", "DELETE")
        and len(parts) <= 2
        and parts[:1] != []
        and (parts[0] in TOGGLE_VERBS)
    )


def endpoint(
    operation: Operation,
    meaning: Meaning,
    catalogue: Catalogue,
    *,
    actions: set[str],
    staff: bool = False,
) -> EndpointSpec:
    """The endpoint of one operation. `actions` holds the function names in use and gains one if recorded."""
    call = operation.call
    path, parameters = with_safe_holes(call.path, call.parameters)
    action = meaning.action
    if meaning.behaviour == "recorded":
        action = function_name(_function_hint(operation), taken=actions)
        actions.add(action)
    public = meaning.behaviour == "auth" and action in PUBLIC_ACTIONS
    return EndpointSpec(
        key=f"endpoint:{call.method} {path}",
        confidence=merged_confidence(operation.facts),
        evidence=operation.evidence,
        method=call.method,
        path=path,
        parameters=parameters,
        query=[parameter for parameter in call.query if parameter.name],
        entity=meaning.entity,
        action=action,
        parent=meaning.parent,
        request=catalogue.expand(call.body),
        media_type=call.media_type
        if call.body is not None or call.media_type != "json"
        else "none",
        response=_reads(call.reads, meaning),
        reply=_reply(operation, catalogue),
        success_status=_success_status(
            operation, action if meaning.behaviour != "recorded" else ""
        ),
        auth="public" if public else ("staff" if staff else "user"),
        called=call.called,
        behaviour=meaning.behaviour,
        via=call.via,
        origin=operation.origin,
        client_name=call.function,
    )


def _reads(reads: Reads, meaning: Meaning) -> Reads:
    """What is read of the reply; one object has no list, whatever lists it holds."""
    single = meaning.behaviour in ("auth", "toggle") or meaning.action in (
        "retrieve",
        "create",
        "update",
        "replace",
        "delete",
    )
    return (
        reads.model_copy(update={"list_at": None})
        if single and reads.list_at is not None
        else reads
    )


def _function_hint(operation: Operation) -> str:
    name = operation.call.function
    if name and len(words(name)) > 1:
        return name
    parts = [
        part for part in segments(operation.call.path) if not is_hole(part) and not is_prefix(part)
    ]
    return "_".join([operation.call.method.lower(), *parts[-2:]])


def _success_status(operation: Operation, action: str) -> int:
    """The status the front end expects. A shared client tests for 204 whatever was called: only a delete means it."""
    usual = _STATUS.get(action, 200)
    if usual == 204 and operation.call.reads.keys:
        usual = 200
    stated = [status for status in operation.call.reads.statuses if 200 <= status < 300]
    fitting = [status for status in stated if status != 204 or usual == 204]
    return usual if usual in fitting or not fitting else fitting[0]


def _reply(operation: Operation, catalogue: Catalogue) -> Shape | None:
    """The declared type of the answer: `Post[]` is an array of posts, unknown names give None."""
    type_name = (operation.call.reads.type_name or "").strip()
    bare = type_name.removesuffix("[]")
    if bare.startswith("Array<") and bare.endswith(">"):
        bare = bare[len("Array<") : -1]
    schema = catalogue.schema(bare)
    if schema is None:
        return None
    shape = catalogue.expand(schema.shape)
    return Shape(type="array", items=shape) if bare != type_name else shape


def with_declared_keys(spec: EndpointSpec) -> EndpointSpec:
    """A recorded endpoint answers with every key of its declared reply, not only those read by name."""
    if spec.behaviour != "recorded" or spec.reply is None:
        return spec
    many = spec.reply.type == "array"
    reads = spec.response
    shape = spec.reply.items if many else spec.reply
    declared = shape.fields if shape is not None and shape.type == "object" else {}
    list_at = reads.list_at if reads.list_at is not None or not many else reads.envelope or ""
    before = f"{list_at}[]." if many else f"{reads.envelope}." if reads.envelope else ""
    keys = [f"{before}{name}" for name in declared]
    more = [key for key in keys if key not in reads.keys]
    response = reads.model_copy(update={"keys": reads.keys + more, "list_at": list_at})
    return spec.model_copy(update={"response": response})


def uses_of(meaning: Meaning) -> str | None:
    return {
        "list": "list",
        "retrieve": "list",
        "create": "create",
        "update": "update",
        "replace": "update",
        "delete": "delete",
    }.get(meaning.action if meaning.behaviour == "crud" else "")


def body_from_entity(draft: EntityDraft) -> Shape:
    """A body with every field that the front end shows for a thing, for writes whose body is unknown."""
    return Shape(
        type="object",
        fields={
            wire: ShapeField(shape=seen[0].shape, optional=True)
            for wire, seen in draft.sightings.items()
        },
    )
