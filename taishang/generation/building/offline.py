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
    "add create submit insert new post upload place book import append push register"
)
UPDATE_VERBS = vocabulary(
    "update edit save modify change rename mark move set reschedule assign complete"
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
    "signInWithOtp": "reset",
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
_NOISE = vocabulary("all new current my the by selected existing single one more item")


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
    for joint in ("to", "from", "in", "for", "with", "of"):
        if joint in parts[1:]:
            parts = parts[: parts.index(joint)]
    parts = [part for part in parts if part not in _NOISE]
    if not parts:
        ignored = {
            "use",
            "store",
            "context",
            "provider",
            "slice",
            "service",
            "api",
            "hook",
            "state",
            "mock",
        }
        parts = [part for part in words(value.store) if part not in ignored]
    return singular("_".join(parts))


def from_stores(
    facts: list[Fact], *, prefix: str, knows: Callable[[str], bool], mock_only: bool
) -> list[Operation]:
    """One operation per store method that keeps a known thing, signs in, or pretends to call a server.

    `knows` tells whether a subject names a thing of the export; a method about anything else that only
    simulates a call is recorded, and one that merely changes the screen is none.
    """
    found = []
    for fact in facts:
        value = fact.value
        if isinstance(value, StoreValue) and (mock_only or value.simulated):
            operation = _store_operation(value, fact, prefix, knows)
            found += [operation] if operation is not None else []
    return found


def _store_operation(
    value: StoreValue, fact: Fact, prefix: str, knows: Callable[[str], bool]
) -> Operation | None:
    action = action_of_method(value.method)
    if action is not None and (action not in ("me", "update_me") or not knows(subject_of(value))):
        call = CallValue(
            method="POST", path="", body=_body(value), function=value.method, client="store"
        )
        return auth_operation(action, call, fact, prefix=prefix)
    subject = subject_of(value)
    if subject and knows(subject):
        return _about_thing(value, fact, prefix, subject, knows)
    return _recorded(value, fact, prefix) if value.simulated else None


def _about_thing(
    value: StoreValue, fact: Fact, prefix: str, subject: str, knows: Callable[[str], bool]
) -> Operation | None:
    verb = value.verb.lower()
    own_id, parent = _identifiers(value, subject, knows)
    collection = f"{prefix}/{kebab(plural(subject))}/"
    if parent is not None and verb in CREATE_VERBS | LIST_VERBS:
        collection = f"{prefix}/{kebab(plural(parent))}/{{{parent}_id}}/{kebab(plural(subject))}/"
    if verb in TOGGLE_VERBS:
        path, method = f"{collection}{{id}}/{verb}/", "POST"
    elif verb in CREATE_VERBS:
        path, method = collection, "POST"
    elif verb in DELETE_VERBS:
        path, method = f"{collection}{{id}}/", "DELETE"
    elif verb in UPDATE_VERBS:
        path, method = f"{collection}{{id}}/", "PATCH"
    elif verb in LIST_VERBS:
        path, method = collection + ("{id}/" if own_id else ""), "GET"
    else:
        return _recorded(value, fact, prefix) if value.simulated else None
    return _thing_operation(value, fact, path, method, subject)


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


def _identifiers(
    value: StoreValue, subject: str, knows: Callable[[str], bool]
) -> tuple[bool, str | None]:
    """Whether the first argument is the thing's own id, and else the parent whose id it is."""
    for name in list(value.parameters)[:1]:
        parts = words(name)
        if parts == ["id"] or (parts[-1:] == ["id"] and "_".join(parts[:-1]) == subject):
            return True, None
        parent = singular("_".join(parts[:-1])) if parts[-1:] == ["id"] else ""
        if parent and parent != "user" and knows(parent):
            return False, parent
    return False, None


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
