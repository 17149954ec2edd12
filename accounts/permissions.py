"""May this person do this here? Rights come from roles; the answer is cached under the versions of both sides."""

from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import models
from django.utils import timezone

from accounts import tenancy
from accounts.models import Permission, Role, RolePermission, UserRole
from accounts.registry import Permission as Declared
from accounts.registry import permissions as declared

CACHE_SECONDS = 30 * 60
OWNER, ADMIN, EDITOR, VIEWER = "owner", "admin", "editor", "viewer"
EVERYBODY = frozenset({OWNER, ADMIN, EDITOR, VIEWER})
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


def declare() -> None:
    """The rights of this app. Other apps declare theirs in their own `ready()`."""
    for key, zh, en, roles, risk in (
        ("workspace.view", "查看工作区", "View the workspace", EVERYBODY, "low"),
        ("workspace.update", "修改工作区", "Change the workspace", MANAGERS, "low"),
        ("workspace.delete", "删除工作区", "Delete the workspace", OWNER_ONLY, "high"),
        ("workspace.transfer", "移交工作区", "Hand the workspace over", OWNER_ONLY, "high"),
        ("member.view", "查看成员", "See the members", EVERYBODY, "low"),
        ("member.manage", "管理成员", "Manage members", MANAGERS, "high"),
        ("role.view", "查看角色", "See roles", EVERYBODY, "low"),
        ("role.manage", "管理角色", "Manage roles", MANAGERS, "high"),
        ("api_key.manage", "管理自己的密钥", "Manage one's own API keys", WRITERS, "high"),
    ):
        declared.add(key, Declared(key, zh, en, roles, risk))


def held(*, user_id: UUID, workspace_id: int, is_owner: bool, versions: str) -> frozenset[str]:
    """Every permission key this person holds in this workspace.

    `versions` was read before this is called, so a right taken away in between makes the entry unreachable.
    One query when cold, none when cached.
    """
    if is_owner:
        return frozenset(
            key for key, permission in declared.items() if permission.scope == "workspace"
        )
    name = f"perm:{workspace_id}:{user_id}:{versions}.{fingerprint()}"
    found = cache.get(name)
    if found is None:
        found = sorted(_from_roles(user_id, workspace_id))
        cache.set(name, found, CACHE_SECONDS)
    return frozenset(found)


def _from_roles(user_id: UUID, workspace_id: int) -> set[str]:
    live = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=timezone.now())
    roles = UserRole.objects.filter(live, workspace_id=workspace_id, user_id=user_id)
    grants = RolePermission.objects.filter(
        role__in=roles.values("role"), permission__retired_at__isnull=True
    )
    return set(grants.values_list("permission__key", flat=True))


def fingerprint() -> str:
    """Changes when the set of declared permissions does."""
    return f"{len(declared)}"


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
        wanted = {ids[code] for code, entry in declared.items() if key in entry.roles}
        grants = RolePermission.objects.using(using).filter(role=role)
        grants.exclude(permission_id__in=wanted).delete()
        known = set(grants.values_list("permission_id", flat=True))
        RolePermission.objects.using(using).bulk_create(
            RolePermission(role=role, permission_id=permission)
            for permission in sorted(wanted - known)
        )
