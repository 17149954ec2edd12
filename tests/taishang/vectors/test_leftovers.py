import pytest

from taishang.vectors import leftovers, purging
from taishang.vectors.backends import base, faiss
from tests.taishang.vectors.shelf import Shelf, cloud

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("backend", ["faiss", "milvus"])
def test_what_engines_hold_of_a_purged_collection_goes_and_the_rest_stays(
    bench, settings, tmp_path, lite, backend
):
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, lite.uri
    base.get.cache_clear()
    gone, kept = (Shelf.make(bench, backend, name=name) for name in ("gone", "kept"))
    for shelf in (gone, kept):
        shelf.write(cloud(5))
        shelf.publish()
    target = gone.target
    with bench.inside():
        purging.purge(collection=gone.collection)

    leftovers.sweep()

    held = set(base.engine(backend).held())
    assert (target.collection_id, 1) not in held
    assert (kept.collection.pk, 1) in held
    assert len(kept.held()) == 5
    kept.engine.drop(kept.target)


def test_an_engine_that_is_away_keeps_its_leftovers(bench, settings, tmp_path):
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, "http://127.0.0.1:9"
    base.get.cache_clear()
    (faiss.root() / "77" / "g1").mkdir(parents=True)

    assert leftovers.sweep() == 1
    assert not (faiss.root() / "77").exists()
