"""Tasks of vector collections, on a queue of their own.

The operations are imported at their first run: they bring numpy, which a starting process does not need.
"""

from functools import partial
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from taishang import kinds
from taishang.runs import Run

QUEUE = "vectors"
COLLECTION = {"collection": {"type": "integer"}}
DELETION = {
    "type": "object",
    "properties": {
        **COLLECTION,
        "filter": {"type": "object"},
        "namespace": {"type": "string", "maxLength": 128},
        "all": {"const": True},
    },
    "required": ["collection"],
    "additionalProperties": False,
}


ONLY = {
    "type": "object",
    "properties": COLLECTION,
    "required": ["collection"],
    "additionalProperties": False,
}
INDEX = {
    "type": "object",
    "properties": {
        **COLLECTION,
        "kind": {"enum": ["hnsw", "ivfflat"]},
        "precision": {"enum": ["float32", "halfvec", "binary"]},
        "params": {
            "type": "object",
            "properties": {
                "m": {"type": "integer", "minimum": 2, "maximum": 100},
                "ef_construction": {"type": "integer", "minimum": 4, "maximum": 1000},
                "lists": {"type": ["integer", "null"], "minimum": 1, "maximum": 32768},
            },
            "additionalProperties": False,
        },
    },
    "required": ["collection"],
    "additionalProperties": False,
}
RECALL = {
    "type": "object",
    "properties": {
        **COLLECTION,
        "sample": {"type": "integer", "minimum": 1, "maximum": 1000},
        "k": {"type": "integer", "minimum": 1, "maximum": 100},
        "filter": {"type": ["object", "null"]},
    },
    "required": ["collection"],
    "additionalProperties": False,
}
COLUMN = {"type": "string"}
IMPORT = {
    "type": "object",
    "properties": {
        **COLLECTION,
        "file": {"type": "string"},
        "side_file": {"type": ["string", "null"]},
        "filename": {"type": "string"},
        "format": {"enum": ["jsonl", "parquet", "npy"]},
        "mapping": {
            "type": "object",
            "properties": {
                "id": COLUMN,
                "vector": COLUMN,
                "document": COLUMN,
                "namespace": COLUMN,
                "payload": {"type": ["string", "array"], "items": COLUMN},
            },
            "required": ["id", "vector", "document", "namespace", "payload"],
            "additionalProperties": False,
        },
        "namespace": {"type": "string", "maxLength": 128},
        "write_mode": {"enum": ["upsert", "replace_namespace"]},
        "on_error": {"enum": ["stop", "skip"]},
    },
    "required": [
        "collection",
        "file",
        "side_file",
        "filename",
        "format",
        "mapping",
        "namespace",
        "write_mode",
        "on_error",
    ],
    "additionalProperties": False,
}
# A provider may be away for hours; what is not embedded then is asked for anew.
EMBED_ATTEMPTS = 20
# Who needs a lock that somebody holds for long comes back later.
LOCK_ATTEMPTS = 10


def declare() -> None:
    for name, schema, path, label in (
        ("vectors.promote", ONLY, "placement.run_promotion", _("Give vectors their own place")),
        ("vectors.index", INDEX, "indexing.run_build", _("Build a vector index")),
        ("vectors.drop_index", ONLY, "indexing.run_drop", _("Drop a vector index")),
        ("vectors.recall", RECALL, "recall.run_measurement", _("Measure recall")),
    ):
        kinds.handles(
            name,
            schema,
            queue=QUEUE,
            timeout_s=6 * 3600,
            max_attempts=LOCK_ATTEMPTS,
            cancel_grace_s=10,
            tells="task",
            label=label,
        )(_at(path))
    kinds.handles(
        "vectors.import",
        IMPORT,
        queue=QUEUE,
        timeout_s=6 * 3600,
        max_attempts=LOCK_ATTEMPTS,
        cancel_grace_s=30,
        tells="vector_import",
        label=_("Import rows"),
    )(_at("importing.running.run_import"))
    kinds.handles(
        "vectors.embed",
        ONLY,
        queue=QUEUE,
        timeout_s=6 * 3600,
        max_attempts=EMBED_ATTEMPTS,
        label=_("Embed documents"),
    )(_at("embedding.run_embedding"))
    kinds.handles(
        "vectors.delete",
        DELETION,
        queue=QUEUE,
        timeout_s=3600,
        tells="task",
        label=_("Delete vectors"),
    )(_at("clearing.run"))


def _at(path: str) -> kinds.Handler:
    return partial(_run, f"taishang.vectors.{path}")


def _run(path: str, run: Run) -> Any:
    return import_string(path)(run)
