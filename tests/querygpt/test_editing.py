"""The editor of a statement: its verdict while one types, its layout, more time for once."""

import pytest

from querygpt.answering import asking
from querygpt.guard.formatting import formatted
from querygpt.guard.verdict import Refused
from taishang.models import Task
from tests.querygpt.test_answers import desk, room  # noqa: F401

SQL = "select channel, count(*) as n from orders where note = 'a;b' group by channel"


def test_a_layout_changes_no_token_and_runs_nothing():
    shown = formatted(sql=SQL, dialect="sqlite")

    assert shown.count("\n") > 3
    assert "".join(shown.split()).lower() == "".join(SQL.split())
    for hostile in ("select 1; drop table orders", "delete from orders", "select ("):
        with pytest.raises(Refused):
            formatted(sql=hostile, dialect="sqlite")


def test_the_editor_says_what_the_guard_says(room):  # noqa: F811
    answer = room.answer("有多少订单")
    client = room.desk.person.client

    def post(name, sql):
        return client.post(f"/query/answers/{answer.pk}/{name}/", {"sql": sql})

    assert b"badge-good" in post("verdict", "SELECT COUNT(*) FROM orders").content
    refused = post("verdict", "DELETE FROM orders").content.decode()
    assert "badge-warn" in refused
    assert "not_a_query" in refused
    assert b"GROUP BY" in post("layout", SQL).content
    assert b"delete from orders" in post("layout", "delete from orders").content
    assert len(room.runs(answer)) == 1


def test_a_statement_may_have_more_time_once(room):  # noqa: F811
    first = room.answer("有多少订单")

    room.desk.person.client.post(
        f"/query/answers/{first.pk}/run/",
        {"sql": "SELECT COUNT(*) FROM orders", "patience": "more"},
    )

    with room.inside():
        task = Task.objects.filter(type=asking.KIND).latest("created_at")
    assert task.payload["timeout_seconds"] == 120
