"""Recognise the calls by which a front end signs people in, and the keys that they exchange."""

from __future__ import annotations

from collections.abc import Sequence

from taishang.generation.building.catalogue import Catalogue
from taishang.generation.building.operations import Operation
from taishang.generation.building.paths import HOLE, is_hole, is_prefix, segments
from taishang.generation.building.words import vocabulary, words
from taishang.generation.ir import AuthSpec, AuthValue, Fact

PUBLIC_ACTIONS = ("register", "login", "refresh", "reset", "reset_confirm", "verify")
PROVIDERS = vocabulary(
    "google github facebook apple twitter linkedin microsoft discord oauth oauth2 sso wechat"
)
_NAMESPACES = vocabulary(
    "auth account accounts user users token tokens session sessions authentication jwt"
)
_PHRASES: dict[str, tuple[str, ...]] = {
    "login": ("login", "signin", "sign in", "log in", "obtain token", "token obtain", "authenticate"),
    "register": ("register", "signup", "sign up", "registration", "create account", "register user"),
    "logout": ("logout", "signout", "sign out", "log out"),
    "refresh": ("refresh", "refresh token", "token refresh", "renew token", "refresh session", "refresh access token"),
    "reset": (
        "forgot password", "password reset", "request password reset", "forgot", "request reset", "password forgot",
        "send password reset", "reset password request", "send password reset email", "recover password",
        "reset password for email",
    ),
    "reset_confirm": (
        "reset password", "password reset confirm", "confirm password reset", "set password", "set new password",
        "reset password confirm", "confirm reset",
    ),
    "verify": ("verify email", "email verify", "confirm email", "verify account", "activate account", "verify otp"),
    "change_password": ("change password", "password change", "update password"),
    "me": ("me", "current user", "whoami"),
}  # fmt: skip
_METHOD_PHRASES: dict[str, tuple[str, ...]] = {
    "login": ("sign in with password", "login user", "handle login", "sign in with email"),
    "register": ("sign up user", "create user with email and password", "handle register", "signup user"),
    "me": (
        "get current user", "get me", "fetch me", "get user", "load user", "fetch current user", "get session",
        "check auth", "fetch user", "load current user", "get profile", "fetch profile", "restore session",
        "get auth user",
    ),
    "update_me": ("update user", "update profile", "edit profile", "save profile", "update me", "update current user"),
    "reset": ("reset password",),
}  # fmt: skip
_ME_WITHIN_NAMESPACE = ("user", "profile", "session", "me", "current", "info")
_POST_ONLY = (
    "login",
    "register",
    "refresh",
    "reset",
    "reset_confirm",
    "verify",
    "change_password",
    "logout",
)

ACCESS_KEYS = (
    "access_token",
    "accessToken",
    "access",
    "token",
    "jwt",
    "authToken",
    "auth_token",
    "idToken",
)
REFRESH_KEYS = ("refresh_token", "refreshToken", "refresh")
USER_KEYS = ("user", "profile", "account", "currentUser", "me")
LOGIN_FIELDS = (
    "email",
    "username",
    "phone",
    "login",
    "identifier",
    "userName",
    "user_name",
    "phoneNumber",
)
_PASSWORDS = ("password", "pass", "pwd", "passwd")


def action_of_path(operation: Operation, *, prefix: str) -> str | None:
    """The auth action that a call's path names: `POST /auth/sign-in` is a login."""
    if operation.auth_action is not None:
        return operation.auth_action
    parts = segments(operation.call.path)
    own = segments(prefix)
    parts = parts[len(own) :] if parts[: len(own)] == own else parts
    while parts and is_prefix(parts[0]):
        parts = parts[1:]
    if not parts or len(parts) > 5:
        return None
    method = operation.call.method
    third_party = _third_party(parts)
    if third_party is not None:
        return third_party
    while parts and is_hole(parts[-1]):
        parts = parts[:-1]
        if not parts or _phrase(parts[-1]) not in _PHRASES["reset_confirm"] + _PHRASES["verify"]:
            return None
    if any(is_hole(part) for part in parts):
        return None
    return _action_of_parts(parts, method)


def _third_party(parts: list[str]) -> str | None:
    found = {word for part in parts for word in words(part)} & PROVIDERS
    signs_in = {"auth", "login", "signin", "oauth", "oauth2", "sso"} & {
        word for part in parts for word in words(part)
    }
    return "third_party" if found and signs_in else None


def _action_of_parts(parts: Sequence[str], method: str) -> str | None:
    namespaced = any(set(words(part)) & _NAMESPACES for part in parts[:-1])
    last = _phrase(parts[-1])
    if method == "DELETE":
        return "logout" if namespaced and last in ("session", "token", "logout") else None
    tails = [last] if len(parts) == 1 else [f"{_phrase(parts[-2])} {last}", last]
    for tail in tails:
        action = _named(tail, _PHRASES)
        if action is not None and _fits(action, tail, method, namespaced=namespaced):
            return _by_method(action, method)
    if last in ("token", "tokens", "jwt") and method == "POST":
        return "login"
    if namespaced and last in _ME_WITHIN_NAMESPACE and _phrase(parts[-2]) not in ("users",):
        return _by_method("me", method)
    if len(parts) == 1 and last == "profile":
        return _by_method("me", method)
    return None


def _fits(action: str, tail: str, method: str, *, namespaced: bool) -> bool:
    if tail in ("refresh", "forgot", "verify") and not namespaced:
        return False
    return (
        method in ("POST", "PUT", "PATCH") if action in _POST_ONLY and action != "logout" else True
    )


def _by_method(action: str, method: str) -> str | None:
    if action != "me":
        return action
    return {"GET": "me", "PATCH": "update_me", "PUT": "update_me"}.get(method)


def _named(phrase: str, table: dict[str, tuple[str, ...]]) -> str | None:
    return next((action for action, phrases in table.items() if phrase in phrases), None)


def _phrase(text: str) -> str:
    return " ".join(words(text))


def action_of_method(name: str) -> str | None:
    """The auth action that the name of a store method says: `signInWithGoogle` is third-party."""
    phrase = _phrase(name)
    found = set(phrase.split())
    if found & PROVIDERS and found & {"sign", "signin", "login", "auth", "with", "oauth"}:
        return "third_party"
    for table in (_METHOD_PHRASES, _PHRASES):
        action = _named(phrase, table)
        if action is not None:
            return action
    return None


def auth_spec(
    operations: list[Operation],
    actions: dict[tuple[str, str], str],
    facts: list[Fact],
    catalogue: Catalogue,
) -> AuthSpec:
    """The names and the scheme that the export's sign-in code uses."""
    spec = AuthSpec()
    by_action = {
        actions[operation.key]: operation for operation in operations if operation.key in actions
    }
    login = by_action.get("login") or by_action.get("register")
    if login is not None:
        replies = [
            by_action[name] for name in ("login", "register", "refresh") if name in by_action
        ]
        declared = [key for each in replies for key in _declared_keys(each, catalogue)]
        spec = _with_login(spec, login, declared)
    return _with_traces(spec, operations, facts)


def _declared_keys(operation: Operation, catalogue: Catalogue) -> list[str]:
    """The keys of a reply's declared type, and of what an envelope in it holds."""
    thing, _ = catalogue.thing_in(operation.call.reads.type_name)
    schema = catalogue.schema(thing) if thing is not None else None
    shape = catalogue.resolve(schema.shape) if schema is not None else None
    inner = [key.split(".")[-1] for key in operation.call.reads.keys]
    return [*(shape.fields if shape is not None else {}), *inner]


def _with_login(spec: AuthSpec, login: Operation, declared: list[str]) -> AuthSpec:
    sent = list(login.call.body.fields) if login.call.body is not None else []
    envelope = login.call.reads.envelope
    read = [key.removeprefix(f"{envelope}.") if envelope else key for key in login.call.reads.keys]
    tops = [key.split(".")[0].removesuffix("[]") for key in read] + [
        key.split(".")[-1] for key in read
    ]
    tops += declared
    refresh = _first(REFRESH_KEYS, tops)
    access = _first(ACCESS_KEYS, tops)
    return spec.model_copy(
        update={
            "login_field": _first(LOGIN_FIELDS, sent) or spec.login_field,
            "password_field": _first(_PASSWORDS, sent) or spec.password_field,
            "access_key": access or spec.access_key,
            "refresh_key": refresh or (None if access else spec.refresh_key),
            "user_key": _first(USER_KEYS, tops) or (None if access else spec.user_key),
            "envelope": envelope,
        }
    )


def _first(wanted: Sequence[str], found: Sequence[str]) -> str | None:
    return next((key for key in wanted if key in found), None)


def _with_traces(spec: AuthSpec, operations: list[Operation], facts: list[Fact]) -> AuthSpec:
    traces = [fact.value for fact in facts if isinstance(fact.value, AuthValue)]
    bearer = any(trace.scheme == "bearer" for trace in traces) or any(
        each.call.sends_token for each in operations
    )
    cookies = any(trace.what == "cookies" or trace.scheme == "cookie" for trace in traces) or any(
        each.call.sends_cookies for each in operations
    )
    prefix = next(
        (
            trace.detail
            for trace in traces
            if trace.what == "header" and trace.detail in ("Token", "JWT")
        ),
        None,
    )
    roles = sorted({role for trace in traces for role in trace.roles})
    role_field = next(
        (trace.detail for trace in traces if trace.what == "role" and trace.detail), None
    )
    return spec.model_copy(
        update={
            "scheme": "cookie" if cookies and not bearer else "bearer",
            "header_prefix": prefix or spec.header_prefix,
            "roles": roles,
            "role_field": (role_field or "role") if roles else None,
        }
    )


def provider_of(path: str) -> str:
    """The third party that a sign-in path names, for the person's list."""
    found = [
        word for part in segments(HOLE.sub("", path)) for word in words(part) if word in PROVIDERS
    ]
    return found[-1] if found else "third party"
