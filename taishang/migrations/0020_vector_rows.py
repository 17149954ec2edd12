"""The rows of all collections, partitioned by collection: small ones share a partition, large ones get their own.

Partitions have forced row-level security without a policy and no grant: whoever names one is refused, since a
partition read by its own name would pass by the parent's policy. The vector index stands on own partitions only.
"""

import django.contrib.postgres.search
from django.db import migrations, models

import taishang.models.vectors
from accounts.rls import APP, OPERATOR

ROWS = f"""
CREATE SEQUENCE tai_vectors_id_seq AS bigint CACHE 100;
CREATE TABLE tai_vectors (
    id bigint NOT NULL DEFAULT nextval('tai_vectors_id_seq'),
    workspace_id bigint NOT NULL,
    collection_id bigint NOT NULL,
    namespace varchar(128) NOT NULL DEFAULT '',
    external_id varchar(256) NOT NULL,
    dims integer NOT NULL,
    embedding vector,
    embed_state varchar(8) NOT NULL DEFAULT 'ready',
    embed_error varchar(300) NOT NULL DEFAULT '',
    payload jsonb NOT NULL DEFAULT '{{}}',
    document text NOT NULL DEFAULT '',
    tsv tsvector,
    row_hash bytea NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT tai_vectors_pk PRIMARY KEY (collection_id, id),
    CONSTRAINT tai_vectors_external UNIQUE (collection_id, namespace, external_id),
    CONSTRAINT tai_vectors_collection_tenant_fk FOREIGN KEY (workspace_id, collection_id, dims)
        REFERENCES tai_vector_collections (workspace_id, id, dimension) ON DELETE CASCADE,
    CONSTRAINT tai_vectors_dims_ck CHECK (embedding IS NULL OR vector_dims(embedding) = dims),
    CONSTRAINT tai_vectors_embedding_ck CHECK (
        (embed_state = 'ready' AND embedding IS NOT NULL)
        OR (embed_state IN ('pending', 'failed', 'external') AND embedding IS NULL)),
    CONSTRAINT tai_vectors_external_id_ck CHECK (external_id <> ''),
    CONSTRAINT tai_vectors_document_ck CHECK (char_length(document) <= 20000),
    CONSTRAINT tai_vectors_row_hash_ck CHECK (octet_length(row_hash) = 16)
) PARTITION BY LIST (collection_id);
-- Browsing a namespace, and what an exact search over a namespace reads.
CREATE INDEX tai_vectors_namespace_ix ON tai_vectors (collection_id, namespace, id);
CREATE TABLE tai_vectors_shared PARTITION OF tai_vectors DEFAULT;
-- What waits for its embedding, or could not be embedded: few rows, asked for at every tick.
CREATE INDEX tai_vectors_shared_waiting_ix ON tai_vectors_shared (collection_id, embed_state, id)
    WHERE embed_state IN ('pending', 'failed');
ALTER TABLE tai_vectors_shared ENABLE ROW LEVEL SECURITY;
ALTER TABLE tai_vectors_shared FORCE ROW LEVEL SECURITY;
REVOKE ALL ON tai_vectors_shared FROM {APP}, {OPERATOR};
ALTER TABLE tai_vector_states SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE tai_vector_namespaces SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0019_vectors")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    ROWS,
                    """
                    DROP TABLE tai_vectors;
                    DROP SEQUENCE tai_vectors_id_seq;
                    """,
                )
            ],
            state_operations=[
                migrations.CreateModel(
                    name="VectorRow",
                    fields=[
                        ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("namespace", models.CharField(blank=True, max_length=128)),
                        ("external_id", models.CharField(max_length=256)),
                        ("dims", models.IntegerField()),
                        ("embedding", taishang.models.vectors.Embedding(null=True)),
                        (
                            "embed_state",
                            models.CharField(
                                choices=[
                                    ("ready", "ready"),
                                    ("pending", "waiting for its embedding"),
                                    ("failed", "could not be embedded"),
                                    ("external", "held by the engine"),
                                ],
                                default="ready",
                                max_length=8,
                            ),
                        ),
                        ("embed_error", models.CharField(blank=True, max_length=300)),
                        ("payload", models.JSONField(default=dict)),
                        ("document", models.TextField(blank=True)),
                        ("tsv", django.contrib.postgres.search.SearchVectorField(null=True)),
                        ("row_hash", models.BinaryField(max_length=16)),
                        ("revision", models.BigIntegerField(default=1)),
                        ("created_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                        (
                            "collection",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="vectors",
                                to="taishang.vectorcollection",
                            ),
                        ),
                        (
                            "workspace",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="accounts.workspace",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "vector",
                        "verbose_name_plural": "vectors",
                        "db_table": "tai_vectors",
                    },
                ),
            ],
        ),
    ]
