"""The workspace's own pages: what they show to whom, what they do, and no button that would be refused."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from accounts import invitations, registry, tenancy, workspaces
from accounts.models import ApiKey, Invitation, Membership, Role, Session, UserRole, Workspace
from accounts.web.permissions import PUBLIC, SIGNED_IN
from laojun import configs, files
from laojun.audit import Actor
from laojun.configs import Change
from laojun.files import Owner
from tests import factories
from tests.accounts.api.calls import JSON
from tests.accounts.api.test_workspaces import make_role, role_id

pytestmark = pytest.mark.django_db
TABS = [
    *("", "members/", "roles/", "invitations/", "keys/", "plugins/", "audit/", "settings/"),
    *("logs/", "limits/", "end/"),
]


@pytest.fixture(autouse=True)
def _no_letters(settings, tmp_path):
    settings.EMAIL_URL = ""
    settings.EMAIL_FILE_PATH = tmp_path


@pytest.fixture
def team(alice):
    assert alice.post("/workspace/conversion/").status_code == 302
    return alice.workspace


def text_of(response) -> str:
    return response.content.decode()


def row(model, **lookup):
    with tenancy.platform_scope(reason="test"):
        return model.objects.filter(**lookup).first()


def version(person, member):
    return row(Membership, workspace=person.workspace, user=member.user).version


@pytest.mark.parametrize("tab", TABS)
def test_the_owner_sees_every_tab(alice, bob, team, tab):
    page = alice.get(f"/workspace/{tab}")

    assert page.status_code == 200
    assert text_of(page).count('class="tab"') == len(TABS)


def test_the_limits_tab_says_what_is_used_and_what_helps(alice, team):
    most = [Change("storage.workspace_quota_bytes", 2048), Change("storage.user_quota_bytes", 2048)]
    configs.write(changes=most, workspace_id=None, actor=Actor.system("tests"))
    files.store(
        content=b"x" * 2048, name="a.txt", purpose="attachment", owner=Owner(alice.user.id, team.id)
    )

    page = text_of(alice.get("/workspace/limits/"))

    assert 'max="2048" value="2048"' in page
    assert str(registry.usages["storage"].remedy) in page
    assert f'aria-label="{registry.limit_classes["invite"].label}"' in page


@pytest.mark.parametrize("tab", TABS)
def test_nobody_sees_them_without_signing_in(db, tab):
    assert Client().get(f"/workspace/{tab}").status_code == 302


ROLES = [
    "owner",
    "admin",
    "editor",
    "viewer",
    "plugin_admin",
    "model_admin",
    "data_engineer",
    "analyst",
]


@pytest.mark.parametrize("role", ROLES)
def test_no_page_offers_what_would_be_refused(alice, team, role):
    """Every link and form of every page that a role can reach asks for something the role holds."""
    person = alice if role == "owner" else factories.colleague("dan", of=alice, role=role)
    made = make_role(alice, "Own role").json()["id"]
    alice.client.post("/api/v1/api-keys/", {"name": "k", "scopes": ["file.view"]}, JSON)
    alice.post("/workspace/invitations/new/", {"email": "x@y.example", "role": role_id("viewer")})
    held = set(person.get("/api/v1/me/").json()["permissions"])
    starts = {"/", "/security/", "/files/", "/generation/", f"/workspace/roles/{made}/"}
    waiting = starts | {f"/workspace/{tab}" for tab in TABS}
    waiting |= {f"/workspace/members/{one.user.id}/" for one in (alice, person)}
    seen = set()

    for path in sorted(waiting):
        page = person.get(path)
        if page.status_code == 403:
            assert resolve(path).func.required_permission not in held
            continue
        seen |= set(re.findall(r'(?:href|action|hx-get|hx-post)="(/[^"#?]*)', text_of(page)))

    assert len(seen) > 10
    for path in seen:
        if path.startswith(("/static/", "/accounts/", "/admin/", "/api/")):
            continue
        needed = getattr(resolve(path).func, "required_permission", "unsaid")
        assert needed in held | {PUBLIC, SIGNED_IN}, path


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_of_the_api_and_of_the_pages_are_one(alice, role):
    person = alice if role == "owner" else factories.colleague("dan", of=alice, role=role)

    menu = person.get("/api/v1/me/menu/").json()

    page = text_of(person.get("/workspace/"))
    shown = set(re.findall(r'id="palette-([a-z_]+)"', page)) - {"list", "profile", "security"}
    assert {entry["key"] for entry in menu["entries"]} == shown
    held = person.get("/api/v1/me/").json()["permissions"]
    assert menu["enabled_actions"] == held


# The workspace


def test_a_workspace_is_renamed_by_whoever_saw_its_state(alice, team):
    seen = row(Workspace, pk=team.pk).version

    assert alice.post("/workspace/name/", {"name": "Ink", "seen": seen}).status_code == 302
    late = alice.post("/workspace/name/", {"name": "Paper", "seen": seen})

    assert late.status_code == 412
    assert "Paper" in text_of(late)
    assert row(Workspace, pk=team.pk).name == "Ink"


def test_another_workspace_is_opened_and_entered(alice):
    assert alice.post("/workspaces/new/", {"name": "Lab"}).status_code == 302

    assert "Lab" in text_of(alice.get("/workspace/"))
    taken = alice.post("/workspaces/new/", {"name": "lab"})
    assert taken.status_code == 400
    assert "lab" in text_of(taken)


def test_a_suspended_workspace_says_so_and_changes_nothing(alice, olga, team):
    with tenancy.platform_scope(reason="test"):
        workspaces.suspend(workspace=team, reason="x", by=olga.user)

    assert "alert-warn" in text_of(alice.get("/workspace/"))
    for path in ("name/", "departure/", "deletion/", "roles/new/", "invitations/new/"):
        assert alice.post(f"/workspace/{path}").status_code == 403, path
    assert alice.post("/workspace/settings/storage.user_quota_bytes/").status_code == 403


# Members


def test_members_are_found_by_name(alice, bob, team):
    assert "bob" in text_of(alice.get("/workspace/members/?q=bo"))
    assert f"/workspace/members/{bob.user.id}/" not in text_of(
        alice.get("/workspace/members/?q=nobody")
    )


def test_addresses_are_for_those_who_manage(alice, bob, team):
    assert "bob@example.com" in text_of(alice.get("/workspace/members/"))
    assert "alice@example.com" not in text_of(bob.get("/workspace/members/"))


def test_a_member_gets_other_roles(alice, bob, team):
    path = f"/workspace/members/{bob.user.id}/change/"
    body = {"roles": [role_id("viewer")], "seen": version(alice, bob), "until": "2099-01-31"}

    assert alice.post(path, body).status_code == 302

    grant = row(UserRole, user=bob.user, workspace=team)
    assert grant.role_id == role_id("viewer")
    assert grant.expires_at.year == 2099
    late = alice.post(path, body)
    assert late.status_code == 412
    assert "alice" in text_of(late)


def test_a_member_is_suspended_and_let_in_again(alice, bob, team):
    path = f"/workspace/members/{bob.user.id}/change/"
    body = {"roles": [role_id("editor")], "seen": version(alice, bob), "status": "suspended"}
    alice.post(path, body)
    assert row(Membership, workspace=team, user=bob.user).status == "suspended"

    alice.post(path, {**body, "seen": version(alice, bob), "status": "active"})

    assert row(Membership, workspace=team, user=bob.user).status == "active"


def test_the_owner_and_those_above_cannot_be_changed(alice, bob, team):
    dora = factories.colleague("dora", of=alice, role="admin")
    body = {"roles": [role_id("viewer")], "seen": version(alice, alice)}

    assert dora.post(f"/workspace/members/{alice.user.id}/change/", body).status_code == 403
    assert dora.post(f"/workspace/members/{alice.user.id}/removal/").status_code == 302
    assert row(Membership, workspace=team, user=alice.user) is not None


def test_a_role_for_several_is_shown_before_it_is_given(alice, bob, team):
    dora = factories.colleague("dora", of=alice, role="viewer")
    people = [str(bob.user.id), str(dora.user.id), str(alice.user.id)]

    preview = alice.post(
        "/workspace/members/preview/", {"member": people, "role": role_id("viewer")}
    )

    page = text_of(preview)
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    assert [entry.partition(":")[0] for entry in seen] == [str(bob.user.id)]
    assert row(UserRole, user=bob.user, workspace=team).role_id == role_id("editor")
    given = alice.post("/workspace/members/roles/", {"seen": seen, "role": role_id("viewer")})
    assert given.status_code == 302
    assert row(UserRole, user=bob.user, workspace=team).role_id == role_id("viewer")


def test_who_was_changed_meanwhile_is_left_out(alice, bob, team):
    stale = f"{bob.user.id}:{version(alice, bob) + 1}"

    alice.post("/workspace/members/roles/", {"seen": [stale], "role": role_id("viewer")})

    assert row(UserRole, user=bob.user, workspace=team).role_id == role_id("editor")
    assert "bob" in text_of(alice.get("/workspace/invitations/"))


@pytest.mark.parametrize("member", ["", "x", "018f0000-0000-7000-8000-000000000000"])
def test_nobody_chosen_changes_nothing(alice, team, member):
    body = {"member": member, "role": role_id("viewer")}

    assert alice.post("/workspace/members/preview/", body).status_code == 302


def test_a_member_is_taken_out(alice, bob, team):
    assert alice.post(f"/workspace/members/{bob.user.id}/removal/").status_code == 302

    assert row(Membership, workspace=team, user=bob.user) is None


def test_a_strangers_member_is_not_found(alice, charlie, team):
    for path in ("", "change/", "removal/"):
        response = alice.client.generic(
            "POST" if path else "GET", f"/workspace/members/{charlie.user.id}/{path}"
        )
        assert response.status_code == 404, path


# Roles


def test_a_role_is_made_as_a_copy_changed_and_deleted(alice, team):
    copied = alice.get(f"/workspace/roles/new/?copy_of={role_id('viewer')}")
    assert text_of(copied).count(" checked") > 3

    alice.post("/workspace/roles/new/", {"name": "Readers", "permissions": ["role.view"]})
    made = row(Role, workspace=team, name="Readers")
    path = f"/workspace/roles/{made.pk}/"
    body = {"name": "Guests", "permissions": ["member.view"], "seen": made.version}
    assert alice.post(f"{path}change/", body).status_code == 302
    late = alice.post(f"{path}change/", body)
    assert late.status_code == 412
    assert alice.post(f"{path}deletion/").status_code == 302

    assert row(Role, workspace=team) is None


def test_a_role_in_use_is_replaced(alice, bob, team):
    made = make_role(alice, "Own").json()["id"]
    body = {"roles": [made], "seen": version(alice, bob)}
    alice.post(f"/workspace/members/{bob.user.id}/change/", body)

    alice.post(f"/workspace/roles/{made}/deletion/")
    assert row(Role, pk=made) is not None
    alice.post(f"/workspace/roles/{made}/deletion/", {"replacement": role_id("viewer")})

    assert row(Role, pk=made) is None
    assert row(UserRole, user=bob.user, workspace=team).role_id == role_id("viewer")


def test_nobody_makes_a_role_above_themselves(alice, team):
    dora = factories.colleague("dora", of=alice, role="admin")

    refused = dora.post("/workspace/roles/new/", {"name": "x", "permissions": ["workspace.delete"]})

    assert refused.status_code == 400
    assert row(Role, workspace=team) is None


def test_roles_of_the_platform_and_of_others_are_not_changed(alice, charlie, team):
    theirs = make_role(charlie, "theirs").json()["id"]

    for pk in (role_id("viewer"), theirs):
        assert alice.post(f"/workspace/roles/{pk}/change/", {"name": "x"}).status_code == 404
        assert alice.post(f"/workspace/roles/{pk}/deletion/").status_code == 404
    assert alice.get(f"/workspace/roles/{theirs}/").status_code == 404


def test_why_somebody_may_do_something_is_told(alice, bob, team):
    page = text_of(alice.get(f"/workspace/roles/?member={bob.user.id}"))

    assert "编辑" in page
    assert "上传文件" in page


# Invitations


def invite(person, email="charlie@example.com", role="viewer"):
    page = person.post(
        "/workspace/invitations/new/", {"email": email, "role": role_id(role), "message": "Hi <b>"}
    )
    assert page.status_code == 200
    return re.search(r"/invitations/tli_[\w-]+/", text_of(page))[0]


def test_an_invitation_is_accepted_from_its_page(alice, charlie, team):
    link = invite(alice)

    page = text_of(charlie.get(link))
    assert "alice" in page
    assert "Hi &lt;b&gt;" in page
    assert charlie.post(f"{link}acceptance/").status_code == 302

    assert "alice" in text_of(charlie.get("/workspace/"))
    assert row(Membership, workspace=team, user=charlie.user) is not None


def test_looking_changes_nothing(alice, charlie, team):
    link = invite(alice)

    for person in (charlie, alice):
        person.get(link)
        person.get(link)
        person.client.head(link)
    assert Client().get(link).status_code == 200
    assert charlie.get(f"{link}acceptance/").status_code == 405

    assert row(Invitation).state(row(Invitation).created_at) == "open"
    assert row(Membership, workspace=team, user=charlie.user) is None


def test_another_account_learns_for_whom_it_was_and_no_more(alice, charlie, team):
    dora = factories.person("dora")
    link = invite(alice)

    page = text_of(dora.get(link))

    assert "c•••@…" in page
    assert "charlie" not in page
    dora.post(f"{link}acceptance/")
    dora.post(f"{link}refusal/")
    assert row(Membership, workspace=team, user=dora.user) is None
    assert row(Invitation).declined_at is None


@pytest.mark.parametrize("deed", ["accepted", "declined", "revoked", "expired"])
def test_a_link_that_is_over_says_why(alice, charlie, team, deed):
    link = invite(alice)
    pk = row(Invitation).pk
    if deed == "revoked":
        alice.post(f"/workspace/invitations/{pk}/revocation/")
    elif deed == "expired":
        with tenancy.platform_scope(reason="test"):
            Invitation.objects.update(expires_at="2020-01-01T00:00:00Z")
        invitations.close_lapsed()
    else:
        charlie.post(f"{link}{'acceptance' if deed == 'accepted' else 'refusal'}/")

    page = charlie.get(link)

    assert page.status_code == 200
    assert "acceptance/" not in text_of(page)


def test_an_unknown_link_is_not_found(charlie):
    for token in ("tli_x", "x" * 200, "tli_" + "x" * 43):
        assert charlie.get(f"/invitations/{token}/").status_code == 404
        assert charlie.post(f"/invitations/{token}/acceptance/").status_code == 404


def test_a_link_is_sent_anew_from_the_page(alice, charlie, team):
    old = invite(alice)
    pk = row(Invitation).pk

    page = text_of(alice.post(f"/workspace/invitations/{pk}/delivery/"))

    new = re.search(r"/invitations/tli_[\w-]+/", page)[0]
    assert charlie.get(old).status_code == 404
    assert charlie.get(new).status_code == 200


@pytest.mark.parametrize("email", ["", "nonsense", "x" * 300, "a@b@c"])
def test_a_bad_address_is_named_beside_its_field(alice, team, email):
    body = {"email": email, "role": role_id("viewer")}

    assert alice.post("/workspace/invitations/new/", body).status_code == 400


# Keys


def test_a_members_key_is_revoked(alice, bob, team):
    bob.client.post("/api/v1/api-keys/", {"name": "k", "scopes": ["file.view"]}, JSON)
    key = row(ApiKey)
    assert str(key.prefix) in text_of(alice.get("/workspace/keys/"))

    assert alice.post(f"/workspace/keys/{key.pk}/revocation/").status_code == 302

    assert row(ApiKey).revoked_at is not None
    assert alice.post(f"/workspace/keys/{key.pk}/revocation/").status_code == 404


def test_others_do_not_see_keys(bob, team):
    assert bob.get("/workspace/keys/").status_code == 403


# The end


def test_a_workspace_is_handed_over_on_its_pages(alice, bob, team):
    assert alice.post("/workspace/offer/", {"heir": str(bob.user.id)}).status_code == 302
    assert "offer/acceptance/" in text_of(bob.get("/workspace/end/"))

    bob.post("/workspace/offer/acceptance/")

    assert row(Workspace, pk=team.pk).owner_id == bob.user.id


def test_an_offer_is_declined(alice, bob, team):
    alice.post("/workspace/offer/", {"heir": str(bob.user.id)})

    bob.post("/workspace/offer/withdrawal/")

    assert row(Workspace, pk=team.pk).offered_to_id is None


def test_a_workspace_is_deleted_by_typing_its_name_and_restored(alice, team):
    alice.post("/workspace/deletion/", {"name": "not it"})
    assert row(Workspace, pk=team.pk).status == "active"

    alice.post("/workspace/deletion/", {"name": "alice"})
    assert row(Workspace, pk=team.pk).status == "deleting"
    assert "restoration/" in text_of(alice.get("/workspace/end/"))

    alice.post("/workspace/restoration/")
    assert row(Workspace, pk=team.pk).status == "active"


def test_a_member_leaves(alice, bob, team):
    assert bob.post("/workspace/departure/").status_code == 302

    assert row(Membership, workspace=team, user=bob.user) is None
    assert bob.get("/").status_code == 200


def test_deeds_of_weight_ask_for_the_password_again(alice, bob, team):

    long_ago = timezone.now() - timedelta(hours=1)
    Session.objects.filter(user=alice.user).update(authenticated_at=long_ago)

    for path, body in (("deletion/", {"name": "alice"}), ("offer/", {"heir": str(bob.user.id)})):
        response = alice.post(f"/workspace/{path}", body)
        assert "reauthenticate" in response["Location"]
    assert row(Workspace, pk=team.pk).status == "active"
