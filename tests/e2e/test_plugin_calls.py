"""A person tries a plugin from its page and reads the answer, and sends again what was given up."""

import pytest
from django.conf import settings
from django.utils import translation
from playwright.sync_api import expect

from accounts import tenancy
from accounts.models import Workspace
from laojun.models import PluginDelivery
from laojun.plugins import authoring, deliveries
from laojun.plugins.runtimes import wasm
from tests.e2e.steps import enter, press
from tests.factories import Person
from tests.laojun.plugins.making import Author, private, used
from tests.laojun.plugins.plugged import given_up

pytestmark = pytest.mark.browser
EXAMPLE = settings.BASE_DIR / "examples" / "plugins" / "changelog_file"


@pytest.fixture
def instance(newcomer, django_db_blocker):
    """The example that runs here, in use in the newcomer's workspace, with one call that was given up."""
    with django_db_blocker.unblock():
        with tenancy.user(newcomer.user.pk):
            workspace = Workspace.objects.get(owner=newcomer.user)
        person = Person(newcomer.user, workspace)
        author = Author("examples")
        author.trusted(workspace_id=workspace.pk)
        package = authoring.sign_package(
            authoring.pack_folder(EXAMPLE), key=author.private_key, role="publisher"
        )
        instance = used(person, private(person, package), permissions=[], enabled=True)
        given_up(instance)
        return instance


def test_a_plugin_is_tried_and_its_answer_read(watched, newcomer, instance, django_db_blocker):
    page = watched.page
    enter(page, newcomer)
    page.goto(f"/workspace/plugins/{instance.pk}/")
    expect(page.locator("#plugin-calls")).to_be_visible()
    watched.look()

    press(page, "Send test")
    watched.look()
    with django_db_blocker.unblock():
        for claimed in deliveries.claim(most=5):
            deliveries.settle(claimed, deliveries.send(claimed))
        wasm.end_all()
    answer = page.get_by_text(translation.gettext("Answer"), exact=True)
    answer.click(timeout=10_000)
    expect(page.get_by_text("CHANGELOG.md")).to_be_visible()
    watched.look()

    press(page, "Send again")
    with django_db_blocker.unblock(), tenancy.workspace(instance.workspace_id):
        assert not PluginDelivery.objects.dead().exists()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_calls_hold_on_a_phone(watched, newcomer, instance, theme):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme=theme)
    enter(page, newcomer)
    page.goto(f"/workspace/plugins/{instance.pk}/calls/")
    watched.look()
