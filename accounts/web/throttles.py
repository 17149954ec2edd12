"""Which limits a request falls under, whose count it raises, and how the answer tells what is left."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import resolve

from accounts import identity, limits, pressure, second_factor, secrets, sessions, tokens
from accounts.authentication import Principal
from accounts.limits import Demand, Verdict
from accounts.registry import LimitClass, limit_classes, page_limits
from accounts.web import problems
from accounts.web.frame import theme_of

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
BY_METHOD: Mapping[str, tuple[str, ...]] = {
    "GET": ("api.read",),
    "POST": ("api.write",),
    "PUT": ("api.write",),
    "PATCH": ("api.write",),
    "DELETE": ("api.write",),
}
NAME_PURPOSE = "typed name"
PENDING_LOGIN = "account_login"
MAX_TYPED = 512
SIGN_IN = ("auth.sign_in", "auth.sign_in_failures", "auth.name_failures")
# The sign-in pages; what is not named falls under reading or writing.
PAGES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "account_login": {"POST": SIGN_IN},
    "account_signup": {"POST": ("auth.sign_up",)},
    "account_reset_password": {"POST": ("auth.reset", "auth.reset_name")},
    "account_email": {"POST": ("auth.reset",)},
    "account_email_verification_sent": {"POST": ("auth.reset",)},
    "account_reauthenticate": {"POST": ("auth.mfa",)},
    "mfa_authenticate": {"POST": ("auth.mfa",)},
    "mfa_reauthenticate": {"POST": ("auth.mfa",)},
    "mfa_login_webauthn": {"POST": ("auth.sign_in",)},
    "socialaccount_signup": {"POST": ("auth.sign_up",)},
    "account_change_password": {"POST": ("auth.mfa",)},
    "workspace_invite": {"POST": ("invite",)},
    "workspace_invitation_resend": {"POST": ("invite",)},
    "api_schema": {"GET": ("api.heavy",)},
}


def declare() -> None:
    for name, classes in PAGES.items():
        page_limits.add(name, classes)


def demands_of(request: HttpRequest) -> list[Demand]:
    """The limits of the view behind this address, for the request's principal."""
    principal: Principal = request.principal  # type: ignore[attr-defined]
    named = _classes(request)
    found = [_demand(request, principal, limit_classes[name]) for name in named]
    return [demand for demand in found if demand]


def succeeded(request: HttpRequest) -> None:
    """The sign-in was right: its counts among the failures are given back."""
    limits.give_back(getattr(request, "rate_demands", ()))
    request.rate_demands = []  # type: ignore[attr-defined]


def refusal(request: HttpRequest, verdicts: Iterable[Verdict]) -> HttpResponse | None:
    """429 where a class is used up: a problem for programs, a page for people."""
    over = next((verdict for verdict in verdicts if not verdict.allowed), None)
    if over is None:
        return None
    pressure.note_refusal(over.name)
    wait = max(1, over.reset_s)
    headers = {"Retry-After": str(wait)}
    if request.path.startswith(problems.API_PREFIX):
        members = {
            "class": over.name,
            "limit": over.limit,
            "used": over.used,
            "window": over.window_s,
            "retry_after": wait,
        }
        return problems.response(request, "rate_limited", members=members, headers=headers)
    context = {
        "status": 429,
        "verdict": over,
        "wait": wait,
        "back": request.get_full_path(),
        "theme": theme_of(request),
        "trace_id": request.trace_id,  # type: ignore[attr-defined]
    }
    page = render_to_string("429.html", context)
    return HttpResponse(page, status=429, headers={**headers, "Cache-Control": "no-store"})


def tell(response: HttpResponse, verdicts: Iterable[Verdict]) -> None:
    """What is left, tightest class first, as structured fields; what a view said of other limits follows."""
    ordered = sorted(verdicts, key=lambda verdict: verdict.remaining / verdict.limit)
    if not ordered:
        return
    policies = [f'"{verdict.name}";q={verdict.limit};w={verdict.window_s}' for verdict in ordered]
    rests = [f'"{verdict.name}";r={verdict.remaining};t={verdict.reset_s}' for verdict in ordered]
    for name, fields in (("RateLimit-Policy", policies), ("RateLimit", rests)):
        said = [response[name]] if name in response else []
        response[name] = ", ".join([*fields, *said])


# Which classes


def _classes(request: HttpRequest) -> tuple[str, ...]:
    method = "GET" if request.method in SAFE_METHODS else str(request.method)
    usual = BY_METHOD.get(method, BY_METHOD["POST"])
    try:
        match = resolve(request.path_info)
    except Http404:
        return usual
    view = getattr(match.func, "view_class", None)
    if view is not None and hasattr(view, "rate_limits"):
        return view.rate_limits.get(method, usual)
    return (page_limits.get(match.view_name) or {}).get(method, usual)


def _demand(request: HttpRequest, principal: Principal, entry: LimitClass) -> Demand | None:
    user = principal.user
    if user is None and entry.subject in {"caller", "user", "workspace", "tab"}:
        entry = limit_classes[limits.ANONYMOUS]
    subject = SUBJECTS[entry.subject](request, principal)
    if subject is None:
        return None
    personal = entry.subject in limits.PERSONAL
    return Demand(
        entry,
        subject,
        user_id=user.id if user else None,
        workspace_id=principal.workspace_id,
        factor=limits.plan_factor(user) if personal else 1,
        spare=SPARES[entry.spare](request) if entry.spare else None,
    )


# Whose count


def _caller(_request: HttpRequest, principal: Principal) -> str:
    return principal.actor


def _user(_request: HttpRequest, principal: Principal) -> str | None:
    return limits.user_subject(principal.user) if principal.user else None


def _workspace(_request: HttpRequest, principal: Principal) -> str | None:
    found = principal.workspace_id
    return None if found is None else limits.workspace_subject(found)


def _tab(request: HttpRequest, principal: Principal) -> str:
    """What one tab writes to one address; a caller that names no tab has one. Forms name none and are not read."""
    name = _json(request).get("tab_id") if request.content_type == "application/json" else ""
    place = f"{request.path_info}\0{name}".encode("utf-8", "surrogatepass")
    return f"tab:{principal.actor}:{hashlib.sha256(place).hexdigest()[:16]}"


def _network(request: HttpRequest, _principal: Principal) -> str:
    return f"net:{sessions.network_of(sessions.client_ip(request))}"


def _account(request: HttpRequest, principal: Principal) -> str | None:
    """The person who has shown a password and not yet the second factor; a page's session or a token names them."""
    if principal.user:
        return limits.user_subject(principal.user)
    if request.path.startswith(problems.API_PREFIX):
        with suppress(second_factor.ChallengeInvalid):
            return limits.user_subject(second_factor.challenged(_typed(request, "mfa_token")))
        return None
    pending = request.session.get(PENDING_LOGIN) or {}
    owner = pending.get("user_pk") if isinstance(pending, dict) else None
    return f"user:{owner}" if owner else None


def _family(request: HttpRequest, principal: Principal) -> str:
    """The device behind a refresh token; guesses count for their network."""
    session_id = tokens.family_of(_typed(request, "refresh"))
    return f"session:{session_id}" if session_id else _network(request, principal)


def _name(request: HttpRequest, _principal: Principal) -> str | None:
    return _hashed(_typed(request, "login"))


def _name_network(request: HttpRequest, principal: Principal) -> str | None:
    name = _name(request, principal)
    return f"{name}:{_network(request, principal)}" if name else None


def _address(request: HttpRequest, _principal: Principal) -> str | None:
    return _hashed(_typed(request, "email"))


def _hashed(typed: str) -> str | None:
    """A typed name, known or not, as a keyed hash: the table must be no list of addresses."""
    if not typed:
        return None
    key = identity.login_key(typed).encode("utf-8", "surrogatepass")
    return f"name:{secrets.sign(key, purpose=NAME_PURPOSE)[1].hex()}"


SUBJECTS: Mapping[str, Callable[[HttpRequest, Principal], str | None]] = {
    "caller": _caller,
    "user": _user,
    "tab": _tab,
    "workspace": _workspace,
    "network": _network,
    "account": _account,
    "family": _family,
    "name": _name,
    "name_network": _name_network,
    "address": _address,
}


def _known_device(request: HttpRequest) -> Callable[[], bool]:
    """Whether the account behind the typed name was signed in from here before: its owner is never locked out."""

    def ask() -> bool:
        return sessions.is_known(
            user=identity.find(_typed(request, "login")), facts=sessions.facts(request)
        )

    return ask


SPARES: Mapping[str, Callable[[HttpRequest], Callable[[], bool]]] = {"known_device": _known_device}


def _typed(request: HttpRequest, field: str) -> str:
    """A field of the form or of the JSON body, as it was typed; empty where there is none."""
    given = _json(request) if request.content_type == "application/json" else request.POST
    value = given.get(field)
    return value[:MAX_TYPED] if isinstance(value, str) else ""


def _json(request: HttpRequest) -> Mapping[str, Any]:
    """The body where it is an object; what cannot be read is refused by the view."""
    try:
        found = orjson.loads(request.body)
    except (orjson.JSONDecodeError, RequestDataTooBig):
        return {}
    return found if isinstance(found, dict) else {}
