"""May this request do this here? Every view says what each of its methods needs."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.authentication import Principal
from accounts.models import Workspace
from accounts.web.authentication import principal_of
from accounts.web.problems import Refused

# What a view declares instead of a permission key: anybody, or any signed-in person in no workspace.
PUBLIC = "public"
SIGNED_IN = "signed_in"
OPERATOR = "operator"


class DeclaredPermission(BasePermission):
    """Allow what `view.required_permissions` says for the action or method at hand.

    401 without a credential, 400 without a workspace where one is needed, 403 naming the missing key.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = required(view, str(request.method))
        if needed == PUBLIC:
            return True
        principal = principal_of(request)
        if principal.user is None:
            raise NotAuthenticated
        writes = request.method not in SAFE_METHODS
        _check_person(principal, view, needed=needed, writes=writes)
        if needed == SIGNED_IN:
            return True
        if needed == OPERATOR:
            return _check_operator(principal)
        _check_workspace(principal, writes=writes and not view.works_while_frozen)
        if not principal.may(needed):
            raise denied(needed)
        return True


def required(view: Any, method: str) -> str:
    """The key a view declares for its action or method; HEAD reads like GET.

    Raises LookupError when nothing is declared: `manage.py check` finds these before a request does.
    """
    declared: Mapping[str, str] = view.required_permissions
    action = str(getattr(view, "action", None))
    method = "GET" if method == "HEAD" else method
    for name in (action, method):
        if name in declared:
            return declared[name]
    raise LookupError(f"{type(view).__name__} declares no permission for {method}")


def denied(key: str) -> Refused:
    return Refused("permission_denied", members={"permission": key})


def _check_person(principal: Principal, view: Any, *, needed: str, writes: bool) -> None:
    """A key acts in its workspace within its scopes; what belongs to the person alone it may only read."""
    if principal.api_key_id is None:
        return
    personal = needed == SIGNED_IN or view.people_only_writes
    if view.people_only or needed == OPERATOR or (personal and writes):
        raise Refused("person_required")


def _check_operator(principal: Principal) -> bool:
    if principal.user is None or not principal.user.is_superuser:
        raise Refused("not_found")
    return True


def _check_workspace(principal: Principal, *, writes: bool) -> None:
    if principal.workspace_id is None:
        raise Refused("workspace_required")
    if writes:
        check_not_frozen(principal)


def check_not_frozen(principal: Principal) -> None:
    """Refuse a change in a workspace that is suspended or being deleted."""
    if principal.workspace_status == Workspace.Status.DELETING:
        raise Refused("workspace_deleting")
    if principal.workspace_status != Workspace.Status.ACTIVE:
        raise Refused("workspace_suspended")
