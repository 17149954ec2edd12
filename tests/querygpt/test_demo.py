"""The demo workspace has a shop to ask, once."""

import pytest

from django.utils import timezone

from accounts import tenancy
from querygpt import demo, execution, planner, schema
from querygpt.models import Connection, Example, Term
from querygpt.shop import knowledge

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(alice):
    demo.seed_shop(user=alice.user, workspace=alice.workspace)
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        return Connection.objects.get(name=demo.NAME)


def _seen(alice, ask):
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        return ask()


def test_seeding_twice_makes_one_shop(alice, shop):
    demo.seed_shop(user=alice.user, workspace=alice.workspace)

    assert _seen(alice, lambda: Connection.objects.count()) == 1
    assert _seen(alice, lambda: Term.objects.filter(connection=shop).count()) == 12
    assert _seen(alice, lambda: Example.objects.approved().filter(connection=shop).count()) == 10


def test_a_question_is_planned_judged_and_run(alice, shop):
    known = _seen(alice, lambda: schema.catalogue(connection=shop))

    outcome = planner.plan(
        question="上个月各地区销售额前五", language="zh", catalogue=known, dialect="sqlite", today=knowledge.REFERENCE_DATE
    )
    ran = execution.run(connection=shop, sql=outcome.sql, origin="planner", actor=alice.user)

    assert (ran.state, ran.rows_count, ran.rows[0][0]) == ("ok", 5, "华东")


def test_every_starter_and_every_example_passes_the_guard_and_has_rows(alice, shop):
    known = _seen(alice, lambda: schema.catalogue(connection=shop))
    statements = [sql for _, _, sql in knowledge.EXAMPLES]
    for language, questions in knowledge.STARTERS.items():
        statements += [
            planner.plan(question=one, language=language, catalogue=known, dialect="sqlite", today=knowledge.REFERENCE_DATE).sql
            for one in questions
        ]

    ran = [execution.run(connection=shop, sql=sql, origin="planner", actor=alice.user) for sql in statements]

    assert len(ran) == 26
    assert [(one.state, one.rule, one.detail) for one in ran if one.state != "ok" or not one.rows_count] == []


def test_a_deleted_shop_stays_deleted(alice, shop):
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        Connection.objects.filter(pk=shop.pk).update(deleted_at=timezone.now())

    demo.seed_shop(user=alice.user, workspace=alice.workspace)

    assert _seen(alice, lambda: Connection.objects.alive().count()) == 0
