"""Many who tell the same thing at once, each with a connection of its own."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts import tenancy
from accounts.tenancy import Context
from laojun.models import Notification, NotificationMark
from laojun.notifications import sending
from tests import factories

TIMES = 24


@pytest.fixture
def ada(committed):
    return factories.person("ada")


def test_one_row_holds_their_number(ada):
    def once(_number):
        try:
            sending.notify(user=ada.user, type="activated", params={}, dedup_key="disk")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(once, range(TIMES)))

    with tenancy.entered(Context(user_id=ada.user.pk)):
        assert Notification.objects.get().repeat_count == TIMES
        assert NotificationMark.objects.get(user=ada.user).version == TIMES
