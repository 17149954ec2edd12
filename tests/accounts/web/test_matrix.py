"""Who may do what, for every operation of the API and every page: refused exactly like what does not exist.

A new operation or page is judged by being there; one that takes an id must say in `doors` whose row to try.
"""

from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.test import Client
from django.utils import timezone

from accounts import people, permissions, sessions, tenancy, tokens
from accounts.models import ApiKey, Membership, Role, Session, User, UserRole
from accounts.registry import permissions as declared
from accounts.web.permissions import OPERATOR, PUBLIC, SIGNED_IN
from tests import factories
from tests.accounts.api.calls import JSON, Program, sign_in
from tests.accounts.web.doors import (
    BEYOND_BIGINT,
    OPERATIONS,
    PAGES,
    PATH_IDS,
    PLAIN,
    nobodys,
    page_address,
    rows_of,
    same_size,
    takes_an_id,
)
from tests.accounts.web.ids import BODIES, LABELS, QUERIES, filled, id_fields, id_parameters
from tests.rig import limits

pytestmark = pytest.mark.django_db
CLOSED = [one for one in OPERATIONS if not one.is_public]
SCOPED = [one for one in CLOSED if one.permission]


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.STORAGES["default"]["OPTIONS"]["location"] = tmp_path
    settings.EMAIL_URL = ""
    settings.EMAIL_FILE_PATH = tmp_path


@pytest.fixture(autouse=True)
def _limits_out_of_the_way(db):
    """One address asks here as often as a whole town."""
    limits.ease()
    limits.allow({"ai": 10_000})


@pytest.fixture
def own(alice):
    return rows_of(alice)


@pytest.fixture
def foreign(charlie):
    return rows_of(charlie, with_passkey=True)


def send(caller, operation, address, data=None, **headers):
    body = None if operation.method == "get" else (data or {})
    return caller.call(operation.method, address, body, **headers)


def judge(operations, caller, ids, expected, **headers):
    """Send every operation and gather those that are not refused as expected: status and code."""
    faults = []
    for one in operations:
        response = send(caller, one, one.address(ids), **headers)
        wanted = expected(one) if callable(expected) else expected
        found = (response.status_code, _code(response))
        if wanted is not None and found != wanted:
            faults.append(f"{one.method} {one.path}: {found} instead of {wanted}")
    assert not faults, "\n".join(faults)


def _code(response):
    if response.status_code < 400:
        return ""
    body = response.json()
    return body.get("error", body).get("code")


# Who asks of an operation


def test_only_signing_in_is_open_to_anybody():
    assert {one.name for one in OPERATIONS if one.is_public} == {
        "auth_token_create",
        "auth_token_refresh_create",
        "auth_token_revoke_create",
    }


def test_every_id_in_a_path_is_known():
    """A new operation with an id of a new kind needs a row to be tried with."""
    unknown = {slot for one in OPERATIONS for slot in one.slots} - set(PATH_IDS) - set(PLAIN)

    assert not unknown


def test_nobody_gets_401(own):
    judge(CLOSED, Program(), own, (401, "authentication_required"))


GARBAGE = [
    "x",
    "tlk_abcdefgh_" + "x" * 49,
    "tlr_" + "x" * 43,
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    "a" * 5000,
]


def test_garbage_gets_401(alice, own):
    for text in GARBAGE:
        judge(CLOSED, Program(text, alice.workspace.id), own, (401, "token_invalid"))


def test_an_expired_token_gets_401(alice, own):
    session = sessions.open_session(user=alice.user, kind="api", facts=sessions.Facts())
    old = tokens._access(alice.user, session, -60)

    judge(CLOSED, Program(old, alice.workspace.id), own, (401, "token_invalid"))


def test_a_token_of_an_ended_session_gets_401(alice, own):
    given = sign_in(alice)
    sessions.end(session=Session.objects.select_related("user").get(pk=given["session_id"]))

    judge(CLOSED, Program(given["access"], alice.workspace.id), own, (401, "token_invalid"))


def test_a_closed_account_gets_401(alice, own):
    token = sign_in(alice)["access"]
    for status in ("suspended", "deactivated", "deleted"):
        User.objects.filter(pk=alice.user.pk).update(status=status, is_active=False)

        judge(CLOSED, Program(token, alice.workspace.id), own, (401, "token_invalid"))


def test_an_expired_and_a_revoked_key_get_401(alice, own):
    made = [
        alice.client.post("/api/v1/api-keys/", {"name": name, "scopes": ["file.view"]}, JSON).json()
        for name in ("one", "two")
    ]
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        long_ago = timezone.now() - timedelta(days=1)
        ApiKey.objects.filter(pk=made[0]["id"]).update(expires_at=long_ago)
        ApiKey.objects.filter(pk=made[1]["id"]).update(revoked_at=long_ago)

    for one in made:
        judge(CLOSED, Program(one["key"]), own, (401, "token_invalid"))


def test_a_stranger_gets_404(alice, charlie, own):
    caller = Program(sign_in(charlie)["access"], alice.workspace.id)

    judge(SCOPED, caller, own, (404, "not_found"))


def test_a_forged_workspace_gets_404(alice, own):
    caller = Program(sign_in(alice)["access"])
    for header in ("0", "x", BEYOND_BIGINT, "1, 2", "-1"):
        judge(SCOPED, caller, own, (404, "not_found"), **{"X-Workspace-Id": header})


def test_a_workspace_that_contradicts_the_path_gets_404(alice, own, foreign):
    below = [one for one in SCOPED if one.is_below_a_workspace]
    caller = Program(sign_in(alice)["access"])

    judge(below, caller, own, (404, "not_found"), **{"X-Workspace-Id": foreign["workspace"]})


def test_without_a_workspace_nothing_is_guessed(alice, own):
    rest = [one for one in SCOPED if not one.is_below_a_workspace]

    judge(rest, Program(sign_in(alice)["access"]), own, (400, "workspace_required"))


ROLES = ["viewer", "editor", "admin", "plugin_admin", "model_admin", "data_engineer", "analyst"]


def hold(person, workspace, role):
    """Put this one role (or none) into a member's hands."""
    with tenancy.platform_scope(reason="test"):
        grants = UserRole.objects.filter(user=person.user, workspace=workspace)
        if role:
            grants.update(role=Role.objects.get(key=role, workspace=None))
        else:
            grants.delete()
        User.objects.filter(pk=person.user.pk).update(authz_version=hash(role) % 1000)
    return {key for key, entry in declared.items() if role and permissions.belongs(role, entry)}


def test_a_role_is_refused_what_it_does_not_hold_and_nothing_else(alice, own):
    """403 naming the permission for what is missing, and never that for what is held."""
    dan = factories.colleague("dan", of=alice, role="viewer")
    caller = Program(sign_in(dan)["access"], alice.workspace.id)

    for role in [*ROLES, ""]:
        held = hold(dan, alice.workspace, role)
        lacking = [one for one in SCOPED if one.permission not in held]
        judge(lacking, caller, own, (403, "permission_denied"))
        for one in SCOPED:
            if one.permission in held and one.method == "get":
                response = send(caller, one, one.address(own))
                if _code(response) == "permission_denied":
                    assert response.json()["permission"] not in held, (role, one.name)


def test_a_key_does_only_what_its_scopes_say(alice, own):
    body = {"name": "narrow", "scopes": ["workspace.view"]}
    key = alice.client.post("/api/v1/api-keys/", body, JSON).json()["key"]
    others = [one for one in SCOPED if one.permission != "workspace.view"]

    faults = []
    for one in others:
        response = send(Program(key), one, one.address(own))
        if (response.status_code, _code(response)) not in {
            (403, "permission_denied"),
            (403, "person_required"),
        }:
            faults.append(f"{one.method} {one.path}: {response.status_code} {_code(response)}")
    assert not faults, "\n".join(faults)


def test_a_key_changes_nothing_of_its_person(alice, own):
    """Even one with every scope: no keys, sessions, members, roles, invitations, nor the end of a workspace."""
    scopes = sorted(permissions.in_workspaces())
    key = alice.client.post("/api/v1/api-keys/", {"name": "all", "scopes": scopes}, JSON).json()
    caller = Program(key["key"])
    personal = [
        one
        for one in CLOSED
        if one.method != "get"
        and (
            not one.permission
            or one.permission
            in {
                "api_key.manage",
                "member.manage",
                "role.manage",
                "workspace.delete",
                "workspace.transfer",
            }
        )
    ]

    assert len(personal) > 15
    judge(personal, caller, own, (403, "person_required"))


def test_a_key_does_not_leave_its_workspace(alice, own, foreign):
    scopes = sorted(permissions.in_workspaces())
    key = alice.client.post("/api/v1/api-keys/", {"name": "all", "scopes": scopes}, JSON).json()

    judge(
        SCOPED,
        Program(key["key"]),
        foreign,
        lambda one: (404, "not_found") if one.is_below_a_workspace else None,
    )
    judge(SCOPED, Program(key["key"], int(foreign["workspace"])), foreign, (404, "not_found"))


# Which row an operation names


def variants(slot, own, foreign):
    """Ids that must all look like one that nobody has."""
    kind = PATH_IDS[slot]
    yield "foreign", foreign[kind]
    if foreign[kind].isdigit():
        yield "beyond bigint", BEYOND_BIGINT
        yield "zero", "0"
    else:
        yield "of another kind", own["invitation" if kind != "invitation" else "file"]


def test_every_id_in_a_path_of_somebody_else_is_an_id_that_does_not_exist(alice, own, foreign):
    caller = Program(sign_in(alice)["access"], alice.workspace.id)
    faults, tried = [], 0
    for one in CLOSED:
        for slot in one.slots:
            if slot not in PATH_IDS or (one.is_below_a_workspace and slot == "workspace_id"):
                continue
            missing = send(caller, one, one.address(own, **{slot: nobodys(own[PATH_IDS[slot]])}))
            for what, value in variants(slot, own, foreign):
                tried += 1
                response = send(caller, one, one.address(own, **{slot: value}))
                if response.status_code != 404 or not same_size(response, missing):
                    faults.append(
                        f"{one.method} {one.path} {slot} {what}: {response.status_code}"
                        f" {_code(response)}, missing {missing.status_code}"
                    )
    assert not faults, "\n".join(faults)
    assert tried > 80


def test_every_workspace_of_somebody_else_is_one_that_does_not_exist(alice, own, foreign):
    caller = Program(sign_in(alice)["access"])
    for one in (one for one in SCOPED if one.is_below_a_workspace):
        theirs = send(caller, one, one.address(own, workspace_id=foreign["workspace"]))
        missing = send(caller, one, one.address(own, workspace_id=nobodys("1")))

        assert theirs.status_code == 404, one.name
        assert same_size(theirs, missing), one.name


def test_every_id_in_a_body_or_query_is_known():
    assert set(id_fields()) == set(BODIES) | LABELS
    # What a view declares holds for all of its methods; the ones that read it are tried.
    declared_by_view = set(id_parameters())
    assert set(QUERIES) <= declared_by_view
    rest = {name.partition(".")[2] for name in declared_by_view - set(QUERIES)}
    assert rest <= {name.partition(".")[2] for name in QUERIES}


# Lists in which an id that leads to nothing is passed over: what is gone has been read.
PASSED_OVER = {"notifications_readings_create.ids"}


def test_every_id_in_a_body_of_somebody_else_is_one_that_does_not_exist(alice, bob, own, foreign):
    caller = Program(sign_in(alice)["access"], alice.workspace.id)
    for case, (kind, body) in BODIES.items():
        one = next(one for one in OPERATIONS if one.name == case.partition(".")[0])
        address = one.address({**own, "person": str(bob.user.pk)})
        seen = {}
        if one.method in {"patch", "put"}:
            seen["If-Match"] = caller.get(address).get("ETag", "")

        theirs, missing = (
            send(caller, one, address, filled(body, pk, own), **seen)
            for pk in (foreign[kind], nobodys(foreign[kind]))
        )

        assert (400 <= theirs.status_code < 500) == (case not in PASSED_OVER), case
        assert same_size(theirs, missing), (case, theirs.content, missing.content)


def test_every_id_in_a_query_of_somebody_else_is_one_that_does_not_exist(alice, own, foreign):
    caller = Program(sign_in(alice)["access"], alice.workspace.id)
    for case, kind in QUERIES.items():
        name, _dot, parameter = case.partition(".")
        one = next(one for one in OPERATIONS if one.name == name)

        theirs = send(caller, one, f"{one.address(own)}?{parameter}={foreign[kind]}")
        missing = send(caller, one, f"{one.address(own)}?{parameter}={nobodys(own[kind])}")

        assert same_size(theirs, missing), (case, theirs.content, missing.content)
        assert foreign["slug"] not in theirs.content.decode()


# Pages


def ask(person_or_client, address):
    """GET, and POST where the page takes it; answers of methods that it does not take are left out."""
    client = getattr(person_or_client, "client", person_or_client)
    found = {}
    for method in ("get", "post"):
        response = getattr(client, method)(address)
        if response.status_code != 405:
            found[method] = response
    return found


def judge_pages(pages, person, ids, expected, **options):
    faults = []
    for page in pages:
        for method, response in ask(person, page_address(page.route, ids, **options)).items():
            if response.status_code not in expected:
                faults.append(f"{method} {page.route}: {response.status_code}")
    assert not faults, "\n".join(faults)


CLOSED_PAGES = [page for page in PAGES if page.needs not in (PUBLIC, OPERATOR)]
SCOPED_PAGES = [page for page in CLOSED_PAGES if page.needs != SIGNED_IN]


def test_every_page_is_reached_by_the_address_the_tests_use(own):
    """A new page with an id of a new kind needs a row to be tried with."""
    for page in PAGES:
        assert "<" not in page_address(page.route, own)


def test_a_page_asks_strangers_to_sign_in(own):
    for page in CLOSED_PAGES:
        for method, response in ask(Client(), page_address(page.route, own)).items():
            assert response.status_code == 302, f"{method} {page.route}"
            assert response["Location"].startswith("/accounts/login/"), page.route


def test_an_ended_session_and_a_closed_account_are_strangers(alice, bob, own):
    sessions.end_all(user=bob.user)
    judge_pages(CLOSED_PAGES, bob, own, {302})

    people.suspend(user=alice.user, reason="x", by=bob.user)
    judge_pages(CLOSED_PAGES, alice, own, {302})


def test_a_page_is_refused_to_whoever_lacks_its_permission(alice, own):
    dan = factories.colleague("dan", of=alice, role="viewer")
    held = {key for key, entry in declared.items() if permissions.belongs("viewer", entry)}

    judge_pages([page for page in SCOPED_PAGES if page.needs not in held], dan, own, {403})


def test_a_page_does_not_know_rows_of_others(alice, own, foreign):
    """Refused like an id that nobody has, in status and size, when read and when written."""
    faults = []
    for page in (page for page in PAGES if takes_an_id(page.route)):
        theirs = ask(alice, page_address(page.route, foreign))
        kind = page_address(page.route, own, instead="@")
        value = page_address(page.route, foreign).split(kind.partition("@")[0])[1].partition("/")[0]
        missing = ask(alice, page_address(page.route, own, instead=nobodys(value)))
        for method, response in theirs.items():
            if response.status_code != 404 or not same_size(response, missing[method]):
                faults.append(f"{method} {page.route}: {response.status_code}")
    assert not faults, "\n".join(faults)


def test_a_page_in_a_workspace_that_was_left_is_gone(alice, bob, own):
    with tenancy.platform_scope(reason="test"):
        Membership.objects.filter(user=bob.user, workspace=alice.workspace).delete()

    for page in (page for page in SCOPED_PAGES if takes_an_id(page.route)):
        for method, response in ask(bob, page_address(page.route, own)).items():
            assert response.status_code == 404, f"{method} {page.route}"


def test_the_console_does_not_exist_for_others(alice, own):
    lists = [
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in site._registry
    ]
    operators = [page_address(page.route, own) for page in PAGES if page.needs == OPERATOR]

    for path in ("/admin/", *lists, *operators):
        for method, response in ask(alice, path).items():
            final = alice.get(response["Location"]) if response.status_code == 302 else response
            assert final.status_code == 404, f"{method} {path}"
