"""Operators give works away, take them down, and read a text only for a reason that its owner hears."""

from datetime import timedelta

from django.utils import timezone

from accounts import tenancy
from accounts.models import User
from laojun.models import AuditLog, Notification
from studio import operating
from studio.models import Publication, Work
from studio.publishing import opening
from tests.studio import rows

CANARY = "只有作者知道的话"


def inside(person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def test_a_text_is_read_in_the_console_for_an_hour_after_a_reason(alice, olga):
    User.objects.filter(pk=olga.user.pk).update(is_superuser=True)
    with inside(alice):
        work, other = rows.work(alice), rows.work(alice)
        chapter = rows.chapter(work, alice, CANARY)
        rows.chapter(other, alice, CANARY)
    page = f"/admin/studio/work/{work.pk}/"
    text = f"{page}texts/?chapter={chapter.pk}"

    assert CANARY not in olga.get(f"{page}change/").content.decode()
    assert CANARY not in olga.get(text).content.decode()
    assert olga.post(f"{page}texts/", {"reason": ""}).status_code == 200
    assert olga.post(f"{page}texts/", {"reason": "a complaint"}).status_code == 302
    assert CANARY in olga.get(text).content.decode()
    with tenancy.platform_scope(reason="test"):
        row = AuditLog.objects.get(action=operating.OPENED)
        later = {"actor": operating.Actor.of_user(olga.user), "now": row.created_at}
        assert operating.opened_until(work=other, **later) is None
        later["now"] += timedelta(minutes=61)
        assert operating.opened_until(work=work, **later) is None
    assert row.payload["details"]["reason"] == "a complaint"
    assert row.workspace_id == alice.workspace.id
    assert alice.get(text).status_code in {302, 403, 404}
    with inside(alice):
        told = Notification.objects.get(letter=operating.GLASS_BROKEN)
    assert told.user_id == alice.user.pk


def test_an_operator_gives_a_work_to_a_member_and_takes_one_down(alice, bob, charlie, olga):
    User.objects.filter(pk=olga.user.pk).update(is_superuser=True)
    with inside(alice):
        work = rows.work(alice)
        slug = opening.open_to_readers(
            principal=rows.principal(alice), work=work, visibility="link"
        ).slug
    page = f"/admin/studio/work/{work.pk}/transfer/"
    assert charlie.get(f"/read/{slug}/").status_code == 200

    chosen = {"_selected_action": [str(work.pk)], "action": "unpublish", "reason": "a court order"}
    olga.post("/admin/studio/work/", chosen)
    stranger = olga.post(page, {"login": charlie.user.username, "reason": "x"})
    given = olga.post(page, {"login": bob.user.username, "reason": "she left"})

    assert charlie.get(f"/read/{slug}/").status_code == 404
    assert stranger.status_code == 200
    assert given.status_code == 302
    with inside(bob):
        assert Work.objects.get().user_id == bob.user.pk
        assert Publication.objects.get().withdrawn_at <= timezone.now()
        told = set(Notification.objects.values_list("letter", flat=True))
    assert "work_handed_over" in told
    with inside(alice):
        assert Notification.objects.filter(letter=operating.TAKEN_DOWN).count() == 1
    with tenancy.platform_scope(reason="test"):
        reasons = AuditLog.objects.filter(resource_id=str(work.pk), actor_id=olga.user.pk)
        assert {one.payload["details"]["reason"] for one in reasons} == {
            "a court order",
            "she left",
        }
