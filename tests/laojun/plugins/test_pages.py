"""The workspace's pages: cards, the consent sheet, the form of the schema, upgrade, rollback, taking away."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import tenancy
from laojun.models import PluginConsent, PluginInstance
from laojun.plugins import builtins, health
from tests.laojun.plugins import making
from tests.laojun.plugins.making import HOST, Author, catalogued, signed
from tests.laojun.plugins.test_instances import inside

pytestmark = pytest.mark.django_db
PAGE = "/workspace/plugins/"
ASKED = ["event:task", HOST]
SECRET = "whsec_dGVzdHRlc3R0ZXN0"


@pytest.fixture
def acme():
    author = Author()
    author.trusted()
    return author


@pytest.fixture
def version(olga, acme):
    return catalogued(olga, signed(acme))


def shown(response):
    return response.content.decode()


def seen(person, path):
    return re.search(r'name="seen" value="(\d+)"', shown(person.get(path)))[1]


def agree(person, version, **more):
    path = f"{PAGE}catalogue/{version.plugin_id}/"
    body = {
        "permissions": ASKED,
        "endpoint": "https://hooks.example.com/in",
        "signing_secret": SECRET,
        "limit": "3",
    }
    return person.post(path, {**body, **more})


def in_use(person):
    with inside(person):
        return PluginInstance.objects.with_version().first()


def test_an_empty_page_says_what_to_do(alice):
    page = alice.get(PAGE)

    assert page.status_code == 200
    assert "empty-title" in shown(page)


def test_consent_is_shown_in_words_and_given_with_the_settings(alice, version):
    offer = shown(alice.get(f"{PAGE}catalogue/{version.plugin_id}/"))
    assert "得知任务的开始、完成与失败。" in offer
    assert "hooks.example.com" in offer

    done = agree(alice, version)

    instance = in_use(alice)
    assert done["Location"] == f"{PAGE}{instance.pk}/"
    # What is as the plugin has it follows the plugin.
    assert (instance.health, instance.config) == ("ok", {})
    page = shown(alice.get(done["Location"]))
    assert SECRET not in page
    assert "已设置" in page


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"limit": "99"}, "9"),
        ({"endpoint": "https://evil.example.net/"}, "这个插件无权访问该主机"),
        ({"permissions": ["event:task"]}, "同意的内容与该版本所需不符"),
    ],
)
def test_what_is_wrong_stands_on_the_page_and_nothing_is_kept(alice, version, more, said):
    refused = agree(alice, version, **more)

    assert refused.status_code == 400
    assert said in shown(refused)
    assert in_use(alice) is None


def test_settings_are_saved_and_a_stale_page_is_told(alice, version):
    agree(alice, version)
    path = f"{PAGE}{in_use(alice).pk}/"
    body = {"seen": seen(alice, path), "endpoint": "https://hooks.example.com/in", "limit": "5"}

    saved = alice.post(f"{path}settings/", body)
    stale = alice.post(f"{path}settings/", {**body, "limit": "6"}, follow=True)

    assert saved.status_code == 302
    assert "期间有人改动过" in shown(stale)
    assert in_use(alice).config["limit"] == 5


def test_an_upgrade_marks_what_is_new_and_a_rollback_takes_it_back(alice, olga, acme, version):
    agree(alice, version)
    path = f"{PAGE}{in_use(alice).pk}/"
    catalogued(olga, signed(acme, version="1.1.0", permissions=[*ASKED, "data:sql.rows"]))
    preview = shown(alice.get(f"{path}upgrade/"))
    assert "新增" in preview or "新" in preview
    assert "data:sql.rows" in preview

    agreed = [*ASKED, "data:sql.rows"]
    body = {"seen": seen(alice, path), "version": "1.1.0", "permissions": agreed}
    alice.post(f"{path}upgrade/", body)
    assert (in_use(alice).version.version, in_use(alice).health) == ("1.1.0", "ok")
    alice.post(f"{path}rollback/", {"seen": seen(alice, path)})

    assert in_use(alice).version.version == "1.0.0"
    with inside(alice):
        assert health.standing_consents(in_use(alice)) == set(ASKED)


def test_an_upgrade_without_the_new_consent_changes_nothing(alice, olga, acme, version):
    agree(alice, version)
    path = f"{PAGE}{in_use(alice).pk}/"
    catalogued(olga, signed(acme, version="1.1.0", permissions=[*ASKED, "data:sql.rows"]))

    body = {"seen": seen(alice, path), "version": "1.1.0", "permissions": ASKED}
    told = alice.post(f"{path}upgrade/", body, follow=True)

    assert "新版本需要更多许可" in shown(told)
    assert in_use(alice).version.version == "1.0.0"


def test_it_is_taken_away_once_it_is_off(alice, version):
    agree(alice, version)
    path = f"{PAGE}{in_use(alice).pk}/"
    alice.post(f"{path}removal/", {"seen": seen(alice, path)})
    assert in_use(alice) is not None

    alice.post(f"{path}switch/", {"seen": seen(alice, path), "enabled": "no"})
    gone = alice.post(f"{path}removal/", {"seen": seen(alice, path)})

    assert gone["Location"] == PAGE
    with inside(alice):
        assert not PluginConsent.objects.exists()


def test_a_package_of_ones_own_comes_in_or_is_explained(alice, acme):
    def bring(data):
        package = SimpleUploadedFile("p.zip", data)
        return alice.post(f"{PAGE}package/", {"package": package})

    assert "/catalogue/" in bring(signed(acme))["Location"]
    refused = bring(making.packed(making.manifest("other")))
    assert refused.status_code == 422
    assert "它没有签名" in shown(refused)
    assert alice.post(f"{PAGE}package/", {}).status_code == 422


def test_hostile_words_of_a_manifest_stay_words(alice, olga, acme):
    evil = "<script>alert(1)</script>"
    words = {"zh": evil, "en": evil}
    version = catalogued(olga, signed(acme, name=words, description=words))

    for path in (PAGE, f"{PAGE}catalogue/{version.plugin_id}/"):
        assert evil not in shown(alice.get(path))


def test_who_may_not_see_plugins_sees_no_page(alice, charlie, version):
    agree(alice, version)
    path = f"{PAGE}{in_use(alice).pk}/"

    assert charlie.get(path).status_code == 404
    for deed in ("settings", "switch", "rollback", "removal"):
        assert charlie.post(f"{path}{deed}/", {"seen": "1"}).status_code == 404


def test_what_is_part_of_the_platform_is_on_until_it_is_switched_off_here(alice):
    with tenancy.platform_scope(reason="test"):
        builtins.register()
    everywhere = shown(alice.get(PAGE)).split('id="everywhere-title"')[1]
    path = re.search(rf'href="({PAGE}catalogue/\d+/)"', everywhere)[1]

    alice.post(path, {})

    assert not in_use(alice).enabled
    assert path not in shown(alice.get(PAGE))
