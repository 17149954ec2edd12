"""The page of AI use: limits, sums, the form of whoever may set them."""

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import tenancy
from taishang.models import Quota
from taishang.usage import tiles
from tests.taishang.usage.test_api import called

pytestmark = pytest.mark.django_db
FORM = {
    "monthly_quota": "5000",
    "cost_quota": "",
    "max_parallel_calls": "",
    "on_exhaust": "degrade",
    "on_unknown_price": "allow",
    "anchor_day": "15",
}


def test_nothing_used_says_what_to_do(alice):
    page = alice.get("/usage/", headers={"Accept-Language": "en"})

    assert page.status_code == 200
    assert "没有调用模型" in page.content.decode() or "No model was called" in page.content.decode()


def test_costs_that_are_not_whole_say_at_least(alice):
    called(alice, cost="0.5")
    called(alice, cost=None)

    assert "≥ 0.5" in alice.get("/usage/").content.decode()


def test_the_owner_sets_limits_and_a_member_sees_no_form(alice, bob):
    assert alice.post("/usage/quota/", FORM).status_code == 302
    assert bob.post("/usage/quota/", FORM).status_code == 403
    assert b'name="monthly_quota"' not in bob.get("/usage/").content

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        quota = Quota.objects.get()
    assert (quota.monthly_quota, quota.on_exhaust, quota.anchor_day) == (5000, "degrade", 15)


def test_a_wrong_limit_is_named_beside_its_field(alice):
    answer = alice.post("/usage/quota/", {**FORM, "anchor_day": "40"})

    assert answer.status_code == 400
    assert b"field-error" in answer.content


def test_the_table_for_spreadsheets_is_one_click_away(alice):
    called(alice)

    answer = alice.get("/usage/export/?days=7")

    assert answer.status_code == 200
    assert answer.content.decode().count("\n") >= 2


def test_the_operators_see_what_the_day_costs(alice):
    called(alice, cost="1.25")
    with tenancy.platform_scope(reason="test"):
        assert tiles.cost_today()["value"].startswith("1.25")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/taishang/modelcall/",
        "/admin/taishang/quota/",
        "/admin/taishang/userquota/",
        "/admin/taishang/modelcall/providers/",
    ],
)
def test_operators_open_the_lists_and_others_do_not(alice, olga, path):
    called(alice)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Quota.objects.create(workspace=alice.workspace, resets_at=timezone.now())
    olga.user.is_superuser = True
    olga.user.save(update_fields=["is_superuser"])
    cache.clear()

    assert olga.get(path).status_code == 200
    assert alice.get(path).status_code in {302, 403, 404}
