"""Empty the tables after data that was committed for a whole module."""

from django.db import connections

from accounts import permissions

KEPT = (
    "django_migrations",
    "django_content_type",
    "accounts_permissions",
    "tai_schedules",
    "accounts_feed_state",
    "accounts_cache_epoch",
    "lao_audit_instance",
)


def empty_tenant_tables() -> None:
    """As the owner, every table but those that migrations fill."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition AND NOT relname = ANY(%s)",
            [list(KEPT)],
        )
        names = ", ".join(row[0] for row in cursor.fetchall())
        cursor.execute(f"TRUNCATE {names} CASCADE")
    # Roles refer to workspaces, so they went along; the platform's own come back as after a migration.
    permissions.after_migrate(using="owner")
    connections["owner"].close()
