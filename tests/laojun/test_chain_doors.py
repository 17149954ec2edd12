"""Verification and export where people ask for them: API, workspace page, console, command line."""

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.utils import timezone

from accounts import tenancy
from accounts.models import User
from accounts.signing_keys import AUDIT
from laojun.chain import actors, anchors, archived, exporting, offline, sealing, verifying
from laojun.models import AuditActor, AuditChain, AuditLog
from tests.laojun.chains import deeds, sealed, verdict
from tests.taishang.conftest import Bench

pytestmark = pytest.mark.django_db
JSON = "application/json"
VERIFY = "/api/v1/audit-logs/verification/"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 0.0)


def _public_key() -> str:
    return AUDIT.current().public.public_bytes_raw().hex()


def _spoil(person):
    with tenancy.sealer_scope():
        AuditChain.objects.filter(pk=person.workspace.id).update(head_hash=b"\x00" * 32)


# The API


def test_a_verification_is_a_task_with_a_verdict(alice):
    sealed(alice.workspace, 5)
    anchors.anchor()

    asked = alice.client.post(VERIFY, {}, JSON)

    assert asked.status_code == 202, asked.content
    assert asked["Location"] == asked.json()["task"]
    Bench(alice).work()
    task = alice.get(asked.json()["task"]).json()
    assert (task["state"], task["result"]["state"]) == ("succeeded", "intact")
    shown = alice.get(VERIFY).json()
    assert shown["verdict"]["proof"]["anchor_no"] == 1
    assert shown["verified_seq"] == shown["head_seq"] >= 5
    row = alice.get("/api/v1/audit-logs/?action=audit.verified").json()["results"][0]
    assert row["actor"] == f"user:{alice.user.id}"


def test_a_second_wish_is_answered_with_the_first_ones_task(alice):
    first, second = (alice.client.post(VERIFY, {}, JSON).json() for _time in range(2))

    assert first["id"] == second["id"]


@pytest.mark.parametrize(
    "body", [{"from": "yesterday"}, {"archives": "perhaps"}, {"surprise": 1}, []]
)
def test_a_wish_that_means_nothing_is_400(alice, body):
    assert alice.client.post(VERIFY, json.dumps(body), JSON).status_code == 400


def test_archives_that_nobody_keeps_are_said_to_be_missing(alice, monkeypatch):
    monkeypatch.setattr(archived.audit_archives, "function", None)
    sealed(alice.workspace, 1)
    asked = alice.client.post(VERIFY, {"archives": True}, JSON).json()

    Bench(alice).work()

    assert alice.get(asked["task"]).json()["error"]["code"] == "no_archives"


def test_an_editor_and_a_stranger_may_not(alice, bob, charlie):
    sealed(alice.workspace, 1)
    assert bob.client.post(VERIFY, {}, JSON).status_code == 403
    assert bob.get(VERIFY).status_code == bob.get("/api/v1/audit-logs/anchors/").status_code == 403
    sealed(charlie.workspace, 1)
    assert charlie.get(VERIFY).json()["chain"] == charlie.workspace.id


def test_anchors_tell_a_tenant_of_its_own_chain_alone(alice, charlie):
    sealed(alice.workspace, 2)
    sealed(charlie.workspace, 2)
    anchors.anchor()

    body = alice.get("/api/v1/audit-logs/anchors/").json()

    assert [one["seq"] for one in body["anchors"]] == [_head(alice)]
    assert _public_key() in body["public_keys"].values()
    assert str(charlie.workspace.id) not in {str(one.get("chain")) for one in body["anchors"]}


def _head(person) -> int:
    with tenancy.sealer_scope():
        return AuditChain.objects.get(pk=person.workspace.id).head_seq


# Exports


def _exported(person, query="") -> bytes:
    response = person.get(f"/api/v1/audit-logs/export/?format=jsonl{query}")
    assert response.status_code == 200, response.content
    return b"".join(response)


def _checked(content: bytes) -> offline.Outcome:
    return offline.check(content.splitlines(keepends=True), _public_key())


def test_an_export_is_verified_by_a_process_without_django(alice, tmp_path):
    sealed(alice.workspace, 8)
    anchors.anchor()
    file = tmp_path / "export.jsonl"
    file.write_bytes(_exported(alice))
    command = [sys.executable, "-m", "laojun.chain.offline", str(file), "--public-key"]
    guard = "import sys; sys.modules['django'] = None; sys.modules['psycopg'] = None"
    (tmp_path / "sitecustomize.py").write_text(guard)
    environment = {"PYTHONPATH": f"{tmp_path}:{project.BASE_DIR}"}

    done = subprocess.run(
        [*command, _public_key()], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "anchor 1" in done.stdout
    foreign = subprocess.run(
        [*command, "00" * 32], env=environment, capture_output=True, text=True, check=False
    )
    assert foreign.returncode == 1


def test_an_export_that_no_anchor_knows_cannot_be_told(alice):
    sealed(alice.workspace, 3)

    assert _checked(_exported(alice)).state == "unknown"


def test_a_filtered_export_is_as_it_left(alice):
    sealed(alice.workspace, 6)
    anchors.anchor()

    content = _exported(alice, "&resource_type=file")

    assert _checked(content).state in {"intact", "unknown"}
    lines = content.splitlines(keepends=True)
    assert _checked(b"".join([*lines[:2], *lines[3:]])).state == "tampered"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[1:],
        lambda lines: lines[:-1],
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines[:3], lines[2], *lines[3:]],
        lambda lines: [lines[0].replace(b"user:", b"usex:"), *lines[1:]],
        lambda lines: [lines[0].replace(b'"result":"ok"', b'"result":"denied"'), *lines[1:]],
        lambda lines: [*lines[:-1], lines[-1].replace(b'"rows":', b'"rows":1')],
        lambda lines: [*lines[:2], b"\xff\n", *lines[2:]],
        lambda lines: [*lines[:2], b"{}\n", *lines[2:]],
    ],
)
def test_an_export_somebody_touched_is_tampered_with(alice, spoil):
    sealed(alice.workspace, 6)
    anchors.anchor()
    lines = _exported(alice).splitlines(keepends=True)

    outcome = _checked(b"".join(spoil(lines)))

    assert outcome.state == "tampered"


def test_a_large_export_becomes_a_file_with_a_link(alice, monkeypatch):
    monkeypatch.setattr(exporting, "MAX_STREAMED", 3)
    sealed(alice.workspace, 6)
    anchors.anchor()

    asked = alice.get("/api/v1/audit-logs/export/?format=jsonl")

    assert asked.status_code == 202
    Bench(alice).work()
    result = alice.get(asked.json()["task"]).json()["result"]
    content = b"".join(alice.get(result["link"]))
    assert _checked(content).state == "intact"
    assert result["rows"] == _checked(content).rows >= 6
    assert timezone.datetime.fromisoformat(result["expires_at"]) - timezone.now() > timedelta(
        hours=23
    )


# The page


def test_the_page_says_whether_the_log_is_whole(alice):
    sealed(alice.workspace, 3)
    anchors.anchor()
    assert "尚未校验" in alice.get("/workspace/audit/").content.decode()

    assert alice.post("/workspace/audit/verification/").status_code == 302
    running = alice.get("/workspace/audit/").content.decode()
    assert "<progress" in running

    Bench(alice).work()
    page = alice.get("/workspace/audit/proof/").content.decode()
    assert "完好" in page
    assert "<progress" not in page


def test_the_page_names_the_first_bad_row(alice):
    sealed(alice.workspace, 3)
    _spoil(alice)
    alice.post("/workspace/audit/verification/")

    Bench(alice).work()

    page = alice.get("/workspace/audit/").content.decode()
    assert "被篡改" in page


def test_somebody_without_the_right_finds_no_button(bob):
    assert bob.post("/workspace/audit/verification/").status_code == 403
    assert bob.get("/workspace/audit/proof/").status_code == 403


# The console


@pytest.mark.parametrize(
    "path", ["auditchain/", "auditanchor/", "auditcheckpoint/", "auditchain/part/"]
)
def test_operators_look_at_chains_and_anchors(olga, alice, path):
    sealed(alice.workspace, 2)
    anchors.anchor()

    assert olga.get(f"/admin/laojun/{path}").status_code == 200
    assert alice.get(f"/admin/laojun/{path}").status_code in {302, 404}


def test_an_operator_opens_one_chain_and_one_anchor(olga, alice):
    chain = sealed(alice.workspace, 2)
    anchors.anchor()
    verdict(chain)

    assert olga.get(f"/admin/laojun/auditchain/{chain}/change/").status_code == 200
    page = olga.get("/admin/laojun/auditanchor/1/change/").content.decode()
    assert _public_key() in page.replace("<wbr>", "")


def test_an_operator_verifies_every_chain_and_chosen_ones(olga, alice, charlie):
    chains = [sealed(person.workspace, 2) for person in (alice, charlie)]
    anchors.anchor()

    assert olga.post("/admin/laojun/auditchain/verification/").status_code == 302
    chosen = {"action": "verify_chosen", "_selected_action": [str(chains[0])]}
    assert olga.post("/admin/laojun/auditchain/", chosen).status_code == 302

    Bench(alice).work()
    with tenancy.sealer_scope():
        states = set(AuditChain.objects.values_list("verdict__state", flat=True))
        assert AuditChain.objects.get(pk=chains[1]).verified_at
    assert states == {"intact"}
    with tenancy.platform_scope(reason="test"):
        rows = AuditLog.objects.filter(action="audit.verified", actor_id=olga.user.id)
        assert rows.count() == 2


@pytest.mark.parametrize(
    "tail", ["auditchain/{chain}/delete/", "auditchain/add/", "auditanchor/1/change/"]
)
def test_a_forged_post_changes_nothing(olga, alice, tail):
    chain = sealed(alice.workspace, 2)
    anchors.anchor()

    assert (
        olga.post(f"/admin/laojun/{tail.format(chain=chain)}", {"post": "yes"}).status_code == 403
    )
    assert verdict(chain).state == "intact"


@pytest.mark.parametrize(
    ("key", "state"),
    [
        ("audit_seal_lag", "good"),
        ("audit_anchor", "good"),
        ("audit_verified", "warn"),
        ("audit_broken", "good"),
    ],
)
def test_the_first_screen_shows_how_the_log_stands(olga, alice, key, state):
    sealed(alice.workspace, 2)
    sealing.seal_waiting()
    anchors.anchor()

    page = olga.get(f"/admin/tiles/{key}/").content.decode()

    assert f"stat-{state}" in page


def test_a_broken_chain_is_red_on_the_first_screen(olga, alice):
    chain = sealed(alice.workspace, 2)
    with tenancy.sealer_scope():
        AuditChain.objects.filter(pk=chain).update(status="broken")

    assert "stat-bad" in olga.get("/admin/tiles/audit_broken/").content.decode()


# The command


def _command(**options) -> tuple[int, str]:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit_verify", stdout=out, stderr=out, **options)
    return ended.value.code, out.getvalue()


def test_the_command_says_what_is_proved(alice):
    chain = sealed(alice.workspace, 4)
    anchors.anchor()
    sealed(alice.workspace, 2)
    deeds(alice.workspace, 1)

    code, text = _command(workspace=chain)

    assert code == 0
    assert "Proved up to anchor 1" in text
    assert "2 rows chained after it, 1 waiting" in text


def test_the_command_names_the_bad_row_as_json(alice):
    chain = sealed(alice.workspace, 4)
    _spoil(alice)

    code, text = _command(workspace=chain, json=True)

    assert code == 1
    assert json.loads(text)["chains"][0]["bad"]["kind"] == "forked"


def test_the_command_begins_at_a_day(alice):
    chain = sealed(alice.workspace, 4)
    tomorrow, today = timezone.now() + timedelta(days=1), timezone.now() - timedelta(days=1)

    assert _command(workspace=chain, since=today)[0] == 0
    assert _command(workspace=chain, since=tomorrow)[0] == 0


def test_the_command_cannot_tell_of_a_chain_nobody_made(alice):
    assert _command(workspace=999_999_999)[0] == 2


def test_the_command_checks_a_file(alice, tmp_path):
    sealed(alice.workspace, 4)
    anchors.anchor()
    file = tmp_path / "export.jsonl"
    file.write_bytes(_exported(alice))

    assert _command(file=file)[0] == 0
    assert _command(file=tmp_path / "nothing")[0] == 2


# Names


def test_a_forgotten_name_leaves_the_chain_intact(alice):
    chain = sealed(alice.workspace, 3)
    anchors.anchor()

    with tenancy.platform_scope(reason="test"):
        assert actors.erase(user_id=alice.user.id) >= 1
        assert not AuditActor.objects.filter(display_name="alice").exists()

    deeds(alice.workspace, 1)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        row = AuditLog.objects.filter(workspace_id=alice.workspace.id).latest("pk")
        assert row.actor == f"user:{alice.user.id}"
        assert not AuditActor.objects.exclude(display_name="").exists()
    assert verdict(chain).state == "intact"
    assert User.objects.filter(pk=alice.user.id).exists()
