"""Errors as `application/problem+json` (RFC 9457): one format for everything under `/api/`.

A code is declared once in `accounts.registry.problems` with its status, title and remedy. Operations raise
errors of their own whose class attribute `code` names it; doors raise `Refused`. Codes never change, words
follow the reader's language.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.encoding import force_str
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as rest
from rest_framework.settings import api_settings

from accounts.passwords import HashQueueFull
from accounts.registry import Problem
from accounts.registry import problems as declared

CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api/"
MAX_ERRORS = 100
MAX_ECHO_CHARACTERS = 100
RETRY_SECONDS = 2
logger = logging.getLogger(__name__)

# The first class that fits decides; classes with a code of their own come before these.
CODES: list[tuple[type[Exception], str]] = [
    (rest.NotAuthenticated, "authentication_required"),
    (rest.AuthenticationFailed, "token_invalid"),
    (rest.PermissionDenied, "permission_denied"),
    (rest.NotFound, "not_found"),
    (rest.MethodNotAllowed, "method_not_allowed"),
    (rest.NotAcceptable, "not_acceptable"),
    (rest.UnsupportedMediaType, "unsupported_media_type"),
    (rest.ParseError, "body_unreadable"),
    (MultiPartParserError, "body_unreadable"),
    (Http404, "not_found"),
    (ObjectDoesNotExist, "not_found"),
    (PermissionDenied, "permission_denied"),
    (RequestDataTooBig, "body_too_large"),
    (TooManyFieldsSent, "body_too_deep"),
    (TooManyFilesSent, "body_too_deep"),
    (SuspiciousOperation, "bad_request"),
    (DataError, "value_out_of_range"),
    (OperationalError, "database_unavailable"),
    (InterfaceError, "database_unavailable"),
    (HashQueueFull, "busy"),
]
CODES_BY_STATUS = {
    400: "bad_request",
    401: "authentication_required",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "database_unavailable",
}


class Refused(Exception):
    """A door says no. `code` is a registered problem; `members` become further members of the answer."""

    def __init__(
        self,
        code: str,
        detail: Any = "",
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.members = dict(members or {})
        self.headers = dict(headers or {})


class Invalid(Refused):
    """Fields were refused. `errors` are entries as `field_error` makes them, all faults at once."""

    def __init__(self, errors: list[dict[str, Any]], *, code: str = "validation_error") -> None:
        super().__init__(code, members={"errors": errors[:MAX_ERRORS]})


def field_error(
    pointer: str, code: str, message: Any, params: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One entry of `errors[]`. `pointer` is a JSON Pointer into the body, or a parameter's name."""
    return {
        "pointer": pointer,
        "code": code,
        "message": force_str(message),
        "params": dict(params or {}),
    }


def response(
    request: HttpRequest,
    code: str,
    *,
    detail: Any = "",
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The problem `code` as an answer to this request."""
    problem = declared[code]
    body = {
        "type": f"/problems/{code}/",
        "title": force_str(problem.title),
        "status": problem.status,
        "detail": force_str(detail or problem.remedy),
        "code": code,
        "trace_id": getattr(request, "trace_id", ""),
        **(members or {}),
    }
    answer = HttpResponse(
        orjson.dumps(body, default=force_str), status=problem.status, content_type=CONTENT_TYPE
    )
    answer["Cache-Control"] = "no-store"
    if problem.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    if problem.status == 503:
        answer["Retry-After"] = str(RETRY_SECONDS)
    for name, value in (headers or {}).items():
        answer[name] = value
    return answer


def handle(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """REST framework's exception handler. None lets what nobody expected reach the error log as a 500."""
    request = context["request"]
    if isinstance(exc, rest.ValidationError | ValidationError):
        exc = _invalid(exc)
    code = code_of(exc)
    if code is None:
        return None
    if declared[code].status >= 500:
        logger.warning("unavailable code=%s error=%s", code, type(exc).__name__)
    return response(
        request,
        code,
        detail=_detail(exc),
        members=getattr(exc, "members", None),
        headers=_headers(exc),
    )


def code_of(exc: Exception) -> str | None:
    """The registered code of an anticipated error, or None."""
    own = getattr(exc, "code", None)
    if isinstance(own, str) and own in declared:
        return own
    return next((code for kind, code in CODES if isinstance(exc, kind)), None)


def words(exc: Exception) -> Any:
    """What an anticipated error means to a person at a page. Raises it again when nobody expected it."""
    code = code_of(exc)
    if code is None:
        raise exc
    return declared[code].title


def _detail(exc: Exception) -> Any:
    """Only our own errors may speak; a framework's sentence could echo input or internals."""
    if isinstance(exc, rest.APIException):
        return ""
    return getattr(exc, "detail", "")


def _headers(exc: Exception) -> dict[str, str]:
    return dict(getattr(exc, "headers", None) or {})


def of_status(
    request: HttpRequest, status: int, *, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """The problem for a status that no API view decided (unknown path, refused host, crash)."""
    code = CODES_BY_STATUS.get(status) or ("internal_error" if status >= 500 else "bad_request")
    return response(request, code, headers=headers)


def _invalid(exc: rest.ValidationError | ValidationError) -> Invalid:
    if isinstance(exc, rest.ValidationError):
        errors = list(_rest_errors(exc.detail, ""))
    else:
        errors = list(_django_errors(exc))
    unknown = any(error["code"] == "unknown_field" for error in errors)
    return Invalid(errors, code="unknown_field" if unknown else "validation_error")


def _rest_errors(detail: Any, pointer: str) -> Iterator[dict[str, Any]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            whole = name in (api_settings.NON_FIELD_ERRORS_KEY, "non_field_errors")
            yield from _rest_errors(inner, pointer if whole else f"{pointer}/{_escaped(name)}")
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _rest_errors(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield field_error(pointer, getattr(detail, "code", "invalid"), detail)


def _django_errors(exc: ValidationError) -> Iterator[dict[str, Any]]:
    fields = exc.error_dict if hasattr(exc, "error_dict") else {NON_FIELD_ERRORS: exc.error_list}
    for name, faults in fields.items():
        pointer = "" if name == NON_FIELD_ERRORS else f"/{_escaped(name)}"
        for fault in faults:
            params = {key: str(value) for key, value in (fault.params or {}).items()}
            yield field_error(pointer, fault.code or "invalid", fault.messages[0], params)


def _escaped(name: object) -> str:
    """A name as a step of a JSON Pointer (RFC 6901)."""
    return str(name)[:MAX_ECHO_CHARACTERS].replace("~", "~0").replace("/", "~1")


def declare() -> None:
    """The problems that every API operation can answer, and those of this app."""
    for code, status, title, remedy in PROBLEMS:
        declared.add(code, Problem(code, status, title, remedy))


PROBLEMS = [
    ("bad_request", 400, _("Bad request"), _("Check the address and the headers of the request.")),
    (
        "validation_error",
        400,
        _("Some fields were refused"),
        _("Correct the fields listed in `errors` and send again."),
    ),
    (
        "unknown_field",
        400,
        _("Unknown field"),
        _("Leave out the fields listed in `errors`; this operation does not take them."),
    ),
    (
        "unknown_parameter",
        400,
        _("Unknown query parameter"),
        _("Leave out the parameters listed in `errors`, or see the schema for the ones allowed."),
    ),
    ("body_unreadable", 400, _("Unreadable body"), _("Send valid JSON encoded as UTF-8.")),
    (
        "body_too_deep",
        400,
        _("Body too deep or too large a structure"),
        _("Nest at most 64 levels and send at most 10,000 values."),
    ),
    (
        "invalid_characters",
        400,
        _("Characters that cannot be stored"),
        _("Remove NUL characters and unpaired surrogates from the text."),
    ),
    (
        "value_out_of_range",
        400,
        _("A value is out of range"),
        _("Use numbers and dates in the range the schema names."),
    ),
    (
        "picture_unreadable",
        400,
        _("This is not a picture we can read"),
        _("Send a PNG, JPEG, WebP or GIF of at most 5 MB."),
    ),
    (
        "workspace_required",
        400,
        _("Name a workspace"),
        _("Send `X-Workspace-Id` with the id of one of your workspaces."),
    ),
    (
        "cursor_invalid",
        400,
        _("This cursor does not fit"),
        _("Start again from the first page; a cursor belongs to one query."),
    ),
    (
        "idempotency_key_invalid",
        400,
        _("Unusable Idempotency-Key"),
        _("Use 1 to 255 visible ASCII characters."),
    ),
    (
        "authentication_required",
        401,
        _("Sign in first"),
        _("Send `Authorization: Bearer` with an access token or an API key."),
    ),
    (
        "token_invalid",
        401,
        _("This token is not valid"),
        _("Refresh the token, or sign in again."),
    ),
    (
        "credentials_invalid",
        401,
        _("Wrong name or password"),
        _("Check both and try again."),
    ),
    (
        "refresh_invalid",
        401,
        _("This refresh token is not valid"),
        _("Sign in again."),
    ),
    (
        "refresh_reused",
        401,
        _("This refresh token was used before"),
        _("The device was signed out because an old token came back. Sign in again."),
    ),
    (
        "email_unverified",
        401,
        _("The address is not confirmed yet"),
        _("Open the link in the letter we sent, then sign in again."),
    ),
    (
        "mfa_required",
        401,
        _("A second factor is needed"),
        _("Send `mfa_token` with a `code` of the app, or a recovery code, within five minutes."),
    ),
    (
        "mfa_token_invalid",
        401,
        _("This token is too old or was used"),
        _("Sign in with the password again to get a new one."),
    ),
    (
        "mfa_code_invalid",
        401,
        _("This code is wrong or was used"),
        _("Wait for the next code of the app, or use a recovery code."),
    ),
    (
        "account_closed",
        401,
        _("This account is closed"),
        _("Send `reactivate` as true to open it again before it is deleted."),
    ),
    (
        "mfa_enrolment_required",
        403,
        _("Set up a second factor first"),
        _("Open the page *Second factors* in a browser and set one up."),
    ),
    (
        "permission_denied",
        403,
        _("You may not do this here"),
        _("Ask an administrator of the workspace for the permission."),
    ),
    (
        "csrf_failed",
        403,
        _("The request did not come from our page"),
        _("Reload the page and try again."),
    ),
    (
        "person_required",
        403,
        _("A key cannot do this"),
        _("Sign in as a person; API keys may not manage accounts, keys or members."),
    ),
    (
        "workspace_suspended",
        403,
        _("The workspace is suspended"),
        _("It can be read but not changed until an operator activates it again."),
    ),
    (
        "reauth_required",
        403,
        _("Confirm that it is you"),
        _("Sign in again; this needs a sign-in of the last ten minutes."),
    ),
    (
        "cannot_grant",
        403,
        _("Nobody grants what they do not hold"),
        _("Choose roles whose permissions you hold yourself."),
    ),
    (
        "workspace_deleting",
        403,
        _("The workspace is being deleted"),
        _("Its owner can restore it until the day that `deletion_due_at` names."),
    ),
    (
        "invitation_for_another",
        403,
        _("This invitation is for somebody else"),
        _("Sign in with the address it was sent to, or ask for one of your own."),
    ),
    (
        "address_unverified",
        403,
        _("Confirm your address first"),
        _("Open the link in the letter we sent to it, then try again."),
    ),
    ("not_found", 404, _("Not found"), _("Check the address; it may have been deleted.")),
    (
        "method_not_allowed",
        405,
        _("Method not allowed"),
        _("See the `Allow` header for the methods of this address."),
    ),
    ("not_acceptable", 406, _("No such format"), _("Accept `application/json`.")),
    (
        "idempotency_in_progress",
        409,
        _("The same request is still running"),
        _("Wait a second and send it again with the same key."),
    ),
    (
        "idempotency_mismatch",
        409,
        _("This key was used for another request"),
        _("Use a new Idempotency-Key for a different request."),
    ),
    (
        "secret_not_replayable",
        409,
        _("The secret was shown once"),
        _("Delete the thing named by `id` and create a new one."),
    ),
    (
        "too_many_streams",
        429,
        _("Too many open streams"),
        _("Close some of the pages that are open elsewhere."),
    ),
    (
        "limit_reached",
        409,
        _("The limit is reached"),
        _("Remove something you no longer need first."),
    ),
    (
        "owner_must_transfer",
        409,
        _("The owner cannot leave"),
        _("Hand the workspace to another member first."),
    ),
    (
        "personal_workspace",
        409,
        _("A personal workspace has one member"),
        _("Make it a team workspace first."),
    ),
    (
        "owns_shared_workspace",
        409,
        _("Others work in a workspace of yours"),
        _("Hand over the workspaces listed in `workspaces`, or remove their members, first."),
    ),
    (
        "last_sign_in_method",
        409,
        _("This is your last way to sign in"),
        _("Set a password, or add a passkey or a service, first."),
    ),
    (
        "cannot_reopen",
        409,
        _("This account cannot be opened again"),
        _("The time in which it could be is over."),
    ),
    ("name_taken", 409, _("This name is taken"), _("Choose another name.")),
    (
        "role_in_use",
        409,
        _("Somebody holds this role"),
        _("Name a replacement role, or take the role from its holders first."),
    ),
    (
        "system_role",
        409,
        _("This role belongs to the platform"),
        _("Make a role of your own with the permissions you need."),
    ),
    (
        "sync_reset",
        410,
        _("This copy cannot be brought up to date"),
        _("Load the types listed in `types` again, starting without a cursor."),
    ),
    (
        "already_member",
        409,
        _("This person is in the workspace already"),
        _("Look for them among the members."),
    ),
    (
        "already_invited",
        409,
        _("This address is invited already"),
        _("Send that invitation again, or take it back first."),
    ),
    (
        "not_a_member",
        409,
        _("Not an active member"),
        _("Hand the workspace to somebody who works in it."),
    ),
    (
        "no_offer",
        409,
        _("Nothing is offered to you"),
        _("Ask the owner to offer the workspace; an offer holds for seven days."),
    ),
    (
        "not_being_deleted",
        409,
        _("The workspace is not being deleted"),
        _("There is nothing to take back."),
    ),
    (
        "invitation_closed",
        410,
        _("This invitation is no longer open"),
        _("It was answered, taken back or has expired; ask for a new one."),
    ),
    (
        "version_stale",
        412,
        _("Somebody changed it meanwhile"),
        _("Load it again and repeat your change on the new version."),
    ),
    ("body_too_large", 413, _("The body is too large"), _("Send less at once.")),
    (
        "unsupported_media_type",
        415,
        _("This format is not taken here"),
        _("Send `application/json` without a content encoding, or the type the schema names."),
    ),
    (
        "version_required",
        428,
        _("Say which version you change"),
        _("Send `If-Match` with the ETag you last saw."),
    ),
    (
        "rate_limited",
        429,
        _("Too many requests"),
        _("Wait as many seconds as `Retry-After` says, then go on more slowly."),
    ),
    (
        "internal_error",
        500,
        _("Something went wrong on our side"),
        _("Try again; if it stays, tell the operator the `trace_id`."),
    ),
    (
        "database_unavailable",
        503,
        _("The database is away"),
        _("Nothing was changed. Try again in a moment."),
    ),
    ("busy", 503, _("Too many sign-ins at once"), _("Try again in a moment.")),
]
