"""What every request passes through before a view sees it; one concern per class."""

import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from csp.constants import UNSAFE_EVAL
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from accounts import (
    api_keys,
    authentication,
    breaker,
    languages,
    limits,
    second_factor,
    sessions,
    tenancy,
)
from accounts.ids import uuid7
from accounts.limits import Demand
from accounts.models import User
from accounts.web import console, outside, problems, throttles
from accounts.web.streams import release

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
VARY = ("Accept-Language", "Cookie", "Authorization")
KEPT_HEADERS = ("Allow", "Retry-After")
FOLLOWED = ("GET", "HEAD")
CONSOLE_PREFIX = "/admin/"
# Where a person without the second factor they need may still go.
ALWAYS_OPEN_PATHS = ("/accounts/", "/language/", "/problems/", "/password-strength/")
SIGN_IN_PATHS = ("/accounts/login/", "/api/v1/auth/token/")
UNSCOPED_PATHS = ("/static/", "/healthz", "/readyz", "/favicon", "/problems/")
logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Give every request an id that its log lines, audit rows and errors share."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        breaker.start_budget()
        request.trace_id = given if REQUEST_ID.fullmatch(given) else uuid7().hex  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-Id"] = request.trace_id  # type: ignore[attr-defined]
        return response


class ProblemMiddleware:
    """Every refusal under `/api/` is a problem document, also where no API view was reached."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith(problems.API_PREFIX):
            return response
        if response.status_code == HTTPStatus.MOVED_PERMANENTLY and request.method not in FOLLOWED:
            # Another address would be asked without the body: there is nothing here.
            return problems.of_status(request, HTTPStatus.NOT_FOUND)
        if response.status_code < 400:
            return response
        if getattr(response, "is_problem", False):
            return response
        with translation.override(getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)):
            keep = {name: response[name] for name in KEPT_HEADERS if name in response}
            return problems.of_status(request, response.status_code, headers=keep)


class TenancyMiddleware:
    """One transaction per request, opened by its authentication and closed by its answer.

    An answer of 400 or more takes everything back; what must stay nevertheless (a revoked family, a refusal in
    the audit log) is written after the rollback, by the functions in `request.after_rollback`. What waits for the world
    outside is answered after the commit (`accounts.web.outside`).
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.after_rollback = []  # type: ignore[attr-defined]
        if request.path.startswith(UNSCOPED_PATHS):
            request.principal = authentication.ANONYMOUS  # type: ignore[attr-defined]
            return self.get_response(request)
        try:
            response = self._enveloped(request)
            for finish in request.after_rollback:  # type: ignore[attr-defined]
                finish()
            self._note_key(request)
            if isinstance(response, outside.Promise):
                release()
            if isinstance(response, outside.Later):
                response = outside.fulfilled(request, response)  # type: ignore[assignment]
        except (OperationalError, InterfaceError) as error:
            logger.warning("database unavailable error=%s", type(error).__name__)
            return _unavailable(request)
        return response

    def _note_key(self, request: HttpRequest) -> None:
        principal = request.principal  # type: ignore[attr-defined]
        if principal.api_key_id:
            api_keys.note_use(
                context=principal.context,
                api_key_id=principal.api_key_id,
                ip=sessions.client_ip(request),
            )

    def _enveloped(self, request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            request.principal = principal = authentication.authenticate(request)  # type: ignore[attr-defined]
            with tenancy.adopted(principal.context):
                left = self._judge(request)
                if not left and request.path not in SIGN_IN_PATHS:
                    return self._answered(request)
                # What the database counts stays counted, whatever becomes of the request: it commits here.
                request.rate_verdicts += limits.by_database(left)  # type: ignore[attr-defined]
            self._leave_if_nested()
        if request.method == "POST" and request.path in SIGN_IN_PATHS:
            return self._hashing(request)
        with tenancy.entered(principal.context):
            return self._answered(request)

    def _hashing(self, request: HttpRequest) -> HttpResponse:
        """A password is hashed, perhaps after waiting for its turn, while no transaction is open; the view opens its own."""
        if request.path.startswith(problems.API_PREFIX):
            request.principal = authentication.ANONYMOUS  # type: ignore[attr-defined]
        with tenancy.adopted(tenancy.NOBODY):
            return self.get_response(request)

    def _judge(self, request: HttpRequest) -> list[Demand]:
        """Let Redis judge the call; the limits that only the database can judge are returned."""
        request.rate_demands = demands = throttles.demands_of(request)  # type: ignore[attr-defined]
        request.rate_verdicts, left = limits.by_redis(demands)  # type: ignore[attr-defined]
        return left

    def _answered(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code >= 400:
            transaction.set_rollback(True)
        else:
            self._leave_if_nested()
        return response

    def _leave_if_nested(self) -> None:
        if transaction.get_connection().savepoint_ids:
            tenancy.leave()


def _unavailable(request: HttpRequest) -> HttpResponse:
    """The answer without a database: no session and no look-up of any kind."""
    page = render_to_string("503.html", {"status": 503, "trace_id": request.trace_id})  # type: ignore[attr-defined]
    wait = str(problems.RETRY_SECONDS)
    headers = {"Retry-After": wait, "Cache-Control": "no-store"}
    return HttpResponse(page, status=503, headers=headers)


class PrincipalMiddleware(AuthenticationMiddleware):
    """`request.user` is the person the tenancy envelope already loaded; no second look-up."""

    def process_request(self, request: HttpRequest) -> None:
        request.user = request.principal.user or AnonymousUser()  # type: ignore[attr-defined]


class LimitMiddleware:
    """Refuse what is used up, and tell programs what is left."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        verdicts = getattr(request, "rate_verdicts", [])
        response = throttles.refusal(request, verdicts) or self.get_response(request)
        if request.path.startswith(problems.API_PREFIX):
            throttles.tell(response, verdicts)
        return response


class SignedOutMiddleware:
    """A part of a page that asks after its sign-in ended is told so (401), instead of getting the sign-in page.

    The page then asks for the password in a dialog and repeats the request.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        target = response.get("Location", "").partition("?")[0]
        if "HX-Request" in request.headers and target == str(settings.LOGIN_URL):
            return HttpResponse(status=401, headers={"Cache-Control": "no-store"})
        return response


class SecondFactorMiddleware:
    """Who must have a second factor sets it up first: staff before the console, others before anything else."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        principal = request.principal  # type: ignore[attr-defined]
        if principal.kind != "browser" or principal.user is None or not self._holds(request):
            return self.get_response(request)
        if request.path.startswith(problems.API_PREFIX):
            return problems.response(request, "mfa_enrolment_required")
        return redirect("mfa_index")

    def _holds(self, request: HttpRequest) -> bool:
        user = request.principal.user  # type: ignore[attr-defined]
        if request.path.startswith(CONSOLE_PREFIX) and user.is_staff:
            person = User.objects.only("is_staff", "created_at", "mfa_due_at").get(pk=user.pk)
            return second_factor.is_overdue(person, now=timezone.now())
        if request.path.startswith(ALWAYS_OPEN_PATHS):
            return False
        if not request.session.get(second_factor.ENROL_KEY):
            return False
        if second_factor.is_set_up(user):
            del request.session[second_factor.ENROL_KEY]
            return False
        return True


class ConsoleMiddleware:
    """Operators look across workspaces: everything under `/admin/` runs in the platform scope, and leaves a trail.

    Only a person at a browser gets there; a token or key never opens the console.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        principal = request.principal  # type: ignore[attr-defined]
        if not request.path.startswith(CONSOLE_PREFIX) or principal.user is None:
            return self.get_response(request)
        if principal.kind != "browser":
            request.user = AnonymousUser()
            return self.get_response(request)
        if not principal.user.is_staff:
            return self.get_response(request)
        with tenancy.platform_scope(reason=_place(request.path)):
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        """What the operator's platform roles open; nobody forgets to ask on a page of their own."""
        if request.path.startswith(CONSOLE_PREFIX) and getattr(request.user, "is_staff", False):
            console.guard(request, view)


def _place(path: str) -> str:
    """The list that is looked at, without ids: `/admin/accounts/user/`."""
    return "/".join(path.split("/")[:4])


class ConsoleScriptsMiddleware:
    """The console's theme evaluates the expressions in its templates, so its pages alone allow that."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(CONSOLE_PREFIX):
            response._csp_update = {"script-src": [UNSAFE_EVAL]}  # type: ignore[attr-defined]
        return response


class LanguageMiddleware:
    """The person's setting, then the cookie, then the browser's wish, then Chinese."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        code = languages.choose(
            setting=request.principal.language,  # type: ignore[attr-defined]
            cookie=request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME),
            header=request.headers.get("Accept-Language", ""),
        )
        with translation.override(code):
            request.LANGUAGE_CODE = code
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", languages.WRITTEN[code])
        return response


class PrivacyMiddleware:
    """A reply is in one person's language and about what that person may see: no shared cache keeps it.

    A page is asked for again but may stay in the browser's own memory, so that going back keeps what was typed.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_vary_headers(response, VARY)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
