"""What of this app clients keep a copy of."""

from typing import Any

from django.db.models import QuerySet

from accounts import sync
from accounts.api.me import ProfileOut, SettingsOut
from accounts.api.members import MemberOut, people
from accounts.api.roles import RoleOut
from accounts.api.workspaces import WorkspaceOut
from accounts.authentication import Principal
from accounts.models import Profile, Role, UserSettings, Workspace
from accounts.registry import SyncResource, sync_resources

LAST_WRITE_WINS = "last_write_wins"  # field by field, in the order of arrival
IF_MATCH = (
    "if_match"  # a write names the version it saw; a stale one is refused with the current one
)
SERVER_WINS = "server_wins"  # a mirror to read; writes go to other operations


def declare() -> None:
    for name, shape, address, conflict, loading in (
        (
            "settings",
            SettingsOut,
            "/api/v1/me/settings/",
            LAST_WRITE_WINS,
            sync.of_queryset(_settings),
        ),
        ("profile", ProfileOut, "/api/v1/me/", IF_MATCH, sync.of_queryset(_profile)),
        (
            "workspace",
            WorkspaceOut,
            "/api/v1/workspaces/{id}/",
            IF_MATCH,
            sync.of_queryset(_workspaces),
        ),
        (
            "member",
            MemberOut,
            "/api/v1/workspaces/{workspace_id}/members/{id}/",
            IF_MATCH,
            sync.of_queryset(_members, key="user_id"),
        ),
        ("role", RoleOut, "/api/v1/roles/{id}/", IF_MATCH, sync.of_queryset(_roles)),
    ):
        resource = SyncResource(name, shape, address, conflict, **loading)
        sync_resources.add(name, resource)


def _settings(principal: Principal) -> QuerySet:
    return UserSettings.objects.filter(user=principal.user)


def _profile(principal: Principal) -> QuerySet:
    return Profile.objects.filter(user=principal.user)


def _workspaces(principal: Principal) -> QuerySet:
    """A key knows its own workspace only."""
    found: Any = Workspace.objects.visible_to(_person(principal))
    return found.filter(pk=principal.workspace_id) if principal.api_key_id else found


def _members(principal: Principal) -> QuerySet:
    found: Any = people(_person(principal), principal.workspace_id)
    return found if principal.may("member.view") else found.none()


def _roles(principal: Principal) -> QuerySet:
    found = Role.objects.grantable_in(principal.workspace_id).with_permissions()
    return found if principal.may("role.view") else found.none()


def _person(principal: Principal) -> Any:
    return principal.user
