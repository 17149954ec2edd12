"""Settings change while the platform runs; every process obeys at its next request."""

import pytest
from django.db import transaction
from django.db.utils import IntegrityError, ProgrammingError

from accounts import registry, tenancy
from accounts.redaction import MASK
from laojun import audit, configs
from laojun.configs import Change, InvalidValue, NotRestorable, Stale
from laojun.models import AuditLog, Config

pytestmark = pytest.mark.django_db
SIZE = "storage.max_file_size"
TEN = 10 * 1024**2
SYSTEM = audit.Actor.system("test")
CANARY = "hunter2-planted-canary"


def write(workspace, key, value, **extra):
    change = Change(key, value, **extra)
    if workspace is None:
        return configs.write(changes=[change], workspace_id=None, actor=SYSTEM)[0]
    with tenancy.workspace(workspace.id):
        return configs.write(changes=[change], workspace_id=workspace.id, actor=SYSTEM)[0]


def test_the_nearest_value_is_in_force(alice):
    assert configs.value(SIZE, alice.workspace.id) == TEN
    write(None, SIZE, 5000)
    assert configs.value(SIZE, alice.workspace.id) == 5000
    found = write(alice.workspace, SIZE, 4000)

    assert (found.value, found.source) == (4000, "workspace")
    assert configs.value(SIZE, alice.workspace.id) == 4000
    assert configs.value(SIZE) == 5000


def test_another_workspace_keeps_its_own(alice, charlie):
    write(alice.workspace, SIZE, 4000)

    assert configs.value(SIZE, charlie.workspace.id) == TEN


def test_what_was_never_set_is_reset_to_what_it_is(alice):
    with tenancy.workspace(alice.workspace.id):
        change = Change(SIZE, reset=True)
        configs.write(changes=[change], workspace_id=alice.workspace.id, actor=SYSTEM)

    assert configs.value(SIZE, alice.workspace.id) == TEN


def test_apps_below_read_through_their_port():
    assert registry.live_setting(key=SIZE) == TEN


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (SIZE, "5000", "invalid_type"),
        (SIZE, True, "invalid_type"),
        (SIZE, 5000.0, "invalid_type"),
        (SIZE, float("nan"), "invalid_type"),
        (SIZE, None, "invalid_type"),
        (SIZE, 1, "out_of_bounds"),
        (SIZE, 10**18, "out_of_bounds"),
        ("ui.default_language", "fr", "out_of_bounds"),
        ("ai.models.default", "unknown-model", "conflicts_with"),
        ("ai.models.available", ["gpt-3.5-turbo"], "conflicts_with"),
        ("ai.models.available", "gpt-4-turbo", "invalid_type"),
        ("ai.models.available", ["x" * 131], "out_of_bounds"),
        ("ai.models.available", [f"m{number}" for number in range(201)], "out_of_bounds"),
        ("auth.refresh_token_expires_in", 7200, "conflicts_with"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_the_old_one_stands(key, value, code):
    before = configs.value(key)

    with pytest.raises(InvalidValue) as refused:
        write(None, key, value)

    assert refused.value.code == code
    assert configs.value(key) == before


def test_a_workspace_may_not_raise_its_quota(alice):
    write(None, "storage.user_quota_bytes", 1000)

    with pytest.raises(InvalidValue, match="out_of_bounds"):
        write(alice.workspace, "storage.user_quota_bytes", 1001)


def test_a_platform_setting_is_no_workspace_setting(alice):
    with pytest.raises(configs.ScopeNotAllowed):
        write(alice.workspace, "auth.jwt_expires_in", 600)


def test_all_changes_or_none(alice):
    changes = [Change(SIZE, 4000), Change("ui.default_language", "fr")]
    with pytest.raises(InvalidValue), tenancy.workspace(alice.workspace.id):
        configs.write(changes=changes, workspace_id=alice.workspace.id, actor=SYSTEM)

    assert configs.value(SIZE, alice.workspace.id) == TEN


def test_changes_are_judged_together():
    changes = [Change("ai.models.available", ["new"]), Change("ai.models.default", "new")]

    configs.write(changes=changes, workspace_id=None, actor=SYSTEM)

    assert configs.value("ai.models.default") == "new"


def test_the_second_of_two_who_saved_at_once_is_told(alice):
    with tenancy.workspace(alice.workspace.id):
        seen = configs.entry(SIZE, alice.workspace.id).version
    write(alice.workspace, SIZE, 4000, seen=seen)

    with pytest.raises(Stale) as stale:
        write(alice.workspace, SIZE, 5000, seen=seen)

    assert stale.value.entry.value == 4000


def test_a_version_is_never_used_twice(alice):
    first = write(alice.workspace, SIZE, 4000)
    write(alice.workspace, SIZE, None, reset=True)
    second = write(alice.workspace, SIZE, 5000)

    assert first.version != second.version


def test_a_change_can_be_taken_back_from_its_history(alice):
    write(alice.workspace, SIZE, 4000)
    write(alice.workspace, SIZE, 5000)
    with tenancy.workspace(alice.workspace.id):
        newest, oldest = configs.history(SIZE, alice.workspace.id)
        restore = {"key": SIZE, "workspace_id": alice.workspace.id, "actor": SYSTEM}
        assert configs.rollback(audit_id=newest.id, **restore).value == 4000
        assert configs.rollback(audit_id=oldest.id, **restore).source == "default"

        actions = [row.action for row in configs.history(SIZE, alice.workspace.id)]
        assert actions == ["config.rolled_back", "config.rolled_back", "config.set", "config.set"]


def test_another_workspaces_history_cannot_be_restored(alice, charlie):
    write(alice.workspace, SIZE, 4000)
    with tenancy.workspace(alice.workspace.id):
        row = configs.history(SIZE, alice.workspace.id).get()

    with pytest.raises(NotRestorable), tenancy.workspace(charlie.workspace.id):
        configs.rollback(key=SIZE, audit_id=row.id, workspace_id=charlie.workspace.id, actor=SYSTEM)


def test_a_secret_is_sealed_and_never_shown(alice):
    found = write(None, "email.password", CANARY)
    with tenancy.platform_scope(reason="test"):
        row = Config.objects.get(key="email.password")
        trail = list(AuditLog.objects.filter(resource_id="email.password"))
        assert configs.secret("email.password") == CANARY

    assert (found.shown, found.value) == (MASK, None)
    assert CANARY not in f"{vars(row)} {[vars(one) for one in trail]} {found}"
    assert configs.value("email.password") == ""


def test_a_tenant_cannot_read_the_platforms_secret(alice):
    write(None, "email.password", CANARY)

    with tenancy.workspace(alice.workspace.id):
        assert not Config.objects.filter(is_secret=True).exists()


def test_the_mask_keeps_a_secret_and_nothing_clears_it():
    write(None, "email.password", CANARY)
    write(None, "email.password", MASK)
    with tenancy.platform_scope(reason="test"):
        assert configs.secret("email.password") == CANARY

    assert not write(None, "email.password", "").is_set


def test_a_secret_is_not_restorable():
    write(None, "email.password", CANARY)
    with tenancy.platform_scope(reason="test"):
        row = configs.history("email.password", None).first()

    with pytest.raises(NotRestorable):
        configs.rollback(key="email.password", audit_id=row.id, workspace_id=None, actor=SYSTEM)


def test_a_stored_value_that_no_longer_fits_gives_way_to_the_default():
    with tenancy.platform_scope(reason="test"):
        Config.objects.create(scope="global", key=SIZE, value="old shape", updated_by="x")

    assert configs.value(SIZE) == TEN


def test_rows_of_a_vanished_key_are_shown_as_orphans():
    with tenancy.platform_scope(reason="test"):
        Config.objects.create(scope="global", key="gone.key", value=1, updated_by="x")

        assert [row.key for row in configs.orphans()] == ["gone.key"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "global", "key": "UPPER.case", "value": 1},
        {"scope": "workspace", "key": "a.b", "value": 1},
        {"scope": "elsewhere", "key": "a.b", "value": 1},
        {"scope": "global", "key": "a.b", "value": "x" * 16_400},
        {"scope": "global", "key": "a.b", "is_secret": True, "value": "plain"},
    ],
)
def test_the_database_refuses_what_the_code_would_not_write(wrong):
    with (
        pytest.raises(IntegrityError),
        tenancy.platform_scope(reason="test"),
        transaction.atomic(),
    ):
        Config.objects.create(updated_by="x", **wrong)


def test_a_tenant_cannot_write_a_platform_setting(alice):
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenancy.workspace(alice.workspace.id),
        transaction.atomic(),
    ):
        Config.objects.create(scope="global", key="a.b", value=1, updated_by="x")
