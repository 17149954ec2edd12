"""The demo workspace has a shop to ask, once."""

from dataclasses import replace

import pytest
from django.utils import timezone

from accounts import tenancy
from querygpt import demo, execution, planner, schema
from querygpt.models import Connection, Example, Term
from querygpt.shop import build, knowledge
from tests.querygpt.schemas import catalogue_of


@pytest.fixture
def shop(lender):
    demo.seed_shop(user=lender.user, workspace=lender.workspace)
    with tenancy.workspace(lender.workspace.pk, user_id=lender.user.pk):
        return Connection.objects.get(name=demo.NAME)


def _seen(lender, ask):
    with tenancy.workspace(lender.workspace.pk, user_id=lender.user.pk):
        return ask()


def test_seeding_twice_makes_one_shop(lender, shop):
    demo.seed_shop(user=lender.user, workspace=lender.workspace)

    assert _seen(lender, lambda: Connection.objects.count()) == 1
    assert _seen(lender, lambda: Term.objects.filter(connection=shop).count()) == 12
    assert _seen(lender, lambda: Example.objects.approved().filter(connection=shop).count()) == 10


def test_a_question_is_planned_judged_and_run(lender, shop):
    known = _seen(lender, lambda: schema.catalogue(connection=shop))

    outcome = planner.plan(
        question="上个月各地区销售额前五",
        language="zh",
        catalogue=known,
        dialect="sqlite",
        today=knowledge.REFERENCE_DATE,
    )
    ran = execution.run(connection=shop, sql=outcome.sql, origin="planner", actor=lender.user)

    assert (ran.state, ran.rows_count, ran.rows[0][0]) == ("ok", 5, "华东")


def test_every_starter_and_every_example_passes_the_guard_and_has_rows(lender, shop, tmp_path):
    build(tmp_path / "shop.db")
    known = _seen(lender, lambda: schema.catalogue(connection=shop))
    known = replace(known, values=catalogue_of(tmp_path / "shop.db").values)
    statements = [sql for _, _, sql in knowledge.EXAMPLES]
    for language, questions in knowledge.STARTERS.items():
        statements += [
            planner.plan(
                question=one,
                language=language,
                catalogue=known,
                dialect="sqlite",
                today=knowledge.REFERENCE_DATE,
            ).sql
            for one in questions
        ]

    ran = [
        execution.run(connection=shop, sql=sql, origin="planner", actor=lender.user)
        for sql in statements
    ]

    assert len(ran) == 26
    assert [
        (one.state, one.rule, one.detail) for one in ran if one.state != "ok" or not one.rows_count
    ] == []


def test_a_deleted_shop_stays_deleted(lender, shop):
    with tenancy.workspace(lender.workspace.pk, user_id=lender.user.pk):
        Connection.objects.filter(pk=shop.pk).update(deleted_at=timezone.now())

    demo.seed_shop(user=lender.user, workspace=lender.workspace)

    assert _seen(lender, lambda: Connection.objects.alive().count()) == 0
