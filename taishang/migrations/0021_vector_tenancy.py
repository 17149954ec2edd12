"""Collections and all that belongs to them stay in one workspace; nothing points out of it."""

from django.db import migrations

from accounts.rls import RowVersion, TenantForeignKey, TenantKey, TenantPolicy

TABLES = (
    "tai_vector_collections",
    "tai_vectors",
    "tai_vector_states",
    "tai_vector_namespaces",
    "tai_vector_usage",
    "tai_vector_changes",
    "tai_vector_indexes",
    "tai_vector_recall_runs",
)
OF_A_COLLECTION = (
    "tai_vector_states",
    "tai_vector_namespaces",
    "tai_vector_changes",
    "tai_vector_indexes",
    "tai_vector_recall_runs",
)


class Migration(migrations.Migration):
    dependencies = [("taishang", "0020_vector_rows")]

    operations = [
        *[TenantPolicy(table) for table in TABLES],
        TenantKey("tai_vector_collections"),
        TenantKey("tai_vector_indexes"),
        *[
            TenantForeignKey(table, "collection_id", "tai_vector_collections")
            for table in OF_A_COLLECTION
        ],
        TenantForeignKey("tai_vector_recall_runs", "index_id", "tai_vector_indexes"),
        RowVersion("tai_vector_collections"),
    ]
