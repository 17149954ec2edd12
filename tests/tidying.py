"""Empty the tables after data that was committed for a whole module."""

from django.db import connections

KEPT = (
    "django_migrations",
    "django_content_type",
    "accounts_permissions",
    "accounts_roles",
    "accounts_role_permissions",
    "tai_schedules",
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
        # Roles refer to workspaces, but only the platform's own are kept, which refer to none.
        cursor.execute("DELETE FROM accounts_roles WHERE workspace_id IS NOT NULL")
        cursor.execute(f"TRUNCATE {names} CASCADE")
    connections["owner"].close()
