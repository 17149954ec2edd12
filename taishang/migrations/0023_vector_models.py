"""Collections name the model that embeds their documents, and clients may keep a copy of collections."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.changes import NoteChanges
from taishang.models.references import ModelReference

KEY = """
ALTER TABLE tai_vector_collections ADD CONSTRAINT tai_vector_collections_model_fk
    FOREIGN KEY (model_id) REFERENCES tai_models (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX tai_vector_collections_model_ix ON tai_vector_collections (model_id)
    WHERE model_id IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0022_vector_search_role")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    KEY,
                    """
                    DROP INDEX tai_vector_collections_model_ix;
                    ALTER TABLE tai_vector_collections DROP CONSTRAINT tai_vector_collections_model_fk;
                    """,
                )
            ],
            state_operations=[
                migrations.RemoveField("vectorcollection", "model_id"),
                migrations.AddField(
                    "vectorcollection",
                    "model",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="taishang.model",
                    ),
                ),
            ],
        ),
        ModelReference(
            "tai_vector_collections", kind="'embedding'", uses="NEW.model_id IS NOT NULL"
        ),
        NoteChanges("tai_vector_collections", "vector_collection"),
    ]
