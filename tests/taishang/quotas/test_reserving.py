"""A limit is exact: as many calls reach the provider as there is room for, whoever comes first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import tenancy
from taishang.models import Quota, UserQuota
from taishang.quotas import reserving
from taishang.quotas.plans import Plan
from taishang.quotas.reserving import Amount, Charge, Payer, QuotaExceeded
from tests.taishang.desk import Desk

ROOM = Plan("pro", None, 1000, free_tier_only=False)


def payer(desk: Desk, plan: Plan = ROOM) -> Payer:
    return Payer(desk.workspace_id, desk.person.user, plan)


def reserve(desk: Desk, tokens: int = 10, cost="0", scope="workspace", plan=ROOM, exempt=False):
    amount = Amount(tokens, None if cost is None else Decimal(cost), scope, exempt)
    with desk.inside():
        return reserving.reserve(payer=payer(desk, plan), amount=amount)


def charge(desk: Desk, *, reserved=10, tokens=10, cost="0", scopes=("workspace",)):
    with desk.inside():
        return reserving.charge(
            payer=payer(desk),
            charge=Charge(scopes, reserved, Decimal(0), tokens, Decimal(cost)),
        )


def test_the_last_tokens_can_be_reserved_and_not_one_more(desk):
    desk.quota(monthly_quota=20)

    reserve(desk)
    reserve(desk)
    with pytest.raises(QuotaExceeded) as refused:
        reserve(desk, 1)

    said = refused.value.members
    assert (said["scope"], said["unit"]) == ("workspace", "tokens")
    assert (said["limit"], said["used"], said["reserved"], said["needed"]) == (20, 0, 20, 1)
    assert datetime.fromisoformat(said["resets_at"]) > timezone.now()
    assert refused.value.retry_after(timezone.now()) > 1


@pytest.mark.parametrize("is_born", [True, False])
def test_of_a_crowd_exactly_as_many_get_through_as_there_is_room(
    desk, settings, is_born, monkeypatch
):
    monkeypatch.setattr("taishang.quotas.plans.first_tokens", lambda: 200)
    if is_born:
        desk.quota(monthly_quota=200)
    start = threading.Barrier(16)

    def crowd(_number: int) -> int:
        start.wait()
        won = 0
        for _ in range(5):
            try:
                reserve(desk)
                won += 1
            except QuotaExceeded:
                pass
        connection.close()
        return won

    with ThreadPoolExecutor(16) as threads:
        won = sum(threads.map(crowd, range(16)))

    assert won == 20
    assert desk.used().reserved == 200


def test_a_refused_scope_takes_back_what_the_others_held(desk):
    with pytest.raises(QuotaExceeded) as refused:
        reserve(desk, 10, scope="platform", plan=Plan("free", 5, 2, free_tier_only=True))

    assert refused.value.fault["scope"] == "user_plan"
    assert desk.used() is None or desk.used().reserved == 0


def test_ten_workspaces_do_not_make_ten_free_allowances(desk):
    plan = Plan("free", 15, 10, free_tier_only=True)
    reserve(desk, 10, scope="platform", plan=plan)

    other = Payer(None, desk.person.user, plan)
    assert other.workspace_id is None
    with tenancy.user(desk.person.user.id):
        assert UserQuota.objects.get(user=desk.person.user).reserved == 10
    with pytest.raises(QuotaExceeded):
        reserve(desk, 10, scope="platform", plan=plan)


def test_an_own_key_is_nobodys_business_unless_the_owner_counts_it(desk):
    assert reserve(desk, scope="user") == []
    desk.quota(count_own_keys=True, monthly_quota=5)
    with pytest.raises(QuotaExceeded):
        reserve(desk, scope="user")


def test_calls_at_a_time_are_limited(desk):
    desk.quota(max_parallel_calls=1)
    reserve(desk)

    with pytest.raises(QuotaExceeded) as refused:
        reserve(desk)
    charge(desk)
    reserve(desk)

    assert refused.value.fault["scope"] == "parallel"


@pytest.mark.parametrize(("choice", "passes"), [("allow", True), ("refuse", False)])
def test_an_unknown_price_under_a_cost_limit_is_the_owners_choice(desk, choice, passes):
    desk.quota(cost_quota=Decimal(1), on_unknown_price=choice)

    if passes:
        assert reserve(desk, cost=None) == ["workspace"]
        return
    with pytest.raises(QuotaExceeded) as refused:
        reserve(desk, cost=None)
    assert refused.value.fault["unit"] == "price_unknown"


def test_costs_are_limited_to_the_last_digit(desk):
    desk.quota(cost_quota=Decimal("0.0000000002"))

    reserve(desk, cost="0.0000000001")
    reserve(desk, cost="0.0000000001")
    with pytest.raises(QuotaExceeded) as refused:
        reserve(desk, cost="0.0000000001")

    assert refused.value.fault["unit"] == "cost"


def test_the_operators_ceiling_holds_below_the_owners_limit(desk):
    desk.quota(monthly_quota=100, monthly_ceiling=10)

    reserve(desk, 10)
    with pytest.raises(QuotaExceeded):
        reserve(desk, 1)


def test_a_month_begins_anew_and_running_calls_move_over(desk):
    desk.quota(monthly_quota=30)
    reserve(desk)
    charge(desk, reserved=0, tokens=20)
    with desk.inside():
        Quota.objects.update(resets_at=timezone.now() - timedelta(seconds=1))

    reserve(desk, 20)

    quota = desk.used()
    assert (quota.usage, quota.reserved) == (0, 30)
    assert quota.resets_at > timezone.now()


def test_each_threshold_is_told_once_a_month(desk):
    desk.quota(monthly_quota=100)
    reserve(desk, 90)

    told = [list(crossing.marks) for crossing in charge(desk, reserved=90, tokens=85)]
    again = charge(desk, reserved=0, tokens=1)
    full = [list(crossing.marks) for crossing in charge(desk, reserved=0, tokens=20)]

    assert (told, again, full) == ([["tokens:80"]], [], [["tokens:100"]])


@pytest.mark.parametrize(
    ("anchor", "moment", "begins", "ends"),
    [
        (1, "2026-11-22T12:00", "2026-11-01", "2026-12-01"),
        (31, "2027-02-28T12:00", "2027-02-28", "2027-03-31"),
        (31, "2027-02-27T12:00", "2027-01-31", "2027-02-28"),
        (30, "2028-02-29T12:00", "2028-02-29", "2028-03-30"),
        (15, "2027-01-03T12:00", "2026-12-15", "2027-01-15"),
    ],
)
def test_months_run_from_their_anchor_day(db, anchor, moment, begins, ends):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT begins AT TIME ZONE 'Asia/Shanghai', ends AT TIME ZONE 'Asia/Shanghai'"
            " FROM tai_quota_period(%s, %s, 'Asia/Shanghai')",
            [anchor, datetime.fromisoformat(moment).replace(tzinfo=UTC)],
        )
        found = [value.date().isoformat() for value in cursor.fetchone()]

    assert found == [begins, ends]


def test_settings_raise_the_version_and_counters_do_not(desk):
    before = desk.quota(monthly_quota=100).row_version
    reserve(desk)
    assert desk.used().row_version == before

    desk.quota(monthly_quota=200)

    assert desk.used().row_version == before + 1


def test_another_workspace_sees_nothing_of_it(desk):
    reserve(desk)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tai_quotas")
        assert cursor.fetchone() == (0,)
