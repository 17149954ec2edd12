"""Each reader gets one language, by setting, cookie, wish, in this order; no shared cache mixes them up."""

import pytest
from django.test import Client

from accounts import languages


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("zh", "zh-hans"),
        ("zh-CN", "zh-hans"),
        ("zh-SG", "zh-hans"),
        ("zh-Hans", "zh-hans"),
        ("zh-Hans-CN", "zh-hans"),
        ("ZH-hans-sg", "zh-hans"),
        ("zh-TW", "zh-hans"),
        ("zh-Hant-HK", "zh-hans"),
        ("cmn-Hans", "zh-hans"),
        ("en", "en"),
        ("en-GB", "en"),
        ("EN-us-x-private", "en"),
        ("enm", None),
        ("zhx", None),
        ("de", None),
        ("", None),
        ("en_US", None),
        ("../en", None),
        ("en-" + "a" * 9, None),
    ],
)
def test_tags_and_codes(tag, code):
    assert languages.code_of(tag) == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "zh-hans"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.8, en;q=0.9", "en"),
        ("de, fr;q=0.9, en;q=0.1", "en"),
        ("en;q=0, zh;q=0.1", "zh-hans"),
        ("en;q=0", "zh-hans"),
        ("*", "zh-hans"),
        ("de, *;q=0.1", "zh-hans"),
        ("en;q=2, zh", "zh-hans"),
        ("en;q=, zh;q=0.1", "zh-hans"),
        ("english", "zh-hans"),
        (",;,;q=1,,en", "en"),
        ("x" * 100_000 + ",en", "zh-hans"),
    ],
)
def test_what_a_browser_wishes(header, code):
    assert languages.choose(setting=None, cookie=None, header=header) == code


def test_the_setting_beats_the_cookie_beats_the_wish():
    assert languages.choose(setting="en", cookie="zh-CN", header="zh") == "en"
    assert languages.choose(setting=None, cookie="en", header="zh") == "en"
    assert languages.choose(setting=None, cookie="klingon", header="en") == "en"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/problems/", "/api/v1/nothing/", "/accounts/login/"])
def test_every_reply_names_its_language_and_is_private(path):
    response = Client().get(path, headers={"Accept-Language": "en-AU"})

    assert response["Content-Language"] == "en"
    varies = {name.strip() for name in response["Vary"].split(",")}
    assert varies >= {"Accept-Language", "Cookie", "Authorization"}
    assert "public" not in response["Cache-Control"]
    assert {"no-store", "no-cache"} & {
        part.strip() for part in response["Cache-Control"].split(",")
    }


def test_a_stored_language_is_understood_by_the_whole_machinery(alice):
    for stored, written in (("zh-CN", "zh-Hans"), ("en", "en")):
        body = {"language": stored}
        alice.client.patch("/api/v1/me/settings/", body, content_type="application/json")
        page = alice.get("/settings/", headers={"Accept-Language": "de"})

        assert f'<html lang="{written}"' in page.content.decode()
        assert page["Content-Language"] == written
