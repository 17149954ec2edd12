"""Anchors: signed lines outside the database that no gap, no dead process and no full disk can spoil."""

import os

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts import registry, tenancy
from accounts.signing_keys import AUDIT
from laojun.chain import alarms, anchors, lines, sinks, verifying, witness
from laojun.chain.lines import NotALine
from laojun.models import AuditAnchor, AuditChain, AuditLog
from tests.laojun.chains import deeds, sealed, verdict

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path, monkeypatch):
    settings.AUDIT_KEYS_FILE = tmp_path / "audit_keys"
    settings.AUDIT_KEYS_FILE.write_text("first")
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(alarms, "_told", {})


def _table():
    with tenancy.sealer_scope():
        return list(AuditAnchor.objects.order_by("anchor_no"))


def _file(settings):
    (path,) = settings.AUDIT_ANCHORS_DIR.glob("*.jsonl")
    return path


def _chain(person):
    with tenancy.sealer_scope():
        return AuditChain.objects.get(pk=person.workspace.id)


def test_a_line_says_how_far_each_chain_has_come(alice, settings):
    sealed(alice.workspace, 3)

    number = anchors.anchor()

    (raw,) = sinks.written()
    body = lines.read(raw, anchors.trusted()).body
    chain = _chain(alice)
    assert number == body["no"] == 1
    assert {"chain": chain.pk, "seq": chain.head_seq, "hash": bytes(chain.head_hash).hex()} in (
        body["heads"]
    )
    assert chain.anchored_seq == chain.head_seq
    assert raw == anchors.raw_of(_table()[0])


def test_nothing_new_makes_no_line(alice):
    sealed(alice.workspace, 1)
    anchors.anchor()

    assert anchors.anchor() is None
    assert len(_table()) == 1


def test_only_chains_that_moved_are_named_and_each_line_names_the_one_before(alice, charlie):
    sealed(alice.workspace, 1)
    anchors.anchor()
    sealed(charlie.workspace, 1)
    anchors.anchor()

    first, second = _table()
    assert [head["chain"] for head in second.heads] == [charlie.workspace.id]
    assert second.prev_sha256 == first.sha256


def test_a_thousand_rows_are_anchored_at_once(alice, monkeypatch):
    monkeypatch.setattr(anchors, "EVERY_ROWS", 5)
    deeds(alice.workspace, 6)

    anchors.seal_and_anchor()

    assert _chain(alice).anchored_seq == _chain(alice).head_seq


def test_a_full_disk_holds_up_nothing_and_the_file_catches_up_without_a_gap(alice, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(sinks, "_write", full)
        for _time in range(2):
            sealed(alice.workspace, 1)
            anchors.anchor()
    assert [row.sinks["file"] for row in _table()] == ["OSError", "OSError"]
    assert verdict(alice.workspace.id).state == "intact"

    sealed(alice.workspace, 1)
    anchors.anchor()

    numbers = [lines.parse(raw).number for raw in sinks.written()]
    assert numbers == [1, 2, 3]
    assert [row.sinks["file"] for row in _table()] == ["", "", ""]
    assert witness.listen().bad is None


def test_half_a_line_is_taken_back(alice, settings):
    sealed(alice.workspace, 1)
    anchors.anchor()
    with _file(settings).open("ab") as file:
        file.write(b'{"body":{"no":2')

    sealed(alice.workspace, 1)
    anchors.anchor()

    assert [lines.parse(raw).number for raw in sinks.written()] == [1, 2]


def test_a_process_that_died_between_file_and_table_is_made_up_for(alice, monkeypatch):
    sealed(alice.workspace, 1)
    anchors.anchor()
    sealed(alice.workspace, 1)

    def die(*_):
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(anchors, "_keep", die)
        with pytest.raises(SystemExit):
            anchors.anchor()
    assert len(_table()) == 1
    assert len(list(sinks.written())) == 2

    anchors.anchor()

    assert [row.anchor_no for row in _table()] == [1, 2]
    assert _chain(alice).anchored_seq == _chain(alice).head_seq
    assert witness.listen().bad is None


def _spoil(settings, change):
    path = _file(settings)
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(whole)))


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda whole: whole[:1] + whole[2:], 2),
        (lambda whole: whole[1:], 1),
        (lambda whole: whole[:2], 3),
        (lambda whole: [whole[1], whole[0], whole[2]], 1),
        (lambda whole: [whole[0], whole[1].replace(b'"seq":', b'"seq":1'), whole[2]], 2),
        (lambda whole: [whole[0], whole[1].replace(b',"key"', b', "key"'), whole[2]], 2),
    ],
)
def test_a_line_that_is_missing_or_changed_is_named(alice, settings, change, number):
    for _time in range(3):
        sealed(alice.workspace, 1)
        anchors.anchor()

    _spoil(settings, change)

    bad = witness.listen().bad
    assert (bad.kind, bad.seq) == ("anchor_missing", number)


def test_a_new_key_is_introduced_by_the_old_one(alice):
    sealed(alice.workspace, 1)
    anchors.anchor()
    old = AUDIT.current().id

    call_command("rotate_audit_keys", verbosity=0)
    sealed(alice.workspace, 1)
    anchors.anchor()

    first, rotation, third = _table()
    assert (rotation.kind, rotation.signing_key_id) == ("rotation", old)
    assert rotation.details["key_id"] == third.signing_key_id != first.signing_key_id
    assert witness.listen().bad is None
    assert verdict(alice.workspace.id).state == "intact"


def test_a_key_that_was_put_in_front_by_hand_is_introduced_too(alice, settings):
    sealed(alice.workspace, 1)
    anchors.anchor()
    settings.AUDIT_KEYS_FILE.write_text("second,first")
    os.utime(settings.AUDIT_KEYS_FILE, ns=(1, 1))
    sealed(alice.workspace, 1)

    anchors.anchor()

    assert [row.kind for row in _table()] == ["heads", "rotation", "heads"]


def test_a_chain_that_went_back_is_not_signed_again(alice):
    sealed(alice.workspace, 5)
    anchors.anchor()
    with tenancy.sealer_scope():
        AuditChain.objects.filter(pk=alice.workspace.id).update(head_seq=2)

    anchors.anchor()

    assert _chain(alice).status == "broken"
    assert len(_table()) == 1


def test_after_a_restore_the_lost_branch_is_named_and_no_alarm_raised(alice, settings):
    sealed(alice.workspace, 2)
    anchors.anchor()
    kept = _chain(alice)
    with transaction.atomic():
        sealed(alice.workspace, 3)
        anchors.anchor()
        transaction.set_rollback(True)

    found = verdict(alice.workspace.id)
    assert found.bad is not None
    assert found.bad.kind == "tail_cut"

    anchors.close_branch(reason="drill")
    found = verdict(alice.workspace.id)

    assert found.state == "intact"
    (branch,) = found.branches
    assert branch.first == kept.head_seq + 1
    assert _chain(alice).status == "restored"
    sealed(alice.workspace, 2)
    anchors.anchor()
    assert verdict(alice.workspace.id).state == "intact"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"nonsense",
        b'{"body":{},"key":"x","sig":"zz"}',
        b'{"body":{},"key":1,"sig":"00"}',
        b'{"body":[],"key":"x","sig":"00"}',
        b'\xff{"body"',
    ],
)
def test_a_line_that_is_none_is_refused(raw):
    with pytest.raises(NotALine):
        lines.read(raw, anchors.trusted())


def test_a_late_sealer_is_told_to_operators(alice, olga, monkeypatch):
    told = []
    monkeypatch.setattr(registry.notify, "function", lambda **facts: told.append(facts["type"]))
    monkeypatch.setattr(alarms, "LONGEST_LAG", alarms.timedelta())
    deeds(alice.workspace, 1)

    for _minute in range(3):
        alarms.look()

    assert told == ["audit_seal_lag"]


def test_a_broken_chain_leaves_a_row_and_is_told(alice, olga, monkeypatch):
    told = []
    monkeypatch.setattr(registry.notify, "function", lambda **facts: told.append(facts))
    sealed(alice.workspace, 3)
    with tenancy.sealer_scope():
        AuditChain.objects.filter(pk=alice.workspace.id).update(head_hash=b"\x00" * 32)

    with pytest.raises(SystemExit) as call:
        call_command("audit_verify", workspace=alice.workspace.id)

    assert call.value.code == 1
    assert _chain(alice).status == "broken"
    assert told[0]["user"].pk == olga.user.pk
    with tenancy.platform_scope(reason="test"):
        row = AuditLog.objects.get(action="audit.broken")
    assert (row.result, row.resource_id) == ("failed", str(alice.workspace.id))
    assert row.payload["details"]["kind"] == "forked"
