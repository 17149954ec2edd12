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
from rest_framework import exceptions as rest
from rest_framework.settings import api_settings

from accounts.passwords import HashQueueFull
from accounts.registry import ErrorShape, error_shapes
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
    shaped, content_type, more = shape(request.path, body)
    answer = HttpResponse(
        orjson.dumps(shaped, default=force_str), status=problem.status, content_type=content_type
    )
    answer.is_problem = True  # type: ignore[attr-defined]
    answer["Cache-Control"] = "no-store"
    if problem.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    if problem.status == 503:
        answer["Retry-After"] = str(RETRY_SECONDS)
    for name, value in {**more, **(headers or {})}.items():
        answer[name] = value
    return answer


def shape(path: str, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], str, Mapping[str, str]]:
    """The body of a problem as programs at this address expect it, its media type, and further headers."""
    found = shape_at(path)
    if found is None:
        return body, CONTENT_TYPE, {}
    shaped, headers = found.tell(body)
    return shaped, "application/json", headers


def shape_at(path: str) -> ErrorShape | None:
    """The shape of errors below an address, None where they are problems."""
    for prefix, found in error_shapes.items():
        if path.startswith(prefix):
            return found
    return None


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
