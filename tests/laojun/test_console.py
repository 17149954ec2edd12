"""The operators' console: everything can be seen, settings and ways out are steered, history is not."""

import html
import re

import pytest
from django.utils.datastructures import MultiValueDict

from accounts import tenancy
from laojun import audit, configs, outbound
from laojun.models import AuditLog, OutboundRule
from tests.laojun.test_api_files import upload

pytestmark = pytest.mark.django_db
SIZE = "storage.max_file_size"
PAGES = (
    "/admin/laojun/auditlog/",
    "/admin/laojun/auditlog/?result__exact=denied",
    "/admin/laojun/config/",
    f"/admin/laojun/config/history/{SIZE}/",
    "/admin/laojun/config/overrides/",
    "/admin/laojun/systemlog/",
    "/admin/laojun/systemlog/trace/unknown/",
    "/admin/laojun/notification/",
    "/admin/laojun/file/",
    "/admin/laojun/file/usage/",
    "/admin/laojun/outboundrule/",
    "/admin/laojun/outboundrule/add/",
    "/admin/laojun/outboundrule/tester/",
)
RULE = {
    "cidr": "10.1.0.0/16",
    "port_from": "5432",
    "port_to": "5432",
    "purposes": ["database"],
    "reason": "the warehouse",
    "expires_at_0": "",
    "expires_at_1": "",
    "workspace": "",
}


@pytest.mark.parametrize("path", PAGES)
def test_an_operator_opens_every_page(olga, alice, path):
    upload(alice)
    assert olga.get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_nobody_else_does(alice, path):
    assert alice.get(path).status_code in {302, 404}


def _row(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        audit.record(
            actor=alice.user,
            action="file.uploaded",
            target=("file", "<script>alert(1)</script>"),
            before={"a": 1},
            after={"a": "<img src=x>"},
        )
        return AuditLog.objects.get(action="file.uploaded")


def test_the_explorer_shows_rows_of_every_workspace_as_text(olga, alice):
    row = _row(alice)

    listed = olga.get("/admin/laojun/auditlog/").content.decode()
    shown = olga.get(f"/admin/laojun/auditlog/{row.pk}/change/").content.decode()

    assert "<script>alert(1)" not in listed + shown
    assert "&lt;img src=x&gt;" in shown


@pytest.mark.parametrize("tail", ["{id}/change/", "add/", "{id}/delete/"])
def test_a_forged_post_is_refused_and_leaves_a_row(olga, alice, tail):
    row = _row(alice)
    path = f"/admin/laojun/auditlog/{tail.format(id=row.pk)}"

    assert olga.post(path, {"action": "changed", "post": "yes"}).status_code == 403

    with tenancy.platform_scope(reason="test"):
        denied = AuditLog.objects.get(action="access.denied", actor_id=olga.user.id)
        assert denied.resource_id == path
        assert AuditLog.objects.get(pk=row.pk).action == "file.uploaded"


def test_looking_is_recorded(olga):
    olga.get("/admin/laojun/auditlog/")
    olga.get("/admin/laojun/auditlog/")

    with tenancy.platform_scope(reason="test"):
        entered = AuditLog.objects.filter(
            action="platform_scope.entered", actor_id=olga.user.id
        ).values_list("resource_id", flat=True)
        assert len(entered) == len(set(entered)) >= 1


def _form(olga, group, **values):
    with tenancy.platform_scope(reason="test"):
        entries = [one for one in configs.entries(None) if one.definition.group == group]
    body = {"group": group}
    for entry in entries:
        prefix = entry.key.replace(".", "-")
        body[f"{prefix}-seen"] = entry.version
        given = values.get(entry.key, "" if entry.definition.secret else entry.value)
        body[f"{prefix}-value"] = "\n".join(given) if isinstance(given, list) else given
    body = {**body, **values.get("extra", {})}
    page = olga.post("/admin/laojun/config/", body)
    if page.status_code != 200:
        return page
    # What the preview sends when it is confirmed.
    sent = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.content.decode()
    )
    again = MultiValueDict()
    for name, value in sent:
        again.appendlist(name, html.unescape(value))
    return olga.post("/admin/laojun/config/", {name: again.getlist(name) for name in again})


def test_one_form_per_group_saves_what_changed_only(olga):
    assert _form(olga, "storage", **{SIZE: 4096}).status_code == 302

    assert configs.value(SIZE) == 4096
    with tenancy.platform_scope(reason="test"):
        changed = AuditLog.objects.filter(action="config.set")
        assert [row.resource_id for row in changed] == [SIZE]
        assert changed[0].workspace_id is None


def test_nothing_is_saved_before_its_difference_was_seen(olga, alice):
    _override(alice, 2048)
    with tenancy.platform_scope(reason="test"):
        entry = configs.entry(SIZE, None)
    prefix = SIZE.replace(".", "-")
    with tenancy.platform_scope(reason="test"):
        others = {
            f"{one.key.replace('.', '-')}-{name}": value
            for one in configs.entries(None)
            if one.definition.group == "storage"
            for name, value in (("seen", one.version), ("value", one.value))
        }

    page = olga.post(
        "/admin/laojun/config/", {**others, "group": "storage", f"{prefix}-value": "4096"}
    ).content.decode()

    assert configs.value(SIZE) == entry.value
    assert str(entry.value) in page
    assert "4096" in page
    assert 'name="confirm"' in page


def test_a_secret_is_not_shown_in_the_preview_either(olga):
    canary = "planted-in-the-preview-9917"
    with tenancy.platform_scope(reason="test"):
        entries = [one for one in configs.entries(None) if one.definition.group == "email"]
    body = {"group": "email"}
    for entry in entries:
        prefix = entry.key.replace(".", "-")
        body[f"{prefix}-seen"] = entry.version
        body[f"{prefix}-value"] = canary if entry.definition.secret else entry.value

    page = olga.post("/admin/laojun/config/", body).content.decode()

    assert 'name="confirm"' in page
    assert canary not in page


def _override(person, size):
    with tenancy.workspace(person.workspace.id):
        configs.write(
            changes=[configs.Change(SIZE, size)],
            workspace_id=person.workspace.id,
            actor=audit.Actor.of_user(person.user),
        )


def test_the_matrix_shows_values_of_single_workspaces(olga, alice, charlie):
    _override(alice, 2048)
    _override(charlie, 4096)

    page = olga.get("/admin/laojun/config/overrides/").content.decode()

    assert "2048" in page
    assert "4096" in page
    assert alice.workspace.name in page


def test_a_refused_value_keeps_the_old_one_and_says_why(olga):
    page = _form(olga, "auth", **{"auth.refresh_token_expires_in": 400})

    assert page.status_code == 400
    assert configs.value("auth.refresh_token_expires_in") == 604_800


def test_two_operators_saving_at_once(olga):
    _form(olga, "storage", **{SIZE: 4096})
    stale = {"extra": {f"{SIZE.replace('.', '-')}-seen": "0-0"}}

    page = _form(olga, "storage", **{SIZE: 8192}, **stale)

    assert page.status_code == 400
    assert configs.value(SIZE) == 4096


def test_reset_and_history_with_the_way_back(olga):
    _form(olga, "storage", **{SIZE: 4096})
    _form(olga, "storage", extra={"reset": SIZE})
    assert configs.value(SIZE) == 10 * 1024**2
    with tenancy.platform_scope(reason="test"):
        newest = configs.history(SIZE, None).first()

    olga.post(f"/admin/laojun/config/history/{SIZE}/", {"audit_id": newest.pk})

    assert configs.value(SIZE) == 4096


def test_a_secret_is_set_without_being_shown_again(olga):
    canary = "planted-in-the-console-8812"
    _form(olga, "email", **{"email.password": canary})

    pages = [olga.get("/admin/laojun/config/"), olga.get("/admin/laojun/auditlog/")]
    pages.append(olga.get("/admin/laojun/config/history/email.password/"))

    assert not [page for page in pages if canary in page.content.decode()]
    with tenancy.platform_scope(reason="test"):
        assert configs.secret("email.password") == canary


def test_a_rule_is_opened_with_a_reason_and_leaves_a_trail(olga):
    assert olga.post("/admin/laojun/outboundrule/add/", RULE).status_code == 302

    with tenancy.platform_scope(reason="test"):
        rule = OutboundRule.objects.get()
        row = AuditLog.objects.get(action="outbound_rule.added")
        assert rule.created_by == f"user:{olga.user.id}"
        assert row.payload["after"]["cidr"] == "10.1.0.0/16"
    olga.post(f"/admin/laojun/outboundrule/{rule.pk}/delete/", {"post": "yes"})
    with tenancy.platform_scope(reason="test"):
        assert not OutboundRule.objects.exists()
        assert AuditLog.objects.filter(action="outbound_rule.removed").count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"cidr": "0.0.0.0/0"},
        {"cidr": "nonsense"},
        {"cidr": "10.1.2.3/16"},
        {"reason": ""},
        {"port_from": "6000"},
        {"port_to": "70000"},
        {"purposes": ["anything"]},
    ],
)
def test_a_rule_that_opens_too_much_is_explained(olga, wrong):
    page = olga.post("/admin/laojun/outboundrule/add/", {**RULE, **wrong})

    assert page.status_code == 200
    with tenancy.platform_scope(reason="test"):
        assert not OutboundRule.objects.exists()


@pytest.mark.parametrize(
    ("host", "said"),
    [("10.0.0.1", "private"), ("8.8.8.8", "public"), ("0x7f.1", "not written as a host")],
)
def test_the_tester_says_why(olga, host, said):
    page = olga.get(f"/admin/laojun/outboundrule/tester/?host={host}&port=443&purpose=model")

    assert said in page.content.decode()


def test_an_operator_deletes_a_file_into_its_own_workspaces_log(olga, alice):
    made = upload(alice).json()
    olga.post(
        "/admin/laojun/file/",
        {"action": "delete_files", "_selected_action": [made["id"]]},
    )

    with tenancy.workspace(alice.workspace.id):
        row = AuditLog.objects.get(action="file.deleted")
        assert row.actor_id == olga.user.id


def test_the_check_finds_nothing_wrong_with_whole_files(olga, alice):
    upload(alice)

    page = olga.post("/admin/laojun/file/usage/")

    assert page.context["checked"].missing == []


def test_a_refusal_is_opened_with_one_click_and_a_reason(olga, alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        with pytest.raises(outbound.BlockedAddress):
            outbound.resolve("10.1.2.3", 5432, "database")
        with pytest.raises(outbound.BlockedAddress):
            outbound.resolve("169.254.169.254", 80, "webhook")

    page = olga.get("/admin/laojun/outboundrule/tester/").content.decode()
    offers = [html.unescape(one) for one in re.findall(r'href="([^"]*/add/\?[^"]*)"', page)]
    assert len(offers) == 1, "no rule opens the metadata service"
    assert "cidr=10.1.2.3" in offers[0]
    form = olga.get(offers[0]).content.decode()

    assert 'value="10.1.2.3"' in form
    assert re.search(r'value="database"[^>]*checked', form)
    assert (
        olga.post(
            "/admin/laojun/outboundrule/add/", {**RULE, "cidr": "10.1.2.3", "reason": ""}
        ).status_code
        == 200
    )
    assert (
        olga.post("/admin/laojun/outboundrule/add/", {**RULE, "cidr": "10.1.2.3"}).status_code
        == 302
    )
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert outbound.resolve("10.1.2.3", 5432, "database").addresses == ("10.1.2.3",)
