import pytest

from accounts import tenancy


@pytest.fixture
def inside(alice):
    """Inside alice's workspace, as alice."""
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        yield alice
