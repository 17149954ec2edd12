"""Every unsafe operation of the API and every action of the console leaves a row: who, by which request, what."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin import site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts import invitations, registry, tenancy
from accounts.authentication import Principal
from accounts.models import Role, Session, User, UserRole, Workspace
from accounts.tenancy import Context
from laojun import files
from laojun.audit import Actor
from laojun.chain import sealing
from laojun.files import Owner
from laojun.models import AuditLog
from querygpt.models import Message, Prompt
from querygpt.models.slot import Slot
from taishang import steering
from taishang.generation import sample
from taishang.models import Lane, Model, ModelCall, Quota, UserQuota, VectorCollection, Worker
from taishang.schedules import synchronise
from taishang.vectors import collections, generations
from taishang.vectors.collections import By
from tests.accounts.api.calls import sign_in
from tests.accounts.web.doors import OPERATIONS, rows_of
from tests.factories import PASSWORD, Person
from tests.querygpt import rows
from tests.rig import limits
from tests.studio import book_deeds, console_deeds, help_calls, work_deeds
from tests.studio import deeds as story_deeds

pytestmark = pytest.mark.django_db
JSON = "application/json"
EXCEPTIONS = dict(
    line.split("\t")
    for line in (Path(__file__).parent / "audit_exceptions.tsv").read_text().splitlines()
)
# Raised by nobody: a new operation leaves a row.
MOST_EXCEPTIONS = 9
UNSAFE = [one for one in OPERATIONS if one.method != "get"]
SETTING = "/api/v1/configs/storage.max_file_size/"


@pytest.fixture(autouse=True)
def _limits_out_of_the_way(db):
    limits.ease()


@dataclass
class World:
    """Alice's workspace with a row of everything, bob in it, charlie outside."""

    alice: Person
    bob: Person
    charlie: Person
    ids: dict[str, str] = field(default_factory=dict)
    trace: str = ""

    def send(
        self, method: str, path: str, body: Any = None, by: Person | None = None, **extra: Any
    ):
        """One request with a trace of its own; multipart where a file is sent."""
        self.trace = uuid4().hex
        person = by or self.alice
        headers = {"X-Request-Id": self.trace, **extra.get("headers", {})}
        return getattr(person.client, method)(
            path, json.dumps(body or {}), content_type=JSON, headers=headers
        )

    def inside(self):
        return tenancy.workspace(self.alice.workspace.id, user_id=self.alice.user.id)

    def key(self, name: str) -> str:
        return self.ids[name]


@pytest.fixture
def world(alice, bob, charlie):
    return World(alice, bob, charlie, rows_of(alice))


def _upload(world: World, path: str, **body: Any):
    world.trace = uuid4().hex
    return world.alice.client.post(path, body, headers={"X-Request-Id": world.trace})


def _png() -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(stream, "PNG")
    return SimpleUploadedFile("me.png", stream.getvalue(), "image/png")


def _viewer(world: World) -> int:
    with world.inside():
        return Role.objects.get(key="viewer", workspace=None).pk


def _tagged(world: World, method: str, path: str, body: Any, place: str = ""):
    tag = world.alice.get(place or path)["ETag"]
    return world.send(method, path, body, headers={"If-Match": tag})


def _set(world: World):
    return _tagged(world, "put", SETTING, {"value": 4096})


def _rolled_back(world: World):
    _set(world)
    _tagged(world, "put", SETTING, {"value": 8192})
    with world.inside():
        row = AuditLog.objects.filter(action="config.set").latest("pk")
    return world.send("post", f"{SETTING}rollback/", {"audit_id": row.pk})


def _configs(world: World):
    change = {"key": "storage.max_file_size", "value": 4096}
    return world.send(
        "patch", "/api/v1/configs/", {"conflict": "last_write_wins", "changes": [change]}
    )


def _reset(world: World):
    _set(world)
    return _tagged(world, "delete", SETTING, {})


def _invited(world: World, guest: Person) -> str:
    with world.inside():
        principal = _principal(world)
        _row, link = invitations.create(
            workspace_id=world.alice.workspace.pk,
            email=guest.user.email,
            role=Role.objects.get(key="viewer", workspace=None),
            message="",
            held=principal.permissions(),
            by=world.alice.user,
        )
    return link.rstrip("/").rpartition("/")[2]


def _principal(world: World) -> Principal:
    return Principal(
        user=world.alice.user,
        workspace_id=world.alice.workspace.pk,
        is_owner=True,
        context=Context(world.alice.user.pk, world.alice.workspace.pk),
    )


def _answer(noun: str) -> Callable[[World], Any]:
    def ask(world: World):
        token = _invited(world, world.charlie)
        return world.send(
            "post", f"/api/v1/invitations/{noun}/", {"token": token}, by=world.charlie
        )

    return ask


def _signed_in(world: World):
    body = {"login": "alice", "password": PASSWORD}
    world.trace = uuid4().hex
    return Client().post(
        "/api/v1/auth/token/", body, content_type=JSON, headers={"X-Request-Id": world.trace}
    )


def _token(noun: str) -> Callable[[World], Any]:
    def ask(world: World):
        refresh = sign_in(world.alice)["refresh"]
        world.trace = uuid4().hex
        return Client().post(
            f"/api/v1/auth/token/{noun}/",
            {"refresh": refresh},
            content_type=JSON,
            headers={"X-Request-Id": world.trace},
        )

    return ask


def _address(world: World, tail: str = "") -> str:
    return f"/api/v1/workspaces/{world.alice.workspace.pk}/{tail}"


def _offer(world: World) -> None:
    answer = world.send("post", _address(world, "transfer/"), {"user_id": str(world.bob.user.pk)})
    assert answer.status_code < 300, answer.content


def _deleting(world: World):
    assert world.send("delete", _address(world)).status_code < 300
    return world.send("post", _address(world, "restoration/"))


def _picture(world: World):
    return _upload(world, "/api/v1/me/picture/", picture=_png())


def _project(world: World, method: str, tail: str = "", body: Any = None):
    return world.send(method, f"/api/v1/projects/{world.key('project')}/{tail}", body)


def _collection(world: World, method: str, tail: str = "", body: Any = None):
    return world.send(method, f"/api/v1/collections/{world.key('collection')}/{tail}", body)


def _reconciled(world: World):
    with tenancy.platform_scope(reason="test"):
        VectorCollection.objects.filter(pk=world.key("collection")).update(backend="faiss")
    return _collection(world, "post", "reconciliation/")


def _session(world: World) -> str:
    sign_in(world.alice)
    with tenancy.platform_scope(reason="test"):
        return str(Session.objects.filter(user=world.alice.user).latest("created_at").pk)


def _task(world: World, method: str, tail: str = "", body: Any = None):
    return world.send(method, f"/api/v1/tasks/{world.key('task')}/{tail}", body)


def _ended_task(world: World):
    _task(world, "post", "cancellation/", {})
    return _task(world, "post", "retry/", {})


def _told(world: World) -> str:
    """A notice of alice's own."""
    row = registry.notify(user=world.alice.user, type="mail_test", params={"site": "here"})
    return str(row.pk)


def _notice(method: str, body: Any = None) -> Callable[[World], Any]:
    return lambda world: world.send(method, f"/api/v1/notifications/{_told(world)}/", body)


def _preferences(world: World):
    path = "/api/v1/notifications/preferences/"
    wish = {"type": "storage", "channels": {"in_app": "immediate", "email": "off"}}
    return world.send("put", path, {"preferences": [wish]})


def _model(method: str, tail: str = "", body: Any = None) -> Callable[[World], Any]:
    def ask(world: World):
        path = f"/api/v1/models/{world.key('model')}/"
        tag = world.alice.get(path)["ETag"]
        return world.send(method, path + tail, body, headers={"If-Match": tag})

    return ask


def _alias(world: World):
    with world.inside():
        name = Model.objects.get(pk=world.key("model")).name
    return world.send("put", "/api/v1/model-aliases/@fast/", {"model": name})


def _running_call(world: World) -> Any:
    return world.send("post", f"/api/v1/model-calls/{_set_running(world)}/cancellation/")


def _then(first: Callable[[World], Any], *rest: Any) -> Callable[[World], Any]:
    def ask(world: World):
        assert first(world).status_code < 300
        return world.send(*rest)

    return ask


# Operation → a call of it that succeeds. A new unsafe operation is added here.
def _message(world: World, method: str, rest: str, data: Any = None) -> Any:
    return world.send(method, f"/api/v1/messages/{world.key('message')}/{rest}", data)


def _waiting_again(world: World) -> None:
    with tenancy.workspace(world.alice.workspace.id, user_id=world.alice.user.id):
        Message.objects.filter(pk=world.key("message")).update(state="queued", outcome=None)


def _connection(world: World, change: dict[str, Any]):
    return _tagged(world, "patch", f"/api/v1/connections/{world.key('connection')}/", change)


def _connection_part(world: World, verb: str, part: str, body: Any = None) -> Any:
    return world.send(verb, f"/api/v1/connections/{world.key('connection')}/{part}", body)


CALLS: dict[str, Callable[[World], Any]] = {
    "api_keys_create": lambda w: w.send(
        "post", "/api/v1/api-keys/", {"name": "n", "scopes": ["file.view"]}
    ),
    "api_keys_partial_update": lambda w: w.send(
        "patch", f"/api/v1/api-keys/{w.key('key')}/", {"name": "other"}
    ),
    "api_keys_destroy": lambda w: w.send("delete", f"/api/v1/api-keys/{w.key('key')}/"),
    "api_keys_revocation_create": lambda w: w.send("post", "/api/v1/api-keys/revocation/"),
    "audit_logs_verification_create": lambda w: w.send(
        "post", "/api/v1/audit-logs/verification/", {}
    ),
    "auth_token_create": _signed_in,
    "auth_token_refresh_create": _token("refresh"),
    "auth_token_revoke_create": _token("revoke"),
    "collections_create": lambda w: w.send(
        "post", "/api/v1/collections/", {"name": "new", "dimension": 3}
    ),
    "collections_partial_update": lambda w: _collection(w, "patch", "", {"description": "mine"}),
    "collections_destroy": lambda w: _collection(w, "delete"),
    "collections_restoration_create": lambda w: (
        _collection(w, "delete"),
        _collection(w, "post", "restoration/"),
    )[1],
    "collections_upsert_create": lambda w: _collection(
        w, "post", "upsert/", {"rows": [{"id": "a", "vector": [1, 2, 3]}]}
    ),
    "collections_query_create": lambda w: _collection(w, "post", "query/", {"vector": [1, 2, 3]}),
    "collections_delete_create": lambda w: _collection(w, "post", "delete/", {"all": True}),
    "collections_reconciliation_create": _reconciled,
    "collections_index_create": lambda w: _collection(w, "post", "index/", {}),
    "collections_index_destroy": lambda w: _collection(w, "delete", "index/"),
    "collections_recall_create": lambda w: _collection(w, "post", "recall/", {}),
    "collections_imports_create": lambda w: _collection(w, "post", "imports/", _import_of(w)),
    "collections_placement_create": lambda w: _collection(w, "post", "placement/", {}),
    "collections_embedding_retry_create": lambda w: _collection(w, "post", "embedding-retry/", {}),
    "collections_namespaces_destroy": lambda w: _collection(w, "delete", "namespaces/a/"),
    "configs_partial_update": _configs,
    "configs_update": _set,
    "configs_destroy": _reset,
    "configs_rollback_create": _rolled_back,
    "files_create": lambda w: _upload(
        w, "/api/v1/files/", file=SimpleUploadedFile("note.txt", b"a note", "text/plain")
    ),
    "files_partial_update": lambda w: w.send(
        "patch", f"/api/v1/files/{w.key('file')}/", {"is_public": True}
    ),
    "files_destroy": lambda w: w.send("delete", f"/api/v1/files/{w.key('file')}/"),
    "files_links_create": lambda w: w.send("post", f"/api/v1/files/{w.key('file')}/links/", {}),
    "generation_jobs_create": lambda w: _upload(
        w,
        "/api/v1/generation-jobs/",
        upload=SimpleUploadedFile("export.zip", sample.archive(), "application/zip"),
    ),
    "generation_jobs_cancellation_create": lambda w: w.send(
        "post", f"/api/v1/generation-jobs/{w.key('job')}/cancellation/"
    ),
    "invitations_acceptance_create": _answer("acceptance"),
    "invitations_refusal_create": _answer("refusal"),
    "me_partial_update": lambda w: w.send("patch", "/api/v1/me/", {"bio": "writes"}),
    "me_destroy": lambda w: w.send("delete", "/api/v1/me/", by=w.charlie),
    "me_picture_create": _picture,
    "me_picture_destroy": lambda w: (_picture(w), w.send("delete", "/api/v1/me/picture/"))[1],
    "me_reauthentication_create": lambda w: w.send(
        "post", "/api/v1/me/reauthentication/", {"password": PASSWORD}
    ),
    "me_services_destroy": lambda w: w.send("delete", f"/api/v1/me/services/{w.key('service')}/"),
    "me_sessions_destroy": lambda w: w.send("delete", f"/api/v1/me/sessions/{_session(w)}/"),
    "me_sessions_revocation_create": lambda w: (
        _session(w),
        w.send("post", "/api/v1/me/sessions/revocation/"),
    )[1],
    "me_settings_partial_update": lambda w: w.send(
        "patch", "/api/v1/me/settings/", {"theme": "light"}
    ),
    "model_aliases_update": _alias,
    "model_aliases_destroy": _then(_alias, "delete", "/api/v1/model-aliases/@fast/"),
    "model_aliases_rollback_create": _then(
        _alias, "post", "/api/v1/model-aliases/@fast/rollback/", {"revision": 1}
    ),
    "models_create": lambda w: w.send(
        "post", "/api/v1/models/", {"name": "n", "provider": "echo", "model_id": "echo"}
    ),
    "models_partial_update": _model("patch", body={"family": "x"}),
    "models_destroy": _model("delete"),
    "models_default_create": _model("post", "default/"),
    "models_default_destroy": lambda w: _then(
        _model("post", "default/"), "delete", f"/api/v1/models/{w.key('model')}/default/"
    )(w),
    "models_prices_recomputation_create": lambda w: w.send(
        "post", f"/api/v1/models/{w.key('model')}/prices/{w.key('price')}/recomputation/"
    ),
    "models_prices_create": _model("post", "prices/", {"input_price": "1"}),
    "models_versions_create": _model("post", "versions/", {"family": "x"}),
    "notifications_partial_update": _notice("patch", {"is_read": True}),
    "notifications_destroy": _notice("delete"),
    "notifications_preferences_update": _preferences,
    "notifications_readings_create": lambda w: w.send(
        "post", "/api/v1/notifications/readings/", {"ids": [_told(w)]}
    ),
    "projects_create": lambda w: w.send("post", "/api/v1/projects/", {"name": "new"}),
    "projects_partial_update": lambda w: _tagged(
        w, "patch", f"/api/v1/projects/{w.key('project')}/", {"name": "renamed"}
    ),
    "projects_destroy": lambda w: _project(w, "delete"),
    "roles_create": lambda w: w.send("post", "/api/v1/roles/", {"name": "new"}),
    "roles_partial_update": lambda w: _tagged(
        w, "patch", f"/api/v1/roles/{w.key('role')}/", {"name": "renamed"}
    ),
    "roles_destroy": lambda w: w.send("delete", f"/api/v1/roles/{w.key('role')}/"),
    "tasks_create": lambda w: w.send("post", "/api/v1/tasks/", {"type": "rig.echo"}),
    "tasks_partial_update": lambda w: _task(w, "patch", "", {"priority": 60}),
    "tasks_cancellation_create": lambda w: _task(w, "post", "cancellation/", {}),
    "tasks_retry_create": _ended_task,
    "model_calls_cancellation_create": lambda w: _running_call(w),
    "quota_partial_update": lambda w: w.send("patch", "/api/v1/quota/", {"monthly_quota": 1000}),
    "connections_create": lambda w: w.send(
        "post",
        "/api/v1/connections/",
        {
            "name": "new",
            "driver": "postgresql",
            "host": "93.184.216.34",
            "username": "reader",
            "database_name": "shop",
        },
    ),
    "connections_partial_update": lambda w: _connection(w, {"description": "mine"}),
    "connections_destroy": lambda w: w.send(
        "delete", f"/api/v1/connections/{w.key('connection')}/"
    ),
    "conversations_create": lambda w: w.send("post", "/api/v1/conversations/", {}),
    "conversations_partial_update": lambda w: w.send(
        "patch", f"/api/v1/conversations/{w.key('conversation')}/", {"title": "renamed"}
    ),
    "conversations_destroy": lambda w: w.send(
        "delete", f"/api/v1/conversations/{w.key('conversation')}/"
    ),
    "conversations_restoration_update": lambda w: (
        w.send("delete", f"/api/v1/conversations/{w.key('conversation')}/"),
        w.send("put", f"/api/v1/conversations/{w.key('conversation')}/restoration/"),
    )[1],
    "conversations_messages_create": lambda w: w.send(
        "post",
        f"/api/v1/conversations/{w.key('conversation')}/messages/",
        {"content": "How many?"},
    ),
    "messages_cancellation_create": lambda w: (
        _waiting_again(w),
        _message(w, "post", "cancellation/"),
    )[1],
    "messages_regeneration_create": lambda w: _message(w, "post", "regeneration/", {}),
    "messages_runs_create": lambda w: _message(w, "post", "runs/", {"sql": "SELECT 1"}),
    "messages_choice_create": lambda w: _message(w, "post", "choice/", {"option": 0}),
    "messages_feedback_update": lambda w: _message(w, "put", "feedback/", {"feedback": 1}),
    "connections_schema_create": lambda w: _connection_part(w, "post", "schema/"),
    "connections_tables_partial_update": lambda w: _connection_part(
        w, "patch", f"tables/{w.key('table')}/", {"description_en": "mine"}
    ),
    "connections_columns_partial_update": lambda w: _connection_part(
        w, "patch", f"columns/{w.key('column')}/", {"unit": "CNY"}
    ),
    "connections_relationships_create": lambda w: (
        _connection_part(w, "delete", f"relationships/{w.key('relationship')}/"),
        _connection_part(
            w,
            "post",
            "relationships/",
            {
                "from_table_id": w.key("table"),
                "from_columns": ["customer_id"],
                "to_table_id": w.key("table"),
                "to_columns": ["id"],
            },
        ),
    )[1],
    "connections_relationships_partial_update": lambda w: _connection_part(
        w, "patch", f"relationships/{w.key('relationship')}/", {"is_active": False}
    ),
    "connections_relationships_destroy": lambda w: _connection_part(
        w, "delete", f"relationships/{w.key('relationship')}/"
    ),
    "terms_partial_update": lambda w: w.send(
        "patch", f"/api/v1/terms/{w.key('term')}/", {"description": "mine"}
    ),
    "terms_destroy": lambda w: w.send("delete", f"/api/v1/terms/{w.key('term')}/"),
    "examples_partial_update": lambda w: w.send(
        "patch", f"/api/v1/examples/{w.key('example')}/", {"question": "How many?"}
    ),
    "examples_destroy": lambda w: w.send("delete", f"/api/v1/examples/{w.key('example')}/"),
    "prompts_create": lambda w: w.send(
        "post", "/api/v1/prompts/", {"type": "qa", "content_en": "mine"}
    ),
    "prompts_partial_update": lambda w: w.send(
        "patch", f"/api/v1/prompts/{w.key('prompt')}/", {"content_en": "other"}
    ),
    "prompts_destroy": lambda w: w.send("delete", f"/api/v1/prompts/{w.key('prompt')}/"),
    "workspaces_create": lambda w: w.send("post", "/api/v1/workspaces/", {"name": "new"}),
    "workspaces_partial_update": lambda w: _tagged(w, "patch", _address(w), {"name": "renamed"}),
    "workspaces_destroy": lambda w: w.send("delete", _address(w)),
    "workspaces_conversion_create": lambda w: w.send(
        "post", f"/api/v1/workspaces/{w.charlie.workspace.pk}/conversion/", by=w.charlie
    ),
    "workspaces_departure_create": lambda w: w.send("post", _address(w, "departure/"), by=w.bob),
    "workspaces_invitations_create": lambda w: w.send(
        "post", _address(w, "invitations/"), {"email": "new@example.com", "role": _viewer(w)}
    ),
    "workspaces_invitations_destroy": lambda w: w.send(
        "delete", _address(w, f"invitations/{w.key('invitation')}/")
    ),
    "workspaces_invitations_delivery_create": lambda w: w.send(
        "post", _address(w, f"invitations/{w.key('invitation')}/delivery/")
    ),
    "workspaces_members_partial_update": lambda w: _tagged(
        w, "patch", _address(w, f"members/{w.bob.user.pk}/"), {"roles": [_viewer(w)]}
    ),
    "workspaces_members_destroy": lambda w: w.send(
        "delete", _address(w, f"members/{w.bob.user.pk}/")
    ),
    "workspaces_restoration_create": _deleting,
    "workspaces_transfer_create": lambda w: w.send(
        "post", _address(w, "transfer/"), {"user_id": str(w.bob.user.pk)}
    ),
    "workspaces_transfer_destroy": lambda w: (
        _offer(w),
        w.send("delete", _address(w, "transfer/")),
    )[1],
    "workspaces_transfer_acceptance_create": lambda w: (
        _offer(w),
        w.send("post", _address(w, "transfer/acceptance/"), by=w.bob),
    )[1],
    **story_deeds.CALLS,
    **work_deeds.CALLS,
    **book_deeds.CALLS,
}
CALLS |= help_calls.CALLS
# Operations that need something that has run or was packed: those tests look at their rows. The list only shrinks.
JOBS, PLUGINS = "tests/taishang/generation", "tests/laojun/plugins"
MODELS = "tests/taishang/catalogue"
ELSEWHERE = {
    # A model is asked once the request is over, never inside a test's transaction.
    "models_test_create": MODELS,
    # Databases are asked once the request is over; verdicts change nothing.
    "connection_trial": "tests/querygpt/test_connections_api.py",
    "connections_test_create": "tests/querygpt/test_connections_api.py",
    "connections_queries_create": "tests/querygpt/test_queries_api.py",
    "connections_verdicts_create": "tests/querygpt/test_queries_api.py",
    "connections_files_create": "tests/querygpt/test_uploads.py",
    "connections_files_destroy": "tests/querygpt/test_uploads.py",
    # The guard is asked once the request is over; a preview changes nothing.
    "terms_create": "tests/querygpt/test_teaching.py",
    "examples_create": "tests/querygpt/test_teaching.py",
    "examples_approval_update": "tests/querygpt/test_teaching.py",
    "examples_approval_destroy": "tests/querygpt/test_teaching.py",
    "prompts_preview_create": "tests/querygpt/test_teaching.py",
    # A chart is drawn from rows that are stored outside any transaction.
    "messages_visualization_update": "tests/querygpt/test_conversations_api.py",
    "generation_jobs_destroy": JOBS,
    "generation_jobs_application_create": JOBS,
    "generation_jobs_application_destroy": JOBS,
    "generation_jobs_revisions_create": JOBS,
    "projects_versions_reversal_create": JOBS,
    "plugin_instances_create": PLUGINS,
    "plugin_instances_partial_update": PLUGINS,
    "plugin_instances_destroy": PLUGINS,
    "plugin_instances_consents_create": PLUGINS,
    "plugin_instances_deliveries_retry_create": PLUGINS,
    "plugin_instances_rollback_create": PLUGINS,
    "plugin_instances_test_create": PLUGINS,
    "plugin_instances_upgrade_create": PLUGINS,
    "plugins_create": PLUGINS,
    "plugins_partial_update": PLUGINS,
    "plugins_versions_create": PLUGINS,
    "plugins_versions_partial_update": PLUGINS,
    "plugins_versions_verification_create": PLUGINS,
}
MOST_ELSEWHERE = 31
# What asks a model: the call's own row is the trail, and asking happens once the request is over.
LEDGERED = {
    "openai_chat_completions_create",
    "openai_embeddings_create",
    *work_deeds.LEDGERED,
}


def _rows(trace: str) -> list[AuditLog]:
    with tenancy.platform_scope(reason="test"):
        found = AuditLog.objects.filter(trace_id=trace)
        return list(found.exclude(action="platform_scope.entered").order_by("pk"))


def _tells(row: AuditLog) -> bool:
    """Who, by which request, to what."""
    return bool(row.actor != "anonymous" and row.trace_id and row.resource_type and row.resource_id)


def test_every_unsafe_operation_is_called_here():
    assert {one.name for one in UNSAFE} == set(CALLS) | set(
        ELSEWHERE
    ) | LEDGERED | book_deeds.LEDGERED
    assert len(ELSEWHERE) <= MOST_ELSEWHERE


@pytest.mark.parametrize("name", sorted(set(CALLS) - set(EXCEPTIONS)))
def test_an_operation_leaves_a_row(world, name):
    answer = CALLS[name](world)
    assert answer.status_code < 300, answer.content

    rows = _rows(world.trace)

    assert rows, f"{name} leaves no row"
    assert all(_tells(row) for row in rows)


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_an_exception_still_needs_to_be_one(world, name):
    answer = CALLS[name](world)
    assert answer.status_code < 300, answer.content

    assert not _rows(world.trace), f"{name} leaves a row now: take it off the list"


def test_the_list_of_exceptions_only_shrinks():
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
    assert all(reason for reason in EXCEPTIONS.values())
    assert set(EXCEPTIONS) <= {one.name for one in UNSAFE}


# The console


def _own(name: str) -> Callable[[World], Any]:
    return lambda world: world.key(name)


def _platform_model(**fields: Any) -> Callable[[World], Any]:
    def made(_world: World) -> Any:
        with tenancy.platform_scope(reason="test"):
            row = Model.objects.create(
                scope="platform", name="everybody's", provider="echo", model_id="echo", **fields
            )
        return row.pk

    return made


def _person(world: World) -> Any:
    return world.charlie.user.pk


def _suspended_person(world: World) -> Any:
    User.objects.filter(pk=world.charlie.user.pk).update(status="suspended", is_active=False)
    return world.charlie.user.pk


def _unconfirmed(world: World) -> Any:
    EmailAddress.objects.filter(user=world.charlie.user).update(verified=False)
    return world.charlie.user.pk


def _deleted_project(world: World) -> Any:
    assert _project(world, "delete").status_code < 300
    return world.key("project")


def _import_of(world: World) -> dict[str, str]:
    with world.inside():
        file = files.store(
            content=b'{"id": "a", "vector": [1, 2, 3]}',
            name="rows.jsonl",
            purpose="vector.import",
            owner=Owner(world.alice.user.pk, world.alice.workspace.pk),
        )
    return {"file_id": str(file.pk)}


def _deleted_collection(world: World) -> Any:
    assert _collection(world, "delete").status_code < 300
    return world.key("collection")


def _readonly_collection(world: World) -> Any:
    assert _collection(world, "patch", "", {"status": "readonly"}).status_code < 300
    return world.key("collection")


def _workspace(state: str = "active") -> Callable[[World], Any]:
    def made(world: World) -> Any:
        due = timezone.now() + timedelta(days=3) if state == "deleting" else None
        with world.inside():
            rows = Workspace.objects.filter(pk=world.alice.workspace.pk)
            rows.update(status=state, deletion_due_at=due)
        return world.alice.workspace.pk

    return made


def _cancelled(name: str) -> Callable[[World], Any]:
    def made(world: World) -> Any:
        with world.inside():
            task = steering.Task.objects.get(pk=world.key(name))
            steering.cancel(task=task, by=steering.Actor.of_user(world.alice.user))
        return world.key(name)

    return made


def _failed(world: World) -> Any:
    with world.inside():
        rows = steering.Task.objects.filter(pk=world.key("task"))
        rows.update(
            state="running",
            lease_owner="w",
            lease_until=timezone.now() + timedelta(days=1),
            attempts=1,
            started_at=timezone.now(),
        )
        rows.update(
            state="failed",
            error_code="x",
            finished_at=timezone.now(),
            lease_owner=None,
            lease_until=None,
        )
    return world.key("task")


def _lane(paused: bool) -> Callable[[World], Any]:
    def made(_world: World) -> Any:
        with tenancy.platform_scope(reason="test"):
            at = timezone.now() if paused else None
            return Lane.objects.create(queue="default", max_running=4, paused_at=at).pk

    return made


def _schedule(world: World) -> Any:
    with tenancy.dispatcher_scope():
        synchronise()
    return "laojun.audit_check"


def _worker(_world: World) -> Any:
    with tenancy.dispatcher_scope():
        return Worker.objects.create(host="here", pid=1, queues=["default"], slots=3).pk


def _platform_role(world: World) -> Any:
    with tenancy.platform_scope(reason="test"):
        role = Role.objects.grantable_platform_wide().first()
        return UserRole.objects.create(workspace=None, user=world.bob.user, role=role).pk


def _chain(world: World) -> Any:
    sealing.seal_chain(world.alice.workspace.pk)
    return world.alice.workspace.pk


# Action of a list → the row it is tried on.
ACTIONS: dict[tuple[str, str], Callable[[World], Any]] = {
    ("taishang.lane", "pause"): _lane(paused=False),
    ("taishang.lane", "resume"): _lane(paused=True),
    ("taishang.schedule", "enable"): _schedule,
    ("taishang.schedule", "disable"): _schedule,
    ("taishang.schedule", "run_now"): _schedule,
    ("taishang.worker", "drain"): _worker,
    ("taishang.model", "make_default"): _platform_model(),
    ("taishang.model", "enable"): _platform_model(status="disabled"),
    ("taishang.model", "disable"): _own("model"),
    ("taishang.model", "remove"): _own("model"),
    ("taishang.model", "test_all"): _own("model"),
    ("accounts.apikey", "revoke"): _own("key"),
    ("accounts.userrole", "take"): _platform_role,
    ("accounts.invitation", "revoke"): _own("invitation"),
    ("accounts.session", "end"): _session,
    ("accounts.user", "suspend"): _person,
    ("accounts.user", "activate"): _suspended_person,
    ("accounts.user", "end_sessions"): lambda w: (sign_in(w.charlie), w.charlie.user.pk)[1],
    ("accounts.user", "resend_confirmation"): _unconfirmed,
    ("accounts.user", "send_reset_link"): _person,
    ("accounts.user", "require_second_factor"): _person,
    ("accounts.user", "set_plan_free"): lambda w: (
        User.objects.filter(pk=w.charlie.user.pk).update(plan="pro"),
        w.charlie.user.pk,
    )[1],
    ("accounts.user", "set_plan_pro"): _person,
    ("accounts.user", "set_plan_enterprise"): _person,
    ("accounts.workspace", "suspend"): _workspace(),
    ("accounts.workspace", "activate"): _workspace("suspended"),
    ("accounts.workspace", "restore"): _workspace("deleting"),
    ("accounts.workspace", "extend"): _workspace("deleting"),
    ("taishang.modelcall", "stop"): lambda w: _set_running(w),
    ("taishang.quota", "begin_anew"): lambda w: _quota(w),
    ("taishang.userquota", "begin_anew"): lambda w: _plan(w),
    ("taishang.task", "cancel"): _own("task"),
    ("taishang.task", "retry"): _cancelled("task"),
    ("taishang.task", "acknowledge"): _failed,
    ("taishang.task", "hurry"): _own("task"),
    ("taishang.task", "normalise"): lambda w: _with_priority(w, 60),
    ("taishang.task", "delay"): _own("task"),
    ("taishang.generationjob", "cancel"): _own("job"),
    ("taishang.generationjob", "retry"): _cancelled("job"),
    ("taishang.generationjob", "erase"): _cancelled("job"),
    ("taishang.project", "purge"): _deleted_project,
    ("taishang.vectorcollection", "build"): _own("collection"),
    ("taishang.vectorcollection", "measure"): _own("collection"),
    ("taishang.vectorcollection", "freeze"): _own("collection"),
    ("taishang.vectorcollection", "thaw"): _readonly_collection,
    ("taishang.vectorcollection", "hide"): _own("collection"),
    ("taishang.vectorcollection", "bring_back"): _deleted_collection,
    ("taishang.vectorindex", "reconcile"): lambda w: _index_of_an_engine(w),
    ("taishang.vectorindex", "rebuild"): lambda w: _index_of_an_engine(w),
    ("taishang.vectorindex", "publish"): lambda w: _index_of_an_engine(w),
    ("querygpt.connection", "disable"): _own("connection"),
    ("querygpt.connection", "purge"): _own("connection"),
    ("querygpt.run", "stop"): lambda w: _statement(w, state="running", held=True),
    ("querygpt.run", "rightly"): lambda w: _statement(
        w, state="refused", verdict="refused", rule="into"
    ),
    ("querygpt.run", "wrongly"): lambda w: _statement(
        w, state="refused", verdict="refused", rule="into"
    ),
    ("querygpt.prompt", "reset"): lambda w: _changed_prompt(w),
    ("laojun.auditchain", "verify_chosen"): _chain,
    ("laojun.file", "delete_files"): _own("file"),
    **console_deeds.ACTIONS,
}
# Those that leave none, each with its reason; the list only shrinks.
NOT_TRIED = {
    ("taishang.generationjob", "retry_without_model"): "needs a job that has run; tried with those",
    ("taishang.project", "check_content"): "reads",
    ("taishang.project", "rebuild"): "fills a cache again",
    ("querygpt.run", "export"): "reads",
    ("laojun.plugindelivery", "send_again"): "needs a delivery; tried in tests/laojun/plugins",
    ("laojun.plugindelivery", "send_held"): "needs a delivery; tried in tests/laojun/plugins",
    ("laojun.plugindelivery", "drop_held"): "needs a delivery; tried in tests/laojun/plugins",
    **console_deeds.NOT_TRIED,
}


def _set_running(world: World) -> Any:
    with world.inside():
        ModelCall.objects.update(status="running", completed_at=None)
    return world.key("call")


def _quota(world: World) -> Any:
    with world.inside():
        return Quota.objects.create(workspace=world.alice.workspace, usage=5).pk


def _plan(world: World) -> Any:
    with world.inside():
        return UserQuota.objects.create(user=world.alice.user, usage=5).pk


def _index_of_an_engine(world: World) -> Any:
    with world.inside():
        collection = collections.create(
            workspace_id=world.alice.workspace.id,
            by=By(Actor.of_user(world.alice.user)),
            values={"name": "ranked", "dimension": 3, "backend": "faiss"},
        )
        return generations.first(collection).pk


def _statement(world: World, *, held: bool = False, **values: Any) -> Any:
    with world.inside():
        run = rows.run(world.alice, connection_id=world.key("connection"), **values)
        if held:
            Slot.objects.create(
                workspace_id=run.workspace_id,
                connection_id=run.connection_id,
                run_id=run.pk,
                until=timezone.now() + timedelta(minutes=1),
            )
        return run.pk


def _changed_prompt(_world: World) -> Any:
    with tenancy.platform_scope(reason="test"):
        Prompt.objects.filter(workspace=None, type="qa").update(content_en="Mine.")
        return Prompt.objects.get(workspace=None, type="qa").pk


def _with_priority(world: World, priority: int) -> Any:
    with world.inside():
        steering.Task.objects.filter(pk=world.key("task")).update(priority=priority)
    return world.key("task")


def test_every_action_of_the_console_is_tried_here():
    declared = {
        (model._meta.label_lower, name if isinstance(name, str) else name.__name__)
        for model, page in site._registry.items()
        for name in page.actions or ()
    }
    assert declared == set(ACTIONS) | set(NOT_TRIED)
    assert len(NOT_TRIED) <= 8


@pytest.mark.parametrize(("model", "action"), sorted(ACTIONS))
def test_an_action_of_the_console_leaves_a_row_of_the_operator(world, olga, model, action):
    User.objects.filter(pk=olga.user.pk).update(is_superuser=True)
    row = ACTIONS[model, action](world)
    form = {
        "action": action,
        "_selected_action": [str(row)],
        "reason": "asked by phone",
        "confirmed": "1",
    }
    world.trace = uuid4().hex

    answer = olga.client.post(
        f"/admin/{model.replace('.', '/')}/", form, headers={"X-Request-Id": world.trace}
    )

    assert answer.status_code == 302, answer.content.decode()[-3000:]
    told = [one for one in _rows(world.trace) if one.actor == f"user:{olga.user.id}"]
    assert told, f"{model} {action} leaves no row"
    assert all(_tells(one) for one in told)
