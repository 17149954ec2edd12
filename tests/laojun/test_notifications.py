"""What people are told: once, in their language, in their own list alone, and never for ever."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import members, news, tenancy
from accounts.models import Membership, User
from accounts.notices import choose
from accounts.registry import permissions
from accounts.tenancy import Context
from laojun import configs, files
from laojun.audit import Actor
from laojun.files import Owner
from laojun.models import Notification, NotificationMark
from laojun.notifications import broadcasting, reading, sending
from laojun.notifications.broadcasting import Broadcast
from taishang import runner
from taishang.claiming import Claimant
from tests import factories
from tests.accounts.api.calls import JSON, Program, assert_problem, program, sign_in
from tests.accounts.post import delivered, only_letter
from tests.accounts.trail import recorded

pytestmark = pytest.mark.django_db
LIST = "/api/v1/notifications/"


def tell(person, letter="activated", **options):
    return sending.notify(
        user=person.user, type=letter, params=options.pop("params", {}), **options
    )


def of(person):
    with tenancy.entered(Context(user_id=person.user.pk)):
        return list(Notification.objects.filter(user=person.user).newest_first())


def titles(person):
    caller = Program(sign_in(person)["access"])
    return [one["title"] for one in caller.get(LIST).json()["results"]]


# What is written


def test_a_notice_is_in_the_readers_language_and_follows_it(alice):
    tell(alice)
    assert of(alice)[0].title == "您的账户已恢复"

    alice.post("/language/", {"language": "en"})

    assert of(alice)[0].title == "Your account is active again"


def test_facts_that_can_be_translated_are(alice):
    with tenancy.entered(Context(user_id=alice.user.pk)):
        news.tell(
            "factor_added",
            user=alice.user,
            link=("security", ""),
            factor=gettext_lazy("A passkey"),
            device="x",
            ip="x",
            time=timezone.now(),
        )
    assert "通行密钥" in of(alice)[0].content
    alice.post("/language/", {"language": "en"})
    assert "A passkey" in of(alice)[0].content


def test_an_unread_notice_is_counted_up_and_comes_to_the_top(alice):
    tell(alice, dedup_key="disk")
    tell(alice, "reopened")
    tell(alice, dedup_key="disk")

    first, _second = of(alice)
    assert (first.dedup_key, first.repeat_count) == ("disk", 2)
    assert len(of(alice)) == 2


def test_after_reading_the_same_thing_is_news_again(alice):
    row = tell(alice, dedup_key="disk")
    program(alice).patch(f"{LIST}{row.pk}/", {"is_read": True})

    tell(alice, dedup_key="disk")

    assert [one.repeat_count for one in of(alice)] == [1, 1]


def test_the_database_refuses_a_second_unread_row_of_one_key(alice):
    tell(alice, dedup_key="disk")
    with (
        pytest.raises(IntegrityError, match="lao_notifications_dedup_uniq"),
        tenancy.entered(Context(user_id=alice.user.pk)),
    ):
        Notification.objects.create(
            user=alice.user,
            type="system",
            letter="activated",
            title="x",
            dedup_key="disk",
            created_at=timezone.now(),
        )


@pytest.mark.parametrize("link", ["https://x.example", "//x.example", "/\\x.example", "/a\nb"])
def test_the_database_keeps_no_link_that_leads_away(alice, link):
    row = tell(alice)
    with (
        pytest.raises(IntegrityError, match="lao_notifications_link_ck"),
        tenancy.entered(Context(user_id=alice.user.pk)),
    ):
        Notification.objects.filter(pk=row.pk).update(link=link)


def test_secrets_and_unstorable_characters_do_not_get_in(alice):
    tell(alice, "suspended", params={"reason": "key sk-live-0123456789abcdef0123 \x00 \ud800"})

    assert "0123456789" not in of(alice)[0].content


def test_a_full_list_lets_the_oldest_read_rows_go(alice):
    rows = [tell(alice) for _number in range(5)]
    with tenancy.entered(Context(user_id=alice.user.pk)):
        Notification.objects.filter(pk=rows[3].pk).update(is_read=True, read_at=timezone.now())
        assert sending.trim(alice.user, most=3) == 2

    assert {one.pk for one in of(alice)} == {rows[1].pk, rows[2].pk, rows[4].pk}


def test_what_was_read_goes_after_thirty_days_and_not_a_second_before(alice):
    row = tell(alice)
    kept = tell(alice)
    program(alice).post(f"{LIST}readings/", {"ids": [str(row.pk)]})
    (read_at,) = [one.read_at for one in of(alice) if one.is_read]

    assert reading.purge(now=read_at + timedelta(days=30, seconds=-1)) == 0
    assert reading.purge(now=read_at + timedelta(days=30)) == 1
    assert reading.purge(now=read_at + timedelta(days=400)) == 0
    assert [one.pk for one in of(alice)] == [kept.pk]


# Whose it is


def test_nobody_sees_or_changes_somebody_elses(alice, bob, charlie):
    row = tell(alice, workspace_id=alice.workspace.pk)

    for person in (bob, charlie):
        assert titles(person) == []
        assert_problem(
            program(person).patch(f"{LIST}{row.pk}/", {"is_read": True}), 404, "not_found"
        )
        assert_problem(program(person).delete(f"{LIST}{row.pk}/"), 404, "not_found")
        assert program(person).post(f"{LIST}readings/", {"ids": [str(row.pk)]}).json() == {
            "read": 0
        }
        assert person.post(f"/notifications/{row.pk}/opening/").status_code == 404
    assert not of(alice)[0].is_read


def test_the_database_itself_hides_other_peoples_rows(alice, bob):
    tell(alice, workspace_id=alice.workspace.pk)

    with tenancy.workspace(alice.workspace.pk, user_id=bob.user.pk):
        assert not Notification.objects.filter(user=alice.user).exists()
        assert not Notification.objects.update(title="mine")


def test_leaving_a_workspace_hides_its_notices(alice, bob):
    tell(bob, workspace_id=alice.workspace.pk)
    tell(bob, "reopened")
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        membership = Membership.objects.get(user=bob.user)
        members.remove(membership=membership, held=frozenset(permissions), by=alice.user)

    found = titles(bob)
    assert "您的账户已恢复" not in found
    assert len(found) == 2, "the one that says so, and the one of the account"


# The API


def test_the_list_is_filtered_and_paged(alice):
    first, second = (
        tell(alice),
        tell(alice, "role_changed", params={"workspace": "x", "roles": "y"}),
    )
    caller = program(alice)
    caller.patch(f"{LIST}{first.pk}/", {"is_read": True})

    def ids(query):
        return [one["id"] for one in caller.get(f"{LIST}?{query}").json()["results"]]

    assert ids("") == [str(second.pk), str(first.pk)]
    assert ids("is_read=false") == [str(second.pk)]
    assert ids("type=security") == [str(first.pk)]
    assert_problem(caller.get(f"{LIST}?type=gossip"), 400, "validation_error")
    assert_problem(caller.get(f"{LIST}?is_read=maybe"), 400, "validation_error")


@pytest.mark.parametrize("rows", [1, 30])
def test_a_page_costs_three_statements_at_most(alice, at_most, rows):
    for _number in range(rows):
        tell(alice)
    caller = program(alice)
    with at_most(3):
        assert caller.get(LIST).status_code == 200


def test_readings_take_ids_or_a_moment_and_not_both(alice):
    row = tell(alice)
    caller = program(alice)
    moment = timezone.now().isoformat()

    assert_problem(caller.post(f"{LIST}readings/", {}), 400, "validation_error")
    both = {"ids": [str(row.pk)], "before": moment}
    assert_problem(caller.post(f"{LIST}readings/", both), 400, "validation_error")
    assert caller.post(f"{LIST}readings/", {"before": moment}).json() == {"read": 1}
    assert caller.post(f"{LIST}readings/", {"before": moment}).json() == {"read": 0}
    assert len(recorded("notification.read")) == 1


def test_marking_as_unread_and_deleting(alice):
    row = tell(alice, dedup_key="disk")
    caller = program(alice)
    caller.patch(f"{LIST}{row.pk}/", {"is_read": True})
    tell(alice, dedup_key="disk")

    assert caller.patch(f"{LIST}{row.pk}/", {"is_read": False}).json()["is_read"] is False
    assert caller.delete(f"{LIST}{row.pk}/").status_code == 204
    assert len(of(alice)) == 1


def test_the_badge_answers_304_until_something_changes(alice):
    caller = program(alice)
    tell(alice)
    first = caller.get(f"{LIST}badge/")
    tag = {"If-None-Match": first["ETag"]}

    assert first.json()["unread"] == 1
    assert caller.get(f"{LIST}badge/", **tag).status_code == 304
    tell(alice)
    assert caller.get(f"{LIST}badge/", **tag).json()["unread"] == 2


def test_every_change_raises_the_mark_once(alice):
    def mark():
        return NotificationMark.objects.get(user=alice.user).version

    for _number in range(3):
        tell(alice)
    before = mark()
    program(alice).post(f"{LIST}readings/", {"before": timezone.now().isoformat()})
    assert mark() == before + 1
    program(alice).delete(f"{LIST}{of(alice)[0].pk}/")
    assert mark() == before + 2


def test_preferences_are_a_matrix_of_kinds_and_channels(alice):
    caller = program(alice)
    wish = {"type": "workspaces", "channels": {"in_app": "off", "email": "immediate"}}
    guard = {"type": "api_keys", "channels": {"in_app": "off", "email": "off"}}

    body = caller.call("put", f"{LIST}preferences/", {"preferences": [wish, guard]}).json()

    found = {one["type"]: one for one in body["preferences"]}
    assert found["workspaces"]["channels"] == {"in_app": "off", "email": "immediate"}
    assert found["api_keys"]["channels"] == {"in_app": "immediate", "email": "off"}
    assert found["api_keys"]["fixed"] == ["in_app"]
    assert found["storage"]["channels"] == {"in_app": "immediate", "email": "immediate"}
    assert len(recorded("user.notices_changed")) == 1
    for bad in ({**wish, "type": "gossip"}, {**wish, "channels": {"in_app": "loud"}}):
        given = {"preferences": [bad]}
        assert_problem(caller.call("put", f"{LIST}preferences/", given), 400, "validation_error")


def test_a_key_reads_nobodys_notices(alice):
    made = alice.client.post(
        "/api/v1/api-keys/",
        {"name": "script", "scopes": ["workspace.view"]},
        content_type=JSON,
    )
    assert_problem(Program(made.json()["key"]).get(LIST), 403, "person_required")


# Pages


def test_opening_a_notice_reads_it_and_goes_there_in_its_workspace(alice, bob):
    own = factories.own_workspace(bob)
    row = tell(bob, link_type="workspace", link_id="members", workspace_id=alice.workspace.pk)
    bob.enter(own)

    answer = bob.post(f"/notifications/{row.pk}/opening/")

    assert answer["Location"] == "/workspace/members/"
    assert bob.client.session["workspace"] == alice.workspace.pk
    assert of(bob)[0].is_read


def test_the_page_shows_days_kinds_and_says_when_there_is_nothing(alice):
    assert "没有需要您处理的事" in alice.get("/notifications/").content.decode()
    tell(alice, "suspended", params={"reason": "<script>alert(1)</script>"})

    page = alice.get("/notifications/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "suspended" not in alice.get("/notifications/?type=task").content.decode()
    assert alice.get("/notifications/?cursor=nonsense").status_code == 404
    assert alice.get("/notifications/latest/").status_code == 200


def test_the_page_marks_and_deletes(alice):
    row = tell(alice)
    alice.post("/notifications/readings/")
    assert of(alice)[0].is_read
    alice.post(f"/notifications/{row.pk}/reading/")
    assert not of(alice)[0].is_read
    alice.post(f"/notifications/{row.pk}/deletion/")
    assert of(alice) == []


# Who tells


def test_crossing_a_mark_of_the_quota_is_told_once(alice, monkeypatch):
    read = configs.value
    monkeypatch.setattr(
        configs,
        "value",
        lambda key, *rest: 100 if key.endswith("user_quota_bytes") else read(key, *rest),
    )
    owner = Owner(alice.user.pk, alice.workspace.pk)
    for size in (79, 1, 10, 10):
        files.store(content=b"x" * size, name="n.txt", purpose="attachment", owner=owner)

    (row,) = [one for one in of(alice) if one.letter.startswith("storage")]
    assert (row.repeat_count, row.level) == (2, "warning") or row.repeat_count == 2
    assert "100" in row.title or "已满" in row.title
    assert len(delivered()) == 2


def test_a_broadcast_reaches_everybody_once_in_their_language(alice, bob, olga):
    alice.post("/language/", {"language": "en"})
    choose(user=bob.user, choices={"broadcast": (True, False)})
    words = {"zh-hans": "周日停机", "en": "Down on Sunday"}
    payload = {
        "id": "018f0000-0000-7000-8000-000000000001",
        "audience": "everybody",
        "workspace_id": None,
        "title": words,
        "text": words,
    }

    assert broadcasting.run(payload) == {"told": User.objects.count()}
    broadcasting.run(payload)

    assert [one.title for one in of(alice) if one.letter == "broadcast"] == ["Down on Sunday"]
    assert [one.title for one in of(olga) if one.letter == "broadcast"] == ["周日停机"]
    assert [one.letter for one in of(bob)] == []


def test_a_broadcast_is_audited_and_runs_in_a_worker(alice, bob):
    words = {"zh-hans": "好", "en": "good"}
    message = Broadcast("workspace", words, words, alice.workspace.pk)
    with tenancy.platform_scope(reason="test"):
        assert broadcasting.readers("workspace", alice.workspace.pk).count() == 2
        broadcasting.start(broadcast=message, count=2, actor=Actor.system("test"))

    runner.drain(Claimant("test:1", ["notifications"]))

    assert len(of(alice)) == len(of(bob)) == 1
    assert recorded("notification.broadcast")[0].payload["details"]["people"] == 2


def test_security_news_reach_list_and_mail(alice):
    alice.client.post(
        "/api/v1/api-keys/", {"name": "nightly", "scopes": ["workspace.view"]}, content_type=JSON
    )

    (row,) = of(alice)
    assert (row.type, row.link, row.workspace_id) == ("security", "/security/", None)
    assert "nightly" in row.content
    assert "nightly" in only_letter().body


def test_nothing_is_told_of_what_was_taken_back(alice):
    with transaction.atomic():
        tell(alice)
        transaction.set_rollback(True)

    assert of(alice) == []
