import pytest

from taishang.vectors.backends import base
from tests.taishang.vectors.lite import Lite


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
