"""Operators see and set the limits, see who presses against them, and let somebody begin anew."""

import pytest
from django.core.cache import cache

from accounts import limits, pressure, tenancy
from accounts.models import RateLimit, User
from laojun import configs
from laojun.models import AuditLog

HERE = "/admin/accounts/ratelimit/"
UPLOAD = "/api/v1/files/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def root(olga):
    User.objects.filter(pk=olga.user.pk).update(is_superuser=True)
    return olga


def audited(action: str) -> bool:
    with tenancy.platform_scope(reason="tests"):
        return AuditLog.objects.filter(action=action).exists()


def form_of(root, **values: int) -> dict[str, object]:
    """The page's form as it is shown, with some values typed anew."""
    rows = root.get(HERE).context["rows"]
    shown = {}
    for row in rows:
        form = row["form"]
        shown[form.add_prefix("seen")] = form["seen"].value()
        shown[form.add_prefix("value")] = form["value"].value()
        if row["limit"].name in values:
            shown[form.add_prefix("value")] = values[row["limit"].name]
    return shown


def test_a_value_typed_here_holds_and_is_in_the_audit_log(root):
    assert root.post(HERE, form_of(root, upload=7)).status_code == 302

    assert configs.value("limits.upload") == 7
    assert audited("limit.changed")


def test_a_value_that_no_limit_can_have_stands_beside_its_field(root):
    page = root.post(HERE, form_of(root, upload=0))

    assert page.status_code == 400
    assert 'role="alert"' in page.content.decode()
    assert configs.value("limits.upload") == 60


def test_the_setting_that_belongs_elsewhere_is_set_here_too(root):
    root.post(HERE, form_of(root, ai=3))

    assert configs.value("ai.rate_limit_per_minute") == 3


def test_the_busiest_subjects_of_both_engines_are_shown_with_their_names(root, alice):
    alice.client.post(UPLOAD, {})
    alice.get("/api/v1/me/")

    page = root.get(HERE)

    seen = {(one.shown, one.verdict.name) for one in page.context["busiest"]}
    assert {("alice", "upload"), ("alice", "api.read")} <= seen


def test_clearing_lets_one_subject_begin_anew(root, alice):
    for _time in range(3):
        alice.client.post(UPLOAD, {})
    subject = limits.user_subject(alice.user)

    root.post(f"{HERE}clearance/", {"name": "upload", "subject": subject})

    assert not RateLimit.objects.filter(route_class="upload").exists()
    assert audited("limit.cleared")


def test_refusals_are_counted_by_class(root, alice):
    pressure.note_refusal("api.read")
    pressure.note_refusal("api.read")
    pressure.note_refusal("upload")

    assert pressure.refusals() == {"api.read": 2, "upload": 1}
    assert 'class="number">2</td>' in root.get(HERE).content.decode()
    assert ">3<" in root.get("/admin/tiles/refused_calls/").content.decode()


def test_refusals_wait_for_redis(monkeypatch):
    with monkeypatch.context() as away:
        away.setattr(type(cache.breaker), "allows", lambda _self: False)
        pressure.note_refusal("upload")

    pressure.note_refusal("upload")

    assert pressure.refusals()["upload"] == 2


@pytest.mark.parametrize("tile", ["redis", "sessions", "refused_calls", "health"])
def test_the_tiles_show(root, tile):
    assert root.get(f"/admin/tiles/{tile}/").status_code == 200


def test_only_superusers_change_and_clear(olga, bob):
    User.objects.filter(pk=olga.user.pk).update(is_superuser=False)

    assert olga.post(f"{HERE}clearance/", {"name": "upload", "subject": "x"}).status_code == 403
    assert bob.get(HERE).status_code in (302, 403, 404)


def test_clearing_what_does_not_exist_is_not_found(root):
    for data in ({}, {"name": "upload"}, {"name": "nothing", "subject": "x"}):
        assert root.post(f"{HERE}clearance/", data).status_code == 404
