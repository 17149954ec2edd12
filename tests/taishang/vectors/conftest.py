"""A collection of alice's, and rows for it."""

from typing import Any

import numpy as np
import pytest

from accounts import tenancy
from accounts.authentication import Principal
from laojun import configs
from laojun.audit import Actor
from laojun.configs import Change
from taishang.models import VectorCollection
from taishang.vectors import ceilings, collections, writing
from taishang.vectors.backends import base
from taishang.vectors.collections import By
from tests.taishang.vectors.lite import Lite

DIMENSION = 8


def principal_of(person: Any) -> Principal:
    return Principal(
        kind="access", user=person.user, workspace_id=person.workspace.id, workspace_status="active"
    )


def make(person: Any, name: str = "notes", **values: Any) -> VectorCollection:
    """A collection of this person's workspace. Call it inside the workspace."""
    return collections.create(
        workspace_id=person.workspace.id,
        by=By(Actor.of_user(person.user), person.user.id),
        values={"name": name, "dimension": DIMENSION, **values},
    )


def vectors(count: int, dimension: int = DIMENSION, seed: int = 0) -> np.ndarray:
    """(count, dimension) float32."""
    return np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)


def rows(array: np.ndarray, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"r{place}", "vector": line.tolist(), **more} for place, line in enumerate(array)
    ]


def fill(collection: VectorCollection, sent: list[dict[str, Any]], **options: Any) -> None:
    for start in range(0, len(sent), 1000):
        writing.upsert(collection=collection, sent=sent[start : start + 1000], **options)


@pytest.fixture
def inside(alice):
    """Inside alice's workspace."""
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        yield alice


@pytest.fixture
def collection(inside) -> VectorCollection:
    return make(inside)


@pytest.fixture
def settings_of():
    """`settings_of({"vectors.promote_rows": 100})` for the whole platform."""

    def write(values: dict[str, Any]) -> None:
        changes = [Change(key, value) for key, value in values.items()]
        with tenancy.platform_scope(reason="tests: settings"):
            configs.write(changes=changes, workspace_id=None, actor=Actor.system("tests"))

    return write


@pytest.fixture(scope="session")
def lite(tmp_path_factory):
    """Milvus Lite for the whole run; a test that breaks it starts it again."""
    running = Lite(tmp_path_factory.mktemp("milvus"))
    running.uri = running.start()
    yield running
    running.stop()


@pytest.fixture
def milvus(lite, settings):
    settings.MILVUS_URI = lite.uri
    base.get.cache_clear()
    yield base.get("milvus")
    base.get.cache_clear()


@pytest.fixture
def engines_at_once(monkeypatch):
    """Small collections too are searched by their engine."""
    value = ceilings.value
    small = {"promote_rows": 0, "exact_max": 0}
    monkeypatch.setattr(
        ceilings,
        "value",
        lambda name, workspace: small[name] if name in small else value(name, workspace),
    )
