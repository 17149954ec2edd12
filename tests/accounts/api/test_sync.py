"""The feed: nothing is skipped, nothing foreign arrives, and what is gone is said to be."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
import yaml
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client

from accounts import members, sync, tenancy
from accounts.members import Wish
from accounts.models import Change, Membership, Role, UserRole, UserSettings
from accounts.registry import permissions, sync_resources
from laojun.retention import sweeping
from tests import factories
from tests.accounts.api.calls import assert_problem, program
from tests.accounts.copies import Copy, Reset

SYNC = "/api/v1/sync/"


def asked(caller):
    def get(path):
        response = caller.get(path)
        return response.status_code, response.json()

    return get


def copy_of(person, types=""):
    return Copy(asked(person), types)


def add_roles(person, names):
    for name in names:
        with tenancy.workspace(person.workspace.id, user_id=person.user.id):
            Role.objects.create(workspace=person.workspace, key=name, name=name, name_key=name)


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def ada(committed):
    return factories.person("ada")


@pytest.fixture
def bert(ada):
    return factories.colleague("bert", of=ada, role="editor")


def test_anonymous_is_told_to_sign_in(db):
    assert_problem(Client().get(SYNC), 401, "authentication_required")


def test_the_first_page_holds_what_the_person_may_see(ada):
    copy = copy_of(ada).pull()

    assert copy.of("settings")[str(ada.user.id)]["theme"] == "dark"
    assert copy.of("profile")[str(ada.user.id)]["display_name"] == "ada"
    assert set(copy.of("workspace")) == {str(ada.workspace.id)}
    assert set(copy.of("member")) == {str(ada.user.id)}
    assert "viewer" in {role["key"] for role in copy.of("role").values()}
    assert copy.of("config")


def test_pages_of_one_load_the_same_as_a_page_of_all(ada):
    assert copy_of(ada).pull(limit=1).things == copy_of(ada).pull(limit=1000).things


def test_etags_are_the_ones_that_writes_ask_for(ada):
    caller = program(ada)
    add_roles(ada, ["cook"])
    copy = copy_of(caller, "role").pull()
    change = next(one for one in copy.things.values() if one["data"]["key"] == "cook")

    written = caller.patch(change["address"], {"name": "chef"}, **{"If-Match": change["etag"]})

    assert written.status_code == 200, written.content
    assert caller.get(change["address"])["ETag"] == written["ETag"]


def test_changes_and_deletions_arrive(ada):
    add_roles(ada, ["cook", "baker"])
    copy = copy_of(ada).pull()

    ada.client.patch("/api/v1/me/settings/", {"theme": "light"}, content_type="application/json")
    with tenancy.workspace(ada.workspace.id, user_id=ada.user.id):
        Role.objects.filter(key="cook").delete()
    add_roles(ada, ["smith"])
    copy.settle(lambda: copy_of(ada))

    assert copy.of("settings")[str(ada.user.id)]["theme"] == "light"
    assert {role["key"] for role in copy.of("role").values()} >= {"baker", "smith"}
    assert "cook" not in {role["key"] for role in copy.of("role").values()}


def test_a_thing_that_came_back_is_no_longer_gone(ada):
    copy = copy_of(ada, "config").pull()
    key = "storage.max_file_size"
    address = f"/api/v1/configs/{key}/"
    before = ada.get(address)

    ada.client.put(
        address,
        {"value": before.json()["low"]},
        content_type="application/json",
        headers={"If-Match": before["ETag"]},
    )
    copy.settle(lambda: copy_of(ada, "config"))
    assert copy.of("config")[key]["is_set"] is True
    ada.client.delete(address, headers={"If-Match": ada.get(address)["ETag"]})
    copy.settle(lambda: copy_of(ada, "config"))

    assert copy.of("config")[key]["is_set"] is False


def test_what_shows_a_changed_thing_changes_too(ada, bert):
    copy = copy_of(ada, "member").pull()

    bert.client.patch("/api/v1/me/", {"display_name": "Bert"}, content_type="application/json")
    with tenancy.workspace(ada.workspace.id, user_id=ada.user.id):
        viewer = Role.objects.get(key="viewer", workspace=None)
        UserRole.objects.filter(user=bert.user).update(role=viewer)
    copy.settle(lambda: copy_of(ada, "member"))

    shown = copy.of("member")[str(bert.user.id)]
    assert (shown["display_name"], shown["roles"][0]["key"]) == ("Bert", "viewer")


def test_a_workspace_comes_and_goes_with_its_membership(ada, committed):
    carla = factories.person("carla")
    copy = copy_of(carla, "workspace").pull()

    factories.join(carla, ada.workspace, role="viewer")
    eventually(lambda: str(ada.workspace.id) in copy.pull().of("workspace"))
    tag = ada.get(f"/api/v1/workspaces/{ada.workspace.id}/")["ETag"]
    renamed = ada.client.patch(
        f"/api/v1/workspaces/{ada.workspace.id}/",
        {"name": "Kitchen"},
        content_type="application/json",
        headers={"If-Match": tag},
    )
    assert renamed.status_code == 200, renamed.content
    eventually(lambda: copy.pull().of("workspace")[str(ada.workspace.id)]["name"] == "Kitchen")
    with tenancy.workspace(ada.workspace.id, user_id=ada.user.id):
        members.remove(
            membership=Membership.objects.select_related("workspace", "user").get(user=carla.user),
            held=frozenset(permissions),
            by=ada.user,
        )

    eventually(lambda: str(ada.workspace.id) not in copy.pull().of("workspace"))


def test_a_strangers_changes_do_not_arrive(ada):
    carla = factories.person("carla")
    copy = copy_of(carla).pull()
    held = set(copy.things)

    add_roles(ada, ["cook"])
    ada.client.patch("/api/v1/me/settings/", {"theme": "light"}, content_type="application/json")
    add_roles(carla, ["baker"])
    eventually(lambda: len(copy.pull().things) > len(held))

    assert [copy.things[key]["data"]["key"] for key in set(copy.things) - held] == ["baker"]


def test_a_program_without_a_workspace_gets_what_is_the_persons_own(ada):
    caller = program(ada)
    del caller.headers["X-Workspace-Id"]

    kinds = {kind for kind, _id in copy_of(caller).pull().things}

    assert kinds == {"settings", "profile", "workspace"}


def test_a_writer_that_commits_late_is_not_skipped(ada):
    """The slow one takes its number first and commits last; a cursor on ids or times would pass it by."""
    copy = copy_of(ada, "role").pull()
    with ThreadPoolExecutor(4) as pool:
        begun = Event()
        slow = pool.submit(_slowly, ada, "late", 5.0, begun)
        begun.wait(10)
        quick = [pool.submit(_many, ada, f"q{number}", 334) for number in range(3)]
        while not all(one.done() for one in [slow, *quick]):
            copy.pull()
            time.sleep(0.1)
        for one in [slow, *quick]:
            one.result()
    copy.settle(lambda: copy_of(ada, "role"))

    held = {role["key"] for role in copy.of("role").values()}
    assert "late" in held
    assert len([key for key in held if key.startswith("q")]) == 3 * 334


def _slowly(person, name, seconds, begun):
    try:
        with tenancy.workspace(person.workspace.id, user_id=person.user.id):
            Role.objects.create(workspace=person.workspace, key=name, name=name, name_key=name)
            begun.set()
            time.sleep(seconds)
    finally:
        connection.close()


def _many(person, prefix, count):
    try:
        add_roles(person, [f"{prefix}-{number}" for number in range(count)])
    finally:
        connection.close()


def test_a_slow_writer_is_told_as_lag(ada):
    copy = copy_of(ada, "role").pull()
    with ThreadPoolExecutor(1) as pool:
        begun = Event()
        slow = pool.submit(_slowly, ada, "late", 1.5, begun)
        begun.wait(10)
        add_roles(ada, ["quick"])
        time.sleep(0.2)
        held_back = copy.pull()
        assert "quick" not in {role["key"] for role in held_back.of("role").values()}
        assert held_back.lag > 0.1
        slow.result()


def test_twenty_changes_of_roles_leave_the_servers_state(ada, bert):
    copy = copy_of(bert)
    copy.pull()
    for number in range(20):
        key = ("viewer", "editor", "analyst")[number % 3]
        with tenancy.workspace(ada.workspace.id, user_id=ada.user.id):
            members.change(
                membership=Membership.objects.select_related("workspace", "user").get(
                    user=bert.user
                ),
                held=frozenset(permissions),
                by=ada.user,
                wish=Wish(roles=(Role.objects.get(key=key, workspace=None),)),
            )
        with suppress(Reset):
            copy.pull()
            continue
        copy = copy_of(bert).pull()

    copy.settle(lambda: copy_of(bert))


def test_changed_rights_reset_only_whose_they_are(ada, bert):
    of_ada, of_bert = copy_of(ada).pull(), copy_of(bert).pull()

    with tenancy.workspace(ada.workspace.id, user_id=ada.user.id):
        members.change(
            membership=Membership.objects.select_related("workspace", "user").get(user=bert.user),
            held=frozenset(permissions),
            by=ada.user,
            wish=Wish(roles=(Role.objects.get(key="viewer", workspace=None),)),
        )

    of_ada.pull()
    with pytest.raises(Reset, match="rights"):
        of_bert.pull()


def test_a_new_epoch_resets_everybody_and_loading_again_works(ada):
    copy = copy_of(ada).pull()

    sync.reset(reason="test")

    with pytest.raises(Reset, match="epoch"):
        copy.pull()
    assert copy_of(ada).pull().things == copy.things


def test_a_reset_names_the_types_to_load_again(ada):
    copy = copy_of(ada, "role,settings").pull()
    sync.reset(reason="test")

    body = assert_problem(ada.get(f"{SYNC}?cursor={copy.cursor}"), 410, "sync_reset")

    assert body["types"] == ["role", "settings"]


@pytest.mark.parametrize(("days", "alive"), [(89.9, True), (90.1, False)])
def test_a_cursor_dies_with_the_tombstones(ada, monkeypatch, days, alive):
    copy = copy_of(ada).pull()
    later = time.time() + days * 24 * 3600
    monkeypatch.setattr(sync, "time", SimpleNamespace(time=lambda: later))

    with nullcontext() if alive else pytest.raises(Reset, match="expired"):
        copy.pull()


def test_a_foreign_or_damaged_cursor_is_refused(ada, bert):
    cursor = copy_of(ada).pull().cursor

    assert_problem(bert.get(f"{SYNC}?cursor={cursor}"), 400, "cursor_invalid")
    assert_problem(ada.get(f"{SYNC}?cursor={cursor[:-1]}"), 400, "cursor_invalid")
    assert_problem(ada.get(f"{SYNC}?cursor={'a' * 600}"), 400, "cursor_invalid")
    assert_problem(ada.get(f"{SYNC}?cursor={cursor}&types=role"), 400, "cursor_invalid")


@pytest.mark.parametrize("query", ["types=secrets", "limit=0", "limit=1001", "limit=x"])
def test_bad_parameters_are_refused(ada, query):
    assert_problem(ada.get(f"{SYNC}?{query}"), 400, "validation_error")


def test_a_page_takes_two_statements_and_one_for_each_type(ada, at_most):
    caller = program(ada)
    copy = copy_of(caller).pull()
    eventually(lambda: not caller.get(f"{SYNC}?cursor={copy.cursor}").json()["lag_s"])
    copy.pull()
    add_roles(ada, ["cook"])
    ada.client.patch("/api/v1/me/settings/", {"theme": "light"}, content_type="application/json")
    eventually(lambda: not _held_back(caller, copy.cursor))

    with at_most(2 + 2):
        found = caller.get(f"{SYNC}?cursor={copy.cursor}").json()["changes"]
    with at_most(2 + len(sync_resources)):
        caller.get(SYNC)

    assert {change["type"] for change in found} == {"role", "settings"}


def _held_back(caller, cursor):
    return len(caller.get(f"{SYNC}?cursor={cursor}").json()["changes"]) < 2


def test_a_page_is_never_too_large(ada, monkeypatch):
    add_roles(ada, [f"role-{number:03}" for number in range(60)])
    monkeypatch.setattr(sync, "MAX_PAGE_BYTES", 4000)

    response = ada.get(f"{SYNC}?types=role&limit=1000")
    copy = copy_of(ada, "role").pull(limit=1000)

    assert len(response.content) < 6000
    assert copy.pages > 3
    assert len(copy.of("role")) >= 60


def test_a_large_thing_comes_without_its_data(ada, monkeypatch):
    monkeypatch.setattr("accounts.api.sync.MAX_DATA_BYTES", 10)

    change = ada.get(f"{SYNC}?types=settings").json()["changes"][0]

    assert "data" not in change
    assert ada.get(change["address"])["ETag"] == change["etag"]


def test_tombstones_are_swept_after_ninety_days(ada):
    add_roles(ada, ["cook"])
    with tenancy.workspace(ada.workspace.id, user_id=ada.user.id):
        Role.objects.filter(key="cook").delete()

    def count():
        with tenancy.platform_scope(reason="test"):
            return Change.objects.filter(pk=tombstone.pk).count()

    def sweep(now):
        sweeping.run(now=now, only=lambda policy: policy.table == "accounts_changes")

    with tenancy.platform_scope(reason="test"):
        tombstone = Change.objects.filter(op="gone", resource_type="role").latest("changed_at")
    changed_at = tombstone.changed_at
    sweep(changed_at + sync.timedelta(days=90))
    assert count() == 1
    sweep(changed_at + sync.timedelta(days=90, seconds=1))
    assert count() == 0


def test_nobody_but_the_triggers_writes_the_feed(ada):
    for statement in (
        "DELETE FROM accounts_changes",
        "UPDATE accounts_changes SET op = 'gone'",
        "UPDATE accounts_feed_state SET reason = ''",
    ):
        with (
            tenancy.workspace(ada.workspace.id, user_id=ada.user.id),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_notes_of_others_are_not_read(ada):
    carla = factories.person("carla")

    with tenancy.workspace(ada.workspace.id, user_id=ada.user.id):
        readable = set(Change.objects.values_list("user_id", "workspace_id"))

    assert {user for user, _workspace in readable} <= {None, ada.user.id}
    assert carla.workspace.id not in {workspace for _user, workspace in readable}


def test_every_resource_has_a_trigger_that_notes_it(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prosrc FROM pg_proc WHERE prosecdef AND prosrc LIKE '%accounts_changes%'"
        )
        bodies = " ".join(row[0] for row in cursor.fetchall())

    assert [name for name in sync_resources if f"'{name}'" not in bodies] == []


def test_the_schema_names_how_writers_are_reconciled():
    schema = yaml.safe_load((Path(settings.BASE_DIR) / "docs" / "openapi.yaml").read_text())
    rules = schema["paths"]["/api/v1/sync/"]["get"]["x-sync"]

    assert set(rules) == set(sync_resources)
    assert rules["settings"]["conflict"] == rules["config"]["conflict"] == "last_write_wins"
    assert rules["task"]["conflict"] == "server_wins"
    for rule in rules.values():
        assert rule["schema"].rpartition("/")[2] in schema["components"]["schemas"]


def test_a_rolled_back_write_is_no_change(ada):
    copy = copy_of(ada, "settings").pull()
    with tenancy.user(ada.user.id):
        UserSettings.objects.filter(user=ada.user).update(theme="light")
        transaction.set_rollback(True)
    add_roles(ada, ["cook"])

    assert copy.pull().of("settings")[str(ada.user.id)]["theme"] == "dark"
