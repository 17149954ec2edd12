"""Days of use and their calls: equal, mended where they are not, counted again when prices change."""

from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from accounts import tenancy
from laojun.audit import Actor
from laojun.models import AuditLog
from taishang.models import UsageDay
from taishang.usage import rebuilding, recomputing, reconciling

ACTOR = Actor.system("test")


def differences():
    with tenancy.platform_scope(reason="test"):
        return rebuilding.differences(timezone.now().date() - timedelta(days=3))


def audited(action: str) -> int:
    with tenancy.platform_scope(reason="test"):
        return AuditLog.objects.filter(action=action).count()


def test_days_and_calls_agree_after_every_kind_of_end(desk):
    desk.model(price=("0.1", "0.3"))
    desk.model("odd", script=[{"text": "Half"}, {"raise": "boom"}])
    for _ in range(3):
        desk.ask()
    desk.hear("odd")

    assert [one for one in differences() if one.workspace_id == desk.workspace_id] == []


def test_a_day_that_differs_is_told_mended_and_recorded(desk):
    desk.model(price=("0.1", "0.3"))
    desk.ask()
    (before,) = desk.days()
    with desk.inside():
        UsageDay.objects.update(total_requests=7, total_cost=99, refused_requests=4, by_model={})

    found = [one for one in reconciling.reconcile() if one.workspace_id == desk.workspace_id]

    assert [(one.told_requests, one.called_requests) for one in found] == [(7, 1)]
    (after,) = desk.days()
    assert (after.total_requests, after.total_cost) == (1, before.total_cost)
    assert (after.by_model, after.by_type) == (before.by_model, before.by_type)
    assert after.refused_requests == 4
    assert audited("usage.repaired")


def test_an_unknown_cost_becomes_known_by_a_price_for_the_past_and_twice_is_once(desk):
    model = desk.model()
    desk.quota(cost_quota=Decimal(100))
    for _ in range(3):
        desk.ask()
    assert desk.days()[0].unknown_cost_calls == 3

    price = desk.price(model, "2", "6", since=timezone.now() - timedelta(days=1))
    first = recomputing.recompute(price=price, actor=ACTOR)
    second = recomputing.recompute(price=price, actor=ACTOR)

    assert (first.calls, first.changed, first.before, first.after) == (3, 3, 0, Decimal("0.066"))
    assert (second.changed, second.before, second.after) == (0, first.after, first.after)
    (day,) = desk.days()
    assert (day.total_cost, day.unknown_cost_calls) == (Decimal("0.0660000000"), 0)
    assert desk.used().cost_usage == Decimal("0.0660000000")
    assert differences() == [] or desk.workspace_id not in {d.workspace_id for d in differences()}
    assert audited("usage.recomputed") >= 2


def test_a_price_counts_the_calls_it_touches(desk):
    model = desk.model()
    desk.ask()
    now = timezone.now()

    with tenancy.platform_scope(reason="test"):
        assert recomputing.count_calls(model.pk, None, now - timedelta(hours=1), now) == 1
        assert recomputing.count_calls(model.pk, None, now, now + timedelta(hours=1)) == 0


def test_another_workspace_reads_no_day_and_no_call_by_sql(desk):
    desk.model()
    desk.ask()

    with connection.cursor() as cursor:
        for table in ("tai_model_calls", "tai_usage_daily", "tai_quotas", "tai_user_quotas"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table
