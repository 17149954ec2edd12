"""Give front ends without HTTP calls their REST endpoints: store methods and Supabase chains become operations."""

from __future__ import annotations

from collections.abc import Callable

from taishang.generation.building.operations import Operation
from taishang.generation.building.signin import action_of_method
from taishang.generation.building.words import (
    kebab,
    plural,
    singular,
    snake,
    vocabulary,
    words,
)
from taishang.generation.ir import (
    CallValue,
    Fact,
    Method,
    PathParameter,
    QueryParameter,
    Reads,
    Shape,
    StoreValue,
    SupabaseValue,
)

LIST_VERBS = vocabulary("get fetch load list find read search query select use all")
CREATE_VERBS = vocabulary(
    "add create submit insert new post upload place book append push register duplicate"
)
UPDATE_VERBS = vocabulary(
    "update edit save modify change rename mark move set reschedule assign complete merge archive restore reorder"
)
DELETE_VERBS = vocabulary("delete remove destroy clear drop discard")
TOGGLE_VERBS = vocabulary(
    "toggle like unlike follow unfollow subscribe unsubscribe bookmark unbookmark favorite unfavorite favourite "
    "star unstar upvote downvote join leave"
)
AUTH_PATHS = {
    "login": "auth/login/",
    "register": "auth/register/",
    "logout": "auth/logout/",
    "refresh": "auth/refresh/",
    "me": "auth/me/",
    "update_me": "auth/me/",
    "reset": "auth/password-reset/",
    "reset_confirm": "auth/password-reset/confirm/",
    "change_password": "auth/password-change/",
    "verify": "auth/verify-email/",
    "third_party": "auth/oauth/",
}
_AUTH_METHODS: dict[str, Method] = {"me": "GET", "update_me": "PATCH"}
_SUPABASE_AUTH = {
    "signUp": "register",
    "signInWithPassword": "login",
    "signIn": "login",
    "signInWithOtp": "third_party",
    "signInWithOAuth": "third_party",
    "signInWithIdToken": "third_party",
    "signOut": "logout",
    "getUser": "me",
    "getSession": "me",
    "refreshSession": "refresh",
    "resetPasswordForEmail": "reset",
    "updateUser": "update_me",
    "verifyOtp": "verify",
}
_TABLE_METHODS: dict[str, Method] = {
    "select": "GET",
    "insert": "POST",
    "update": "PATCH",
    "upsert": "PUT",
    "delete": "DELETE",
}
_STORAGE_METHODS: dict[str, Method] = {
    "upload": "POST",
    "update": "POST",
    "list": "GET",
    "remove": "DELETE",
}
_JOINTS = ("to", "from", "in", "for", "with", "of", "on", "into", "as", "at")
_HOLDERS = vocabulary(
    "use store context provider slice service api hook state mock page form dialog modal component view screen panel "
    "tab section card add edit create new list manager drawer sheet wizard tsx jsx"
)
_SCREEN_VERBS = vocabulary(
    "open close show hide render scroll focus blur click drag drop resize copy expand collapse navigate go next prev "
    "previous back select sort filter paginate reset cancel input change play pause stop zoom hover dismiss retry "
    "init set toggle use is has can to format wait delay sleep poll animate simulate stream run"
)
Resolver = Callable[[str], "str | None"]
_NOISE = vocabulary(
    "all new current my the by selected existing single one more multiple many local bulk"
)


def auth_operation(action: str, call: CallValue, fact: Fact, *, prefix: str) -> Operation:
    return Operation(
        call=call.model_copy(
            update={
                "method": _AUTH_METHODS.get(action, "POST"),
                "path": f"{prefix}/{AUTH_PATHS[action]}",
                "parameters": [],
            }
        ),
        facts=[fact],
        origin="supabase" if isinstance(fact.value, SupabaseValue) else "store",
        auth_action=action,
    )


def from_supabase(facts: list[Fact], *, prefix: str) -> list[Operation]:
    found = []
    for fact in facts:
        if isinstance(fact.value, SupabaseValue):
            make = _SUPABASE_AREAS.get(fact.value.area)
            operation = make(fact.value, fact, prefix) if make is not None else None
            found += [operation] if operation is not None else []
    return found


def _table(chain: SupabaseValue, fact: Fact, prefix: str) -> Operation | None:
    method = _TABLE_METHODS.get(chain.operation)
    if method is None:
        return None
    by_id = bool({"id", "uuid"} & set(chain.filters))
    detail = method in ("PATCH", "PUT", "DELETE") or (method == "GET" and (by_id or chain.single))
    path = f"{prefix}/{chain.target}/" + ("{id}/" if detail else "")
    query = [
        QueryParameter(name=name)
        for name in sorted(set(chain.filters))
        if method == "GET" and not detail and name not in ("id", "user_id")
    ]
    call = CallValue(
        method=method,
        path=path,
        parameters=[PathParameter(name="id")] if detail else [],
        query=query,
        body=chain.body,
        media_type="json" if chain.body is not None else "none",
        reads=_table_reads(chain, many=method == "GET" and not detail),
        client="supabase",
        function=chain.function,
    )
    return Operation(call=call, facts=[fact], origin="supabase", subject=chain.target)


def _table_reads(chain: SupabaseValue, *, many: bool) -> Reads:
    before = "[]." if many else ""
    columns = [f"{before}{name}" for name in chain.columns if name.isidentifier()]
    return chain.reads.model_copy(
        update={
            "list_at": "" if many else None,
            "keys": columns,
            "type_name": chain.reads.type_name,
        }
    )


def _supabase_auth(chain: SupabaseValue, fact: Fact, prefix: str) -> Operation | None:
    action = _SUPABASE_AUTH.get(chain.operation)
    if action is None:
        return None
    call = CallValue(
        method="POST", path="", body=chain.body, client="supabase", function=chain.function
    )
    return auth_operation(action, call, fact, prefix=prefix)


def _storage(chain: SupabaseValue, fact: Fact, prefix: str) -> Operation | None:
    method = _STORAGE_METHODS.get(chain.operation)
    if method is None:
        return None
    collection = f"{prefix}/storage/{kebab(chain.target) or 'files'}-files/"
    body = Shape(type="object", fields={}) if method == "POST" else None
    if body is not None:
        body = Shape.model_validate(
            {
                "type": "object",
                "fields": {
                    "file": {"shape": {"type": "file"}},
                    "path": {"shape": {"type": "text"}},
                },
            }
        )
    call = CallValue(
        method=method,
        path=collection + ("{id}/" if method == "DELETE" else ""),
        parameters=[PathParameter(name="id")] if method == "DELETE" else [],
        body=body,
        media_type="multipart" if body is not None else "none",
        client="supabase",
        function=chain.function,
        reads=Reads(list_at="") if method == "GET" else Reads(),
    )
    return Operation(
        call=call, facts=[fact], origin="supabase", subject=f"{snake(chain.target)}_file"
    )


def _remote(chain: SupabaseValue, fact: Fact, prefix: str) -> Operation:
    area = "rpc" if chain.area == "rpc" else "functions"
    call = CallValue(
        method="POST",
        path=f"{prefix}/{area}/{kebab(chain.target) or 'call'}/",
        body=chain.body,
        media_type="json",
        reads=chain.reads,
        client="supabase",
        function=chain.function or chain.target,
    )
    return Operation(call=call, facts=[fact], origin="supabase")


_SUPABASE_AREAS: dict[str, Callable[[SupabaseValue, Fact, str], Operation | None]] = {
    "table": _table,
    "auth": _supabase_auth,
    "storage": _storage,
    "rpc": _remote,
    "function": _remote,
}


def subject_of(value: StoreValue) -> str:
    """The thing a store method is about, singular: its name's noun, else the store's own name."""
    parts = words(value.subject)
    if "by" in parts[1:]:
        parts = parts[: parts.index("by")]
    if parts and parts[0] in _JOINTS:
        parts = parts[1:]
    for joint in _JOINTS:
        if joint in parts[1:]:
            parts = parts[: parts.index(joint)]
    parts = [part for part in parts if part not in _NOISE]
    if not parts:
        parts = [part for part in words(value.store) if part not in _HOLDERS]
    return singular("_".join(parts))


def from_stores(
    facts: list[Fact], *, prefix: str, resolve: Resolver, mock_only: bool
) -> list[Operation]:
    """One operation per store method that keeps a known thing, signs in, or pretends to call a server.

    `resolve` gives the wire name of the thing that a subject means, or None. A method about anything else
    that pretends to call a server is recorded, and one that merely changes the screen is none.
    """
    found = []
    for fact in facts:
        value = fact.value
        if isinstance(value, StoreValue) and (mock_only or value.simulated):
            operation = _store_operation(value, fact, prefix, resolve, mock_only=mock_only)
            found += [operation] if operation is not None else []
    return found


def _store_operation(
    value: StoreValue, fact: Fact, prefix: str, resolve: Resolver, *, mock_only: bool
) -> Operation | None:
    action = action_of_method(value.method)
    subject = thing_of(value, resolve)
    if action is not None and (action not in ("me", "update_me") or subject is None):
        call = CallValue(
            method="POST", path="", body=_body(value), function=value.method, client="store"
        )
        return auth_operation(action, call, fact, prefix=prefix)
    if subject is not None:
        return _about_thing(value, fact, prefix, subject, resolve)
    return _recorded(value, fact, prefix) if mock_only and _is_remote(value) else None


def thing_of(value: StoreValue, resolve: Resolver) -> str | None:
    """The known thing that a method is about: `updateTaskStatus` is about a task."""
    parts = subject_of(value).split("_")
    for length in range(len(parts), 0, -1):
        known = resolve(singular("_".join(parts[:length])))
        if known is not None:
            return known
    return None


def _is_remote(value: StoreValue) -> bool:
    """Whether a simulated method stands for a request: a deed upon an input, not a change of the screen."""
    return value.simulated and value.verb.lower() not in _SCREEN_VERBS and bool(value.parameters)


def _about_thing(
    value: StoreValue, fact: Fact, prefix: str, subject: str, resolve: Resolver
) -> Operation | None:
    verb = value.verb.lower()
    own_id, parent = _identifiers(value, subject, resolve)
    collection = f"{prefix}/{kebab(plural(subject))}/"
    if parent is not None and verb in CREATE_VERBS | LIST_VERBS and not own_id:
        collection = f"{prefix}/{kebab(plural(parent))}/{{{parent}_id}}/{kebab(plural(subject))}/"
    target = _target(verb, collection, own_id=own_id, lists=_holds_list(value))
    if target is None:
        return _recorded(value, fact, prefix) if _is_remote(value) else None
    return _thing_operation(value, fact, target[1], target[0], subject)


def _target(verb: str, collection: str, *, own_id: bool, lists: bool) -> tuple[str, str] | None:
    """(method, path) of a verb upon a collection."""
    if verb == "set" and lists:
        return None
    if verb in TOGGLE_VERBS:
        return "POST", f"{collection}{{id}}/{verb}/"
    if verb in CREATE_VERBS:
        return "POST", collection
    if verb in DELETE_VERBS:
        return "DELETE", f"{collection}{{id}}/"
    if verb in UPDATE_VERBS:
        return "PATCH", f"{collection}{{id}}/"
    return ("GET", collection + ("{id}/" if own_id else "")) if verb in LIST_VERBS else None


def _holds_list(value: StoreValue) -> bool:
    return any(shape.type == "array" for shape in value.parameters.values())


def _thing_operation(
    value: StoreValue, fact: Fact, path: str, method: str, subject: str
) -> Operation:
    has_body = method in ("POST", "PATCH") and not path.endswith("}/" + value.verb.lower() + "/")
    call = CallValue.model_validate(
        {
            "method": method,
            "path": path,
            "parameters": [
                PathParameter(name=part[1:-1], type="text")
                for part in path.split("/")
                if part.startswith("{")
            ],
            "body": _body(value) if has_body else None,
            "media_type": "json" if has_body else "none",
            "reads": Reads(list_at="" if method == "GET" and not path.endswith("{id}/") else None),
            "client": "store",
            "function": value.method,
        }
    )
    return Operation(call=call, facts=[fact], origin="store", subject=subject)


def _identifiers(value: StoreValue, subject: str, resolve: Resolver) -> tuple[bool, str | None]:
    """Whether an argument is the thing's own id, and else the nearest parent whose id one is."""
    ids = [words(name)[:-1] for name in value.parameters if words(name)[-1:] == ["id"]]
    if any(not stem or resolve("_".join(stem)) == subject for stem in ids):
        return True, None
    parents = [resolve("_".join(stem)) for stem in ids if stem and stem != ["user"]]
    nearest = [parent for parent in parents if parent not in (None, subject)]
    return False, nearest[-1] if nearest else None


def _body(value: StoreValue) -> Shape | None:
    """What a method would send: its one object argument, or its scalar arguments by name; ids aside."""
    fields = {}
    for name, shape in value.parameters.items():
        if words(name)[-1:] == ["id"]:
            continue
        if shape.type == "reference" or (shape.type == "object" and shape.fields):
            return shape
        if shape.type != "unknown" or len(value.parameters) > 1:
            fields[name] = {"shape": shape}
    return Shape.model_validate({"type": "object", "fields": fields}) if fields else None


def _recorded(value: StoreValue, fact: Fact, prefix: str) -> Operation:
    call = CallValue(
        method="POST",
        path=f"{prefix}/{kebab(value.method) or 'action'}/",
        body=_body(value),
        media_type="json",
        function=value.method,
        client="store",
    )
    return Operation(call=call, facts=[fact], origin="store")
