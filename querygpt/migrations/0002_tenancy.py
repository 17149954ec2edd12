"""Connections and all that hangs on them stay in one workspace; nothing points out of it.

Prompts of the platform are for everybody to read, and for operators to write.
"""

from django.db import migrations

from accounts.rls import (
    IN_WORKSPACE_OR_PLATFORM,
    RowVersion,
    TenantForeignKey,
    TenantKey,
    TenantPolicy,
)
from taishang.models.references import ModelReference

TABLES = (
    "querygpt_connections",
    "querygpt_connection_files",
    "querygpt_tables",
    "querygpt_columns",
    "querygpt_relationships",
    "querygpt_terms",
    "querygpt_examples",
    "querygpt_conversations",
    "querygpt_messages",
    "querygpt_runs",
    "querygpt_results",
)
# What others point at.
TARGETS = (
    "querygpt_connections",
    "querygpt_tables",
    "querygpt_conversations",
    "querygpt_messages",
    "querygpt_runs",
)
# Table, column, what it points at. These go with what they belong to.
BELONGS = (
    ("querygpt_connection_files", "connection_id", "querygpt_connections"),
    ("querygpt_tables", "connection_id", "querygpt_connections"),
    ("querygpt_columns", "table_id", "querygpt_tables"),
    ("querygpt_relationships", "connection_id", "querygpt_connections"),
    ("querygpt_relationships", "from_table_id", "querygpt_tables"),
    ("querygpt_relationships", "to_table_id", "querygpt_tables"),
    ("querygpt_terms", "connection_id", "querygpt_connections"),
    ("querygpt_examples", "connection_id", "querygpt_connections"),
    ("querygpt_messages", "conversation_id", "querygpt_conversations"),
    ("querygpt_messages", "reply_to_id", "querygpt_messages"),
    ("querygpt_results", "run_id", "querygpt_runs"),
)
# These stay, and forget what they named.
NAMES = (
    ("querygpt_examples", "source_message_id", "querygpt_messages"),
    ("querygpt_conversations", "connection_id", "querygpt_connections"),
    ("querygpt_conversations", "forked_from_id", "querygpt_conversations"),
    ("querygpt_runs", "connection_id", "querygpt_connections"),
    ("querygpt_runs", "conversation_id", "querygpt_conversations"),
    ("querygpt_runs", "message_id", "querygpt_messages"),
    ("querygpt_results", "message_id", "querygpt_messages"),
)
VERSIONED = (
    "querygpt_connections",
    "querygpt_connection_files",
    "querygpt_tables",
    "querygpt_columns",
    "querygpt_relationships",
    "querygpt_terms",
    "querygpt_examples",
    "querygpt_conversations",
    "querygpt_messages",
    "querygpt_prompts",
)


class Migration(migrations.Migration):
    dependencies = [
        ("querygpt", "0001_questions_to_databases"),
        ("taishang", "0023_vector_models"),
        ("accounts", "0012_rights_in_the_database"),
    ]

    operations = [
        *[TenantPolicy(table) for table in TABLES],
        TenantPolicy("querygpt_prompts", read=IN_WORKSPACE_OR_PLATFORM),
        *[TenantKey(table) for table in TARGETS],
        *[TenantForeignKey(*reference) for reference in BELONGS],
        *[TenantForeignKey(*reference, on_delete="SET NULL") for reference in NAMES],
        *[RowVersion(table) for table in VERSIONED],
        ModelReference("querygpt_conversations", owner="user_id", kind="'chat'"),
    ]
