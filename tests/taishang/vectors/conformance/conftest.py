import pytest

from taishang.vectors.backends import base
from tests.taishang.vectors.shelf import Shelf

BACKENDS = ("pgvector", "faiss", "milvus")


@pytest.fixture(params=BACKENDS)
def backend(request, settings, tmp_path, engines_at_once):
    """Each registered backend, the real one; engines keep their files apart from those of other tests."""
    assert set(base.store) == set(BACKENDS)
    settings.DATA_DIR = tmp_path
    if request.param == "milvus":
        settings.MILVUS_URI = request.getfixturevalue("lite").uri
    base.get.cache_clear()
    yield request.param
    base.get.cache_clear()


@pytest.fixture
def make(bench, backend):
    """`make(metric="l2")` gives an empty collection on the backend."""
    made = []

    def build(**values):
        shelf = Shelf.make(bench, backend, **{"name": f"shelf{len(made)}", **values})
        made.append(shelf)
        return shelf

    yield build
    for shelf in made:
        if shelf.collection.backend == "milvus" and shelf.index is not None:
            shelf.engine.drop(shelf.target)


@pytest.fixture
def settle():
    """Bring a collection to where its engine knows everything; pgvector has nothing to learn."""

    def run(shelf):
        if shelf.collection.backend != "pgvector":
            done = shelf.publish()
            assert done.state == "succeeded", done.error_detail
            assert shelf.state.published_seq == shelf.state.write_seq

    return run
