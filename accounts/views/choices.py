"""What is chosen from the frame of a page: the workspace and the language."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts import preferences
from accounts.authentication import WORKSPACE_SESSION_KEY
from accounts.models import UserSettings, Workspace
from accounts.web import frame
from accounts.web.access import public, signed_in


@require_POST
@signed_in
def switch_workspace(request: HttpRequest) -> HttpResponse:
    """Go on in another workspace, at the same kind of page."""
    wanted = request.POST.get("workspace", "")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) <= 18 else 0
    workspace = get_object_or_404(Workspace.objects.visible_to(request.user), pk=number)  # type: ignore[arg-type]
    request.session[WORKSPACE_SESSION_KEY] = workspace.id
    return HttpResponseRedirect(_same_kind_of_page(request))


@public
@require_POST
def switch_language(request: HttpRequest) -> HttpResponse:
    """Remember the language: in the account when there is one, in this browser always."""
    language = request.POST.get("language", "")
    if language not in UserSettings.Language.values:
        language = UserSettings.Language.CHINESE
    if request.user.is_authenticated:
        preferences.change_settings(user=request.user, fields={"language": language})
    return frame.remember_look(HttpResponseRedirect(_next(request)), {"language": language})


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if safe else "/"


def _same_kind_of_page(request: HttpRequest) -> str:
    """The room the person is in: a single thing of the old workspace does not exist in the new one."""
    here = _next(request)
    rooms = [place["url"] for place in frame.of(request).places if here.startswith(place["url"])]
    return max(rooms, key=len, default="/")
