"""What laojun puts around every request: where its deeds and log lines came from, and one look at the settings."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts import sessions
from laojun import audit, snapshots
from laojun.logs import origin
from laojun.logs.origin import Origin

CONSOLE_PREFIX = "/admin/"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
Handler = Callable[[HttpRequest], HttpResponse]


class LogMiddleware:
    """Every log line of a request says which one it was."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        where = Origin(
            trace_id=request.trace_id,  # type: ignore[attr-defined]
            method=request.method or "",
            path=request.path,
            ip_address=sessions.client_ip(request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        with origin.of(where):
            return self.get_response(request)


class SettingsMiddleware:
    """One request sees one state of the settings, however often it asks."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with snapshots.remembered():
            return self.get_response(request)


class AuditMiddleware:
    """Tell the audit log who asks from where, and keep every refused change, though its transaction goes."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        principal = request.principal  # type: ignore[attr-defined]
        given = audit.Facts(
            trace_id=request.trace_id,  # type: ignore[attr-defined]
            ip_address=sessions.client_ip(request),
            user_agent=request.headers.get("User-Agent", ""),
            actor=audit.Actor.of_principal(principal),
            afterwards=request.after_rollback,  # type: ignore[attr-defined]
        )
        with audit.facts(given):
            response = self.get_response(request)
            if response.status_code == 403 and request.method not in SAFE_METHODS:
                audit.record_afterwards(
                    actor=principal,
                    action="access.denied",
                    target=audit.Target(
                        "path", request.path, platform=request.path.startswith(CONSOLE_PREFIX)
                    ),
                    details={"method": request.method},
                )
        return response
