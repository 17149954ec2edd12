"""Raise a connection's `knowledge_version` with every statement that changes what is known of its database.

What is cached names this version, so no writer can forget to let go of it. By statement: reading a structure writes
a hundred thousand columns at once. A term of the whole workspace moves all its connections.
"""

from django.db import migrations

# Table and the connections that the rows in `moved` belong to.
SOURCES = {
    "querygpt_tables": "SELECT connection_id FROM moved",
    "querygpt_columns": "SELECT t.connection_id FROM moved m JOIN querygpt_tables t ON t.id = m.table_id",
    "querygpt_relationships": "SELECT connection_id FROM moved",
    "querygpt_terms": """SELECT c.id FROM moved m JOIN querygpt_connections c
        ON c.workspace_id = m.workspace_id AND (m.connection_id IS NULL OR m.connection_id = c.id)""",
}
EVENTS = (("came", "INSERT", "NEW"), ("changed", "UPDATE", "NEW"), ("went", "DELETE", "OLD"))
# In the order of the keys: two writers that move the same connections wait for each other, never in a circle.
COUNT = """
CREATE FUNCTION {table}_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM querygpt_connections WHERE id IN ({source}) ORDER BY id FOR NO KEY UPDATE;
    UPDATE querygpt_connections SET knowledge_version = knowledge_version + 1 WHERE id IN ({source});
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE TRIGGER {table}_{name} AFTER {event} ON {table} REFERENCING {side} TABLE AS moved
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_counted();
"""
DROP = """
DROP TRIGGER {table}_went ON {table};
DROP TRIGGER {table}_changed ON {table};
DROP TRIGGER {table}_came ON {table};
DROP FUNCTION {table}_counted();
"""


def counted(table: str, source: str) -> migrations.RunSQL:
    triggers = "".join(
        TRIGGER.format(table=table, name=name, event=event, side=side)
        for name, event, side in EVENTS
    )
    return migrations.RunSQL(
        COUNT.format(table=table, source=source) + triggers, DROP.format(table=table)
    )


class Migration(migrations.Migration):
    dependencies = [("querygpt", "0003_search_of_conversations")]

    operations = [counted(table, source) for table, source in SOURCES.items()]
