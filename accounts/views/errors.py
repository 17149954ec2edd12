"""The pages of refusals and failures. They ask the database nothing, so they also work without one."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from accounts.web import problems
from accounts.web.frame import theme_of

WORDS = {
    400: (
        _("This request could not be read"),
        _("The address or the form is damaged. Go back, reload and try again."),
    ),
    403: (
        _("You may not do this here"),
        _("Ask an administrator of the workspace for the right, or switch to another workspace."),
    ),
    404: (
        _("There is nothing here"),
        _(
            "The address is wrong, the thing was deleted, or it belongs to a workspace you are not in."
        ),
    ),
    413: (_("This is too large"), _("Send a smaller file. The limit stands beside the field.")),
    429: (
        _("Too many tries"),
        _("Wait a little, then go on. Nothing of what you typed is lost if you go back."),
    ),
    500: (
        _("Something broke on our side"),
        _("Nothing was changed. Try again; if it stays, tell your operator the trace below."),
    ),
}


def page(request: HttpRequest, status: int) -> HttpResponse:
    """The page of a status, in the reader's language and theme, with the trace to quote; programs get a problem."""
    if request.path.startswith(problems.API_PREFIX):
        return problems.of_status(request, status)
    title, remedy = WORDS[status]
    text = render_to_string(
        f"{status}.html",
        {
            "status": status,
            "title": title,
            "remedy": remedy,
            "trace_id": getattr(request, "trace_id", ""),
            "theme": theme_of(request),
        },
    )
    return HttpResponse(text, status=status, headers={"Cache-Control": "no-store"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    too_large = getattr(exception, "status_code", None) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return page(request, 413 if too_large else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was older than the session, or came from somewhere else."""
    if request.path.startswith(problems.API_PREFIX):
        return problems.response(request, "csrf_failed")
    context = {"theme": theme_of(request), "trace_id": getattr(request, "trace_id", "")}
    return render(request, "403_csrf.html", {**context, "status": 403}, status=403)
