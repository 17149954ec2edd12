"""May this person do this here? Rights come from roles; the answer is cached under the versions of both sides."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache as once
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from accounts import tenancy
from accounts.models import Membership, Permission, Role, RolePermission, UserRole, Workspace
from accounts.models.role import shown_name
from accounts.registry import Permission as Declared
from accounts.registry import permissions as declared

CACHE_SECONDS = 30 * 60
OWNER, ADMIN, EDITOR, VIEWER = "owner", "admin", "editor", "viewer"
EVERYBODY = frozenset({OWNER, ADMIN, EDITOR, VIEWER})
DOMAIN = frozenset({"plugin_admin", "model_admin", "data_engineer", "analyst"})
MEMBERS = EVERYBODY | DOMAIN
WRITERS = frozenset({OWNER, ADMIN, EDITOR})
MANAGERS = frozenset({OWNER, ADMIN})
OWNER_ONLY = frozenset({OWNER})
SYSTEM_ROLES = {
    ADMIN: ("管理员", "Everything in the workspace but deleting it and handing it over."),
    EDITOR: ("编辑", "Creates, changes, runs and deletes content."),
    VIEWER: ("访客", "Reads and exports content; runs nothing that costs."),
    "plugin_admin": ("插件管理员", "Installs and configures plugins."),
    "model_admin": ("模型管理员", "Connects models and sees what they cost."),
    "data_engineer": ("数据工程师", "Works on vectors, connections and tasks."),
    "analyst": ("分析员", "Asks, views and audits."),
    "ops_admin": ("运维管理员", "Tasks, logs, configuration and limits of the platform."),
}
# What a role for one domain holds besides what the apps give it by name.
PATTERNS = {
    "plugin_admin": ("plugin.*", "plugin_audit.view"),
    "model_admin": ("model.*", "usage.view"),
    "data_engineer": ("vector.*", "connection.*", "task.*"),
    "analyst": ("*.query", "*.view"),
}
OPERATORS_ALONE: frozenset[str] = frozenset()
OPS = frozenset({"ops_admin"})


def declare() -> None:
    """The rights of this app. Other apps declare theirs in their own `ready()`."""
    for key, zh, en, roles, risk in (
        ("workspace.view", "查看工作区", "View the workspace", MEMBERS, "low"),
        ("workspace.update", "修改工作区", "Change the workspace", MANAGERS, "low"),
        ("workspace.delete", "删除工作区", "Delete the workspace", OWNER_ONLY, "high"),
        ("workspace.transfer", "移交工作区", "Hand the workspace over", OWNER_ONLY, "high"),
        ("member.view", "查看成员", "See the members", MEMBERS, "low"),
        ("member.manage", "管理成员", "Manage members", MANAGERS, "high"),
        ("role.view", "查看角色", "See roles", MEMBERS, "low"),
        ("role.manage", "管理角色", "Manage roles", MANAGERS, "high"),
        ("api_key.manage", "管理自己的密钥", "Manage one's own API keys", WRITERS, "high"),
    ):
        declared.add(key, Declared(key, zh, en, roles, risk))
    for key, zh, en, roles, risk in (
        ("platform.person.view", "查看用户", "See people", OPS, "low"),
        ("platform.person.manage", "管理用户", "Manage people", OPERATORS_ALONE, "high"),
        ("platform.workspace.view", "查看所有工作区", "See every workspace", OPS, "low"),
        (
            "platform.workspace.manage",
            "管理所有工作区",
            "Manage every workspace",
            OPERATORS_ALONE,
            "high",
        ),
        ("platform.access.view", "查看所有权限", "See who may do what", OPS, "low"),
        (
            "platform.access.manage",
            "管理所有权限",
            "Manage who may do what",
            OPERATORS_ALONE,
            "high",
        ),
        ("platform.limit.view", "查看限流", "See the rate limits", OPS, "low"),
        ("platform.limit.manage", "调整限流", "Change the rate limits", OPS, "high"),
        ("platform.feed.view", "查看变更流", "See the change feed", OPS, "low"),
        (
            "platform.feed.manage",
            "重置变更流",
            "Begin the change feed anew",
            OPERATORS_ALONE,
            "high",
        ),
    ):
        declared.add(key, Declared(key, zh, en, roles, risk, scope="platform"))


def held(*, user_id: UUID, workspace_id: int, is_owner: bool, versions: str) -> frozenset[str]:
    """Every permission key this person holds in this workspace.

    `versions` was read before this is called, so a right taken away in between makes the entry unreachable.
    One query when cold, none when cached.
    """
    if is_owner:
        return in_workspaces()
    name = f"perm:{workspace_id}:{user_id}:{versions}.{fingerprint()}"
    found = cache.get(name)
    if found is None:
        found, seconds = _from_roles(user_id, workspace_id)
        cache.set(name, found, seconds)
    return frozenset(found)


def _from_roles(user_id: UUID, workspace_id: int) -> tuple[list[str], float]:
    """The keys, and how long they hold: no longer than the grant that ends first. Two queries."""
    now = timezone.now()
    roles = UserRole.objects.live(now).filter(workspace_id=workspace_id, user_id=user_id)
    grants = dict(roles.values_list("role_id", "expires_at"))
    ends = [(end - now).total_seconds() for end in grants.values() if end is not None]
    return sorted(keys_of(grants)), min([CACHE_SECONDS, *ends])


def keys_of(role_ids: Iterable[int]) -> set[str]:
    """The keys that roles give inside a workspace."""
    grants = RolePermission.objects.filter(
        role__in=list(role_ids),
        permission__retired_at__isnull=True,
        permission__scope=Permission.Scope.WORKSPACE,
    )
    return set(grants.values_list("permission__key", flat=True))


def of_member(*, user_id: UUID | None, workspace: Workspace) -> frozenset[str] | None:
    """What a member may do in a workspace, asked of the database itself; None who is not an active member."""
    if not Membership.objects.active().filter(workspace=workspace, user_id=user_id).exists():
        return None
    if workspace.owner_id == user_id:
        return in_workspaces()
    grants = UserRole.objects.live(timezone.now()).filter(workspace=workspace, user_id=user_id)
    return frozenset(keys_of(grants.values_list("role_id", flat=True)))


def explain(*, user_id: UUID, workspace: Workspace) -> dict[str, list[str]]:
    """Why this person may do what they may: each key with the names of the roles that give it.

    The owner holds every key by owning. One query.
    """
    if workspace.owner_id == user_id:
        return {key: [OWNER] for key in sorted(in_workspaces())}
    held_roles = UserRole.objects.live(timezone.now()).filter(workspace=workspace, user_id=user_id)
    grants = RolePermission.objects.filter(
        role__in=held_roles.values("role"),
        permission__retired_at__isnull=True,
        permission__scope=Permission.Scope.WORKSPACE,
    )
    reasons: dict[str, list[str]] = {}
    columns = ("permission__key", "role__key", "role__name")
    for key, role_key, name in grants.order_by("permission__key", "role__name").values_list(
        *columns
    ):
        reasons.setdefault(key, []).append(shown_name(role_key, name))
    return reasons


@once
def in_workspaces() -> frozenset[str]:
    """Every key that can be held inside a workspace; an owner holds them all."""
    return frozenset(key for key, entry in declared.items() if entry.scope == "workspace")


@once
def fingerprint() -> str:
    """Changes when the set of declared permissions or their scopes do."""
    text = "\n".join(sorted(f"{key} {entry.scope}" for key, entry in declared.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def belongs(role_key: str, entry: Declared) -> bool:
    """Whether a system role holds a permission: by name, or by the pattern of its domain."""
    if role_key in entry.roles:
        return True
    # A pattern over every domain reaches only what does no harm.
    patterns = [one for one in PATTERNS.get(role_key, ()) if entry.risk == "low" or one[0] != "*"]
    return entry.scope == "workspace" and any(fnmatchcase(entry.key, one) for one in patterns)


def forgotten(now: datetime) -> QuerySet[UserRole]:
    """Grants whose time is over; they have counted for nothing since."""
    return UserRole.objects.filter(expires_at__lte=now)


def after_migrate(*, using: str, **_: Any) -> None:
    """Let the tables follow the registry. Keys that vanished are retired, never deleted."""
    if using == "owner":
        with tenancy.migration_scope(using):
            _synchronise(using)


def _synchronise(using: str) -> None:
    now = timezone.now()
    rows = Permission.objects.using(using)
    for key, entry in declared.items():
        rows.update_or_create(
            key=key,
            defaults={
                "app": key.partition(".")[0],
                "label_zh": entry.label_zh,
                "label_en": entry.label_en,
                "description": entry.description,
                "risk": entry.risk,
                "scope": entry.scope,
                "retired_at": None,
            },
        )
    rows.filter(retired_at__isnull=True).exclude(key__in=list(declared)).update(retired_at=now)
    ids = dict(rows.values_list("key", "id"))
    for key, (name, description) in SYSTEM_ROLES.items():
        role, _created = Role.objects.using(using).update_or_create(
            key=key,
            workspace=None,
            defaults={
                "name": name,
                "name_key": key,
                "description": description,
                "is_system": True,
            },
        )
        wanted = {ids[code] for code, entry in declared.items() if belongs(key, entry)}
        grants = RolePermission.objects.using(using).filter(role=role)
        grants.exclude(permission_id__in=wanted).delete()
        known = set(grants.values_list("permission_id", flat=True))
        RolePermission.objects.using(using).bulk_create(
            RolePermission(role=role, permission_id=permission)
            for permission in sorted(wanted - known)
        )
