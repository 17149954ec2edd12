"""Letters: written in the caller's transaction, sealed while they wait, sent by a worker, erased."""

import json
import re

import pytest
from django.core import mail as outgoing
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import translation

from accounts import mail, news, notices, registry, tenancy
from accounts.registry import letters
from taishang import runner
from taishang.claiming import Claimant
from taishang.models import Task
from tests.accounts.post import delivered, link_of, only_letter

pytestmark = pytest.mark.django_db
PLACE = re.compile(r"%\((\w+)\)s")
URL = "https://example.com/secret-canary-7f3a"


def waiting() -> list[Task]:
    with tenancy.platform_scope(reason="tests: the queue of letters"):
        return list(Task.objects.filter(queue="email"))


def send(person, **params):
    given = {"url": mail.address_of("security"), "key": "nightly", **params}
    mail.send("api_key_created", user=person.user, **given)


def test_nothing_is_sent_inside_the_request(alice):
    send(alice)

    assert outgoing.outbox == []
    assert only_letter().to == ["alice@example.com"]


def test_a_letter_goes_with_its_transaction(alice):
    with transaction.atomic():
        send(alice)
        transaction.set_rollback(True)

    assert delivered() == []


def test_the_queue_holds_no_link_in_clear_and_nothing_after_sending(alice):
    send(alice, url=URL)

    assert "canary" not in json.dumps([task.payload for task in waiting()])
    delivered()
    assert [task.payload for task in waiting()] == [{}]
    assert [task.state for task in waiting()] == ["succeeded"]


def test_a_payload_opens_in_its_own_place_only(alice):
    send(alice)
    send(alice)
    first, second = (task.payload for task in waiting())

    with pytest.raises(mail.secrets.SecretUnreadable):
        mail.deliver({"id": first["id"], "content": second["content"]})


def test_a_mail_server_that_is_away_is_tried_eight_times_over_a_day(alice, monkeypatch):
    def away(*_args):
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", away)
    send(alice)
    runner.drain(Claimant("test:post", ["email"]))

    (task,) = waiting()
    assert task.state == "queued"
    assert task.max_attempts == 8
    assert task.payload["content"]
    assert 23 * 3600 < sum(mail.RETRIES_S) <= 24 * 3600
    monkeypatch.undo()
    with tenancy.platform_scope(reason="tests: hurry"):
        Task.objects.filter(id=task.id).update(due_at=task.created_at)
    assert only_letter().subject


def test_a_letter_sent_twice_can_be_told_to_be_one(alice):
    send(alice)
    payload = waiting()[0].payload

    mail.deliver(payload)
    mail.deliver(payload)

    first, second = outgoing.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("key", sorted(letters))
def test_every_letter_has_text_and_html_in_both_languages(key, language):
    said = letters[key]
    places = PLACE.findall(" ".join(map(str, (said.subject, *said.lines, *said.brief))))
    params = dict.fromkeys(("name", "url", *places), "<b>x</b>")
    with translation.override(language):
        letter = mail.render(key, to="a@example.com", params=params)

    html = letter.alternatives[0][0]
    assert "<b>x</b>" in letter.body
    assert "<b>x</b>" not in html
    assert "%(" not in letter.subject + letter.body + html
    if letters[key].subject != "%(title)s":
        assert any("一" <= char <= "鿿" for char in letter.subject) == (language == "zh-hans")


def test_a_letter_is_in_the_readers_language(alice):
    alice.post("/language/", {"language": "en"})
    send(alice)

    assert only_letter().subject == "An API key was made"


def test_links_come_from_the_public_address_never_from_the_host_header(alice, settings):
    settings.PUBLIC_URL = "https://platform.example.com"
    send(alice)

    assert link_of(only_letter()) == "/security/"


def test_a_kind_of_notice_can_be_done_without(alice):
    notices.choose(user=alice.user, choices={"api_keys": (False, True)})
    send(alice)

    assert delivered() == []


def test_what_guards_the_account_cannot_be_done_without(alice):
    for entry in notices.wishes(alice.user):
        notices.choose(user=alice.user, choices={entry.type.key: (False, False)})
    mail.send("suspended", user=alice.user, reason="spam")

    assert "spam" in only_letter().body


@pytest.fixture
def told(monkeypatch):
    found = []
    monkeypatch.setattr(registry.notify, "function", lambda **given: found.append(given["type"]))
    return found


@pytest.mark.parametrize(
    ("by_mail", "in_app"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_news_take_the_ways_a_person_chose(alice, told, by_mail, in_app):
    notices.choose(user=alice.user, choices={"workspaces": (by_mail, in_app)})

    news.tell("member_removed", user=alice.user, workspace="x")

    assert told == ["member_removed"] * in_app
    assert len(delivered()) == by_mail


def test_what_guards_the_account_always_stands_in_the_list(alice, told):
    notices.choose(user=alice.user, choices={"api_keys": (False, False)})

    news.tell("api_key_created", user=alice.user, link=("security", ""), key="x")

    assert told == ["api_key_created"]


@pytest.mark.parametrize(
    "path", ["https://x.example", "//x.example", "/\\x.example", "/a\r\nb", "a", "", "/a b"]
)
def test_news_lead_nowhere_but_to_pages_of_ours(path, monkeypatch):
    monkeypatch.setitem(registry.link_resolvers._entries, "odd", lambda _id: path)

    with pytest.raises(news.BadLink):
        news.path_of(("odd", "1"))


def test_one_address_gets_twenty_letters_an_hour_and_the_rest_later(alice):
    for number in range(23):
        send(alice, key=f"key {number}")

    assert len(delivered()) == 20
    late = [task for task in waiting() if task.state == "queued"]
    assert len(late) == 3
    assert all(task.due_at > task.created_at for task in late)


def test_letters_that_guard_the_account_do_not_wait(alice):
    for _number in range(23):
        mail.send("suspended", user=alice.user, reason="x")

    assert len(delivered()) == 23


def test_without_a_mail_server_operators_see_a_red_line(olga, settings):
    assert "mail-missing" in olga.get("/admin/").content.decode()

    settings.EMAIL_URL = "smtp://mail.example.com"
    assert "mail-missing" not in olga.get("/admin/").content.decode()
