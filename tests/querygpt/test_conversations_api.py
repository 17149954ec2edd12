"""Conversations and messages over HTTP: begun, found, changed, deleted, restored; answers read and taken along."""

import csv
import io
import json

import pytest

from accounts import tenancy
from laojun.files import Owner
from laojun.models import AuditLog
from querygpt import conversations
from querygpt.answering import details, metadata
from querygpt.charts.spec import chart
from querygpt.models import Conversation, Message, Result
from querygpt.results import storing
from querygpt.results.storing import Brought
from tests.querygpt import rows

pytestmark = pytest.mark.django_db
URL = "/api/v1/conversations/"
COLUMNS = [
    {"name": "region", "family": "text", "source": "", "unit": ""},
    {"name": "total", "family": "decimal", "source": "", "unit": ""},
]
ROWS = [[f"r{number}", f"{number}.50"] for number in range(120)] + [[None, None]]


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.STORAGES["default"]["OPTIONS"]["location"] = tmp_path


def inside(person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def send(person, method, path, body=None, **headers):
    return getattr(person.client, method)(
        path, json.dumps(body or {}), content_type="application/json", headers=headers
    )


@pytest.fixture
def shop(alice):
    with inside(alice):
        return rows.connection(alice)


@pytest.fixture
def answer(alice, shop):
    """An answer with stored rows."""
    with inside(alice):
        conversation = rows.conversation(alice, connection=shop, title="各地区销售额")
        question = rows.message(conversation, content="各地区销售额", language="zh")
        made = rows.message(
            conversation,
            1,
            role="assistant",
            content="共 121 行。",
            language="zh",
            reply_to=question,
            state="done",
            outcome="answered",
            metadata={
                **metadata.empty(),
                "sql": "SELECT 1",
                "rows_count": len(ROWS),
                "visualization": chart("bar", title="t", x="region", y=["total"]),
            },
            plan=details.empty(),
        )
        run = rows.run(alice, message=made, conversation=conversation)
    brought = Brought(run.pk, made.pk, COLUMNS, ROWS, truncated=False)
    storing.store(brought=brought, owner=Owner(alice.user.pk, alice.workspace.pk))
    return made


def test_a_conversation_begins_with_the_default_database(alice, shop):
    made = send(alice, "post", URL)

    assert made.status_code == 201
    assert made.json()["connection_id"] == str(shop.pk)
    assert made["ETag"]


def test_somebody_elses_database_does_not_exist(alice, charlie, shop):
    refused = send(charlie, "post", URL, {"connection_id": str(shop.pk)})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "does_not_exist"


def test_a_stranger_and_a_colleague_get_404(bob, charlie, answer):
    for path in (f"{URL}{answer.conversation_id}/", f"/api/v1/messages/{answer.pk}/"):
        assert bob.get(path).status_code == 404
        assert charlie.get(path).status_code == 404
    for rest in ("result/", "export/", "stream/"):
        assert bob.get(f"/api/v1/messages/{answer.pk}/{rest}").status_code == 404


def test_chinese_is_found_as_it_stands(alice, answer):
    with inside(alice):
        other = rows.conversation(alice, title="华为在东部")

        conversations.index(other)
        conversations.index(Conversation.objects.get(pk=answer.conversation_id))

    found = alice.get(f"{URL}?q=地区销售").json()["results"]
    assert [one["id"] for one in found] == [str(answer.conversation_id)]
    assert "地区销售" in found[0]["snippet"]
    assert alice.get(f"{URL}?q=华东").json()["results"] == []
    assert len(alice.get(f"{URL}?q=华").json()["results"]) == 1


def test_a_colleague_finds_nothing_of_mine(bob, alice, answer):

    with inside(alice):
        conversations.index(Conversation.objects.get(pk=answer.conversation_id))

    assert bob.get(f"{URL}?q=地区").json()["results"] == []


def test_deleting_takes_the_rows_and_can_be_undone(alice, answer):
    address = f"{URL}{answer.conversation_id}/"

    assert alice.client.delete(address).status_code == 204
    assert alice.get(address).status_code == 404
    with inside(alice):
        result = Result.objects.get()
    assert (result.state, result.data_key_encrypted) == ("purged", "")
    assert send(alice, "put", f"{address}restoration/").status_code == 200
    assert alice.get(address).status_code == 200
    assert alice.get(f"/api/v1/messages/{answer.pk}/result/").status_code == 410


def test_for_good_is_for_good(alice, answer):
    address = f"{URL}{answer.conversation_id}/"
    alice.client.delete(f"{address}?for_good=true")

    assert send(alice, "put", f"{address}restoration/").status_code == 404
    with inside(alice):
        assert not Message.objects.exists()


@pytest.mark.parametrize(
    "body", [{}, {"content": ""}, {"content": "x" * 4_001}, {"content": "a\0"}]
)
def test_a_question_of_bad_shape_is_refused(alice, answer, body):
    refused = send(alice, "post", f"{URL}{answer.conversation_id}/messages/", body)

    assert refused.status_code == 400
    with inside(alice):
        assert Message.objects.count() == 2


def test_asking_waits_for_its_answer(alice, answer):
    address = f"{URL}{answer.conversation_id}/messages/"
    asked = send(alice, "post", address, {"content": "How many orders are there?"})

    assert asked.status_code == 202
    assert asked.json()["assistant"]["state"] == "queued"
    assert asked.json()["user"]["language"] == "en"
    again = send(alice, "post", address, {"content": "And now?"})
    assert (again.status_code, again.json()["code"]) == (409, "answer_running")


def test_the_same_key_asks_once(alice, answer):
    address = f"{URL}{answer.conversation_id}/messages/"
    headers = {"Idempotency-Key": "one"}
    first = send(alice, "post", address, {"content": "How many?"}, **headers)
    second = send(alice, "post", address, {"content": "How many?"}, **headers)

    assert first.json() == second.json()
    with inside(alice):
        assert Message.objects.count() == 4


def test_an_archived_conversation_is_closed(alice, answer):
    address = f"{URL}{answer.conversation_id}/"
    assert send(alice, "patch", address, {"status": "completed"}).status_code == 200
    refused = send(alice, "post", f"{address}messages/", {"content": "more"})

    assert (refused.status_code, refused.json()["code"]) == (409, "archived")


def test_rows_come_in_pages_and_in_order(alice, answer):
    address = f"/api/v1/messages/{answer.pk}/result/"
    first = alice.get(f"{address}?limit=100&sort=-total").json()
    second = alice.get(f"{address}?limit=100&sort=-total&cursor={first['next']}").json()

    assert first["rows"][0] == ["r119", "119.50"]
    assert len(second["rows"]) == 21
    assert second["rows"][-1] == [None, None]
    assert second["next"] is None
    assert alice.get(f"{address}?sort=nothing").status_code == 400
    assert alice.get(f"{address}?limit=501").status_code == 400
    assert alice.get(f"{address}?cursor={first['next']}").status_code == 400


def test_exports_are_on_record(alice, answer):
    response = alice.get(f"/api/v1/messages/{answer.pk}/export/?format=csv")
    content = b"".join(response.streaming_content).decode("utf-8-sig")

    assert list(csv.reader(io.StringIO(content)))[1] == ["r0", "0.50"]
    assert "attachment" in response["Content-Disposition"]
    with inside(alice):
        assert AuditLog.objects.filter(action="result.exported").count() == 1
    assert alice.get(f"/api/v1/messages/{answer.pk}/export/?format=exe").status_code == 400


def test_a_chart_is_changed_and_a_wrong_one_refused(alice, answer):
    address = f"/api/v1/messages/{answer.pk}/visualization/"
    wish = {"type": "line", "data": {"x": "region", "y": ["total"], "sort": "desc"}}
    changed = send(alice, "put", address, wish)

    assert changed.status_code == 200
    assert changed.json()["metadata"]["visualization"]["data"]["sort"] == "desc"
    with inside(alice):
        assert AuditLog.objects.filter(action="conversation.chart_changed").exists()
    wish["data"]["y"] = ["region"]
    assert send(alice, "put", address, wish).status_code == 422


def test_stored_rows_are_noise_without_their_key(alice, answer, tmp_path):
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert b"r119" not in stored
    with inside(alice):
        result = Result.objects.get()
        result.data_key_encrypted = ""
        with pytest.raises(storing.ResultUnreadable):
            storing.rows_of(result)


def test_what_expires_is_purged_and_the_answer_stays(alice, answer):
    with inside(alice):
        Result.objects.update(expires_at="2020-01-01T00:00:00Z")

    assert storing.sweep() == 1
    assert alice.get(f"/api/v1/messages/{answer.pk}/result/").json()["code"] == "result_expired"
    assert alice.get(f"/api/v1/messages/{answer.pk}/").json()["content"] == "共 121 行。"


def test_the_oldest_rows_go_when_room_is_short(alice, answer, monkeypatch):
    with inside(alice):
        rows.run(alice)
        monkeypatch.setattr(
            storing.configs, "value", lambda key, _w=None: 1 if "bytes" in key else 7
        )
        storing._make_room(alice.workspace.id)

        assert set(Result.objects.values_list("state", flat=True)) == {"expired"}


def test_a_finished_stream_is_a_snapshot_and_one_end(alice, answer):
    response = alice.get(
        f"/api/v1/messages/{answer.pk}/stream/", headers={"Accept": "text/event-stream"}
    )
    text = b"".join(response.streaming_content).decode() if not response.is_async else None

    assert response["Content-Type"] == "text/event-stream"
    if text is not None:
        names = [line[7:] for line in text.splitlines() if line.startswith("event: ")]
        assert names == ["snapshot", "done"]


def test_lists_ask_little(alice, answer, at_most):
    with at_most(6):
        alice.get(URL)
    with at_most(7):
        alice.get(f"{URL}{answer.conversation_id}/messages/")
