"""The author's study."""

import pytest

from tests.studio.study import Study
from tests.taishang.desk import desk  # noqa: F401


@pytest.fixture
def study(desk):  # noqa: F811
    return Study(desk).begin()
