"""Empty the tables after data that was committed for a whole module."""

from django.core.management.sql import emit_post_migrate_signal
from django.db import connections

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
    # The platform's own roles, prompts and agents went along; they come back as after a migration.
    emit_post_migrate_signal(verbosity=0, interactive=False, db="owner")
    connections["owner"].close()
