"""Clients keep a copy of the plugins in use, and hear when one goes."""

import pytest

from accounts import tenancy
from laojun.models import PluginInstance
from tests import factories
from tests.accounts.copies import Copy
from tests.laojun.plugins import making
from tests.rig import limits


@pytest.fixture
def ada(committed):
    with limits.eased():
        yield factories.person("ada")


def test_a_copy_follows_what_becomes_of_a_plugin(ada):
    def get(path):
        response = ada.get(path)
        return response.status_code, response.json()

    def fresh():
        return Copy(get, "plugin_instance")

    instance = making.used(ada)
    key = str(instance.pk)
    copy = fresh()
    copy.settle(fresh)
    assert copy.of("plugin_instance")[key]["enabled"] is False

    with tenancy.workspace(ada.workspace.pk, user_id=ada.user.pk):
        PluginInstance.objects.filter(pk=instance.pk).update(priority=7)
    copy.settle(fresh)
    assert copy.of("plugin_instance")[key]["priority"] == 7

    with tenancy.workspace(ada.workspace.pk, user_id=ada.user.pk):
        PluginInstance.objects.filter(pk=instance.pk).delete()
    copy.settle(fresh)
    assert copy.of("plugin_instance") == {}
