"""What operators see of people and do for them: with a reason, recorded, never a password or secret."""

import pytest

from accounts.models import SignIn, User
from tests.accounts.entrance import is_signed_in, sign_in
from tests.accounts.post import delivered, link_of, only_letter
from tests.accounts.trail import recorded

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"


def do(operator, action, *people, reason="asked by phone"):
    form = {"action": action, "_selected_action": [str(one.user.pk) for one in people]}
    return operator.post(LIST, {**form, **({"reason": reason} if reason else {})})


def test_a_deed_without_a_reason_asks_for_it(olga, alice):
    page = do(olga, "set_plan_pro", alice, reason="").content.decode()

    assert 'name="reason"' in page
    assert User.objects.get(pk=alice.user.pk).plan == "free"


@pytest.mark.parametrize("plan", ["free", "pro", "enterprise"])
def test_a_plan_is_set(olga, alice, plan):
    User.objects.filter(pk=alice.user.pk).update(
        plan="pro", subscription_expires_at="2020-01-01T00:00:00Z"
    )

    do(olga, f"set_plan_{plan}", alice)

    found = User.objects.get(pk=alice.user.pk)
    assert (found.plan, found.subscription_expires_at) == (plan, None)
    assert recorded("user.plan_changed")[0].payload["details"]["reason"] == "asked by phone"


def test_a_suspended_person_is_out_and_told(olga, alice):
    do(olga, "suspend", alice, reason="spam")

    assert not is_signed_in(alice.client)
    assert "spam" in only_letter().body
    do(olga, "activate", alice)
    assert is_signed_in(sign_in("alice")[0])
    assert delivered()


def test_a_reset_link_goes_to_its_owner_and_is_shown_to_nobody(olga, alice):
    page = do(olga, "send_reset_link", alice)

    link = link_of(only_letter())
    assert link not in page.content.decode()
    assert recorded("auth.reset_sent")


def test_a_confirmation_is_sent_again_while_it_is_missing(olga, alice, with_mail):
    do(olga, "resend_confirmation", alice)
    assert delivered() == []

    alice.user.emailaddress_set.update(verified=False)
    do(olga, "resend_confirmation", alice)
    assert only_letter().to == ["alice@example.com"]


def test_an_operator_does_not_suspend_themselves(olga):
    do(olga, "suspend", olga)

    assert olga.get(LIST).status_code == 200


def test_the_page_of_a_person_shows_states_and_no_secret(olga, alice):
    sign_in("alice", "wrong password")
    alice.user.refresh_from_db()

    page = olga.get(f"{LIST}{alice.user.pk}/change/").content.decode()

    assert "alice@example.com" in page
    assert alice.user.password not in page
    assert "argon2" not in page
    assert 'type="password"' not in page


@pytest.mark.parametrize("query", ["factor=yes", "factor=no", "status__exact=active", "q=ALICE"])
def test_people_are_filtered(olga, alice, query):
    page = olga.get(f"{LIST}?{query}").content.decode()

    assert ("alice@example.com" in page) == (query != "factor=yes")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/account/emailaddress/",
        "/admin/mfa/authenticator/",
        "/admin/socialaccount/socialtoken/",
        "/admin/socialaccount/socialapp/",
        "/admin/socialaccount/socialaccount/",
    ],
)
def test_what_belongs_to_its_owner_alone_has_no_list(olga, path):
    assert olga.get(path).status_code == 404


def test_figures_count_people_and_sign_ins(olga, alice):
    sign_in("alice")
    sign_in("alice", "wrong password")

    assert ">2<" in olga.get("/admin/tiles/users/").content.decode()
    tile = olga.get("/admin/tiles/sign_ins/").content.decode()
    done = SignIn.objects.filter(result="done").count()
    assert f">{done}<" in tile
    panel = olga.get("/admin/panels/sign_ins/").content.decode()
    assert f'<td class="cell-number">{done}</td><td class="cell-number">1</td>' in panel


def test_many_failures_turn_the_figure_red(olga):
    SignIn.objects.bulk_create(SignIn(result="failed") for _ in range(60))

    assert "bad" in olga.get("/admin/tiles/sign_ins/").content.decode()
