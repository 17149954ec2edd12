"""Every door of the product as the tests address it: operations from the committed schema, pages from the URL table.

An id that a door takes must be named here, with a row of somebody else's that it could name; a door with an id
that is not named fails the suite.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.urls import get_resolver
from django.utils import timezone

from accounts import invitations, tenancy
from accounts.authentication import Principal
from accounts.models import ApiKey, Role, Session
from accounts.tenancy import Context
from accounts.web import doors
from laojun import files
from laojun.audit import Actor
from laojun.files import Owner
from laojun.models import AuditLog
from laojun.notifications import sending
from querygpt.answering import details, metadata
from querygpt.models import Connection, Message, Prompt
from studio.models import Chapter, Work
from taishang import projects, queue
from taishang.catalogue import connecting
from taishang.catalogue.references import Place
from taishang.models import GenerationJob, ModelCall, ModelPrice, Task
from taishang.models.call import moment_of
from taishang.vectors import collections
from taishang.vectors.collections import By
from tests.factories import Person
from tests.laojun.plugins.making import used
from tests.laojun.plugins.plugged import given_up
from tests.querygpt import rows
from tests.studio import rows as novels
from tests.studio import stories

SCHEMA = yaml.safe_load((Path(settings.BASE_DIR) / "docs" / "openapi.yaml").read_text())
NO_UUID = "018f0000-0000-7000-8000-000000000000"
NO_NUMBER = "999999999"
BEYOND_BIGINT = str(2**63)


@dataclass(frozen=True)
class Operation:
    """One method on one path of the API."""

    name: str
    method: str
    path: str
    permission: str
    is_public: bool
    schema: dict[str, Any]

    @property
    def slots(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def is_below_a_workspace(self) -> bool:
        return "/workspaces/{" in self.path

    def address(self, ids: dict[str, str], **instead: str) -> str:
        values = {slot: ids[PATH_IDS[slot]] for slot in self.slots if slot in PATH_IDS}
        values |= {slot: PLAIN[slot] for slot in self.slots if slot in PLAIN}
        return re.sub(r"\{(\w+)\}", lambda found: {**values, **instead}[found[1]], self.path)


OPERATIONS = [
    Operation(
        name=found["operationId"],
        method=method,
        path=path,
        permission=found.get("x-permission", ""),
        is_public=not found.get("security"),
        schema=found,
    )
    for path, methods in SCHEMA["paths"].items()
    for method, found in methods.items()
]
PAGES = [page for page in doors.pages(get_resolver()) if page.name != "account_login"]

# Part of a path → which of a person's rows it names.
PATH_IDS = {
    "workspace_id": "workspace",
    "user_id": "person",
    "role_id": "role",
    "invitation_id": "invitation",
    "key_id": "key",
    "session_id": "session",
    "row_id": "audit",
    "file_id": "file",
    "notification_id": "notification",
    "task_id": "task",
    "job_id": "job",
    "project_id": "project",
    "service_id": "service",
    "plugin_id": "plugin",
    "instance_id": "plugin_instance",
    "delivery_id": "delivery",
    "collection_id": "collection",
    "model_id": "model",
    "call_id": "call",
    "price_id": "price",
    "connection_id": "connection",
    "table_id": "table",
    "column_id": "column",
    "relationship_id": "relationship",
    "term_id": "term",
    "example_id": "example",
    "prompt_id": "prompt",
    "conversation_id": "conversation",
    "message_id": "message",
    "work_id": "work",
    "volume_id": "volume",
    "chapter_id": "chapter",
    "character_id": "character",
    "relation_id": "relation",
    "scene_id": "scene",
    "entry_id": "entry",
    "tag_id": "tag",
    "comment_id": "comment",
    "agent_id": "agent",
    "request_id": "ai_request",
    "proposal_id": "proposal",
    "chat_id": "chat",
    "finding_id": "finding",
    "batch_id": "batch",
    "item_id": "batch_item",
    "import_id": "work_import",
}
# Parts that name no row: a declared setting, a version within its project, a name in the workspace at hand.
PLAIN = {
    "slug": "unknown",
    "key": "storage.max_file_size",
    "number": "1",
    "version": "1.0.0",
    "alias": "@fast",
    "reference": "@fast",
    "name": "default",
}
# The same for pages, by the route they stand in.
PAGE_IDS = {
    "workspace/members/<uuid:user_id>/": "person",
    "workspace/roles/<int:role_id>/": "role",
    "workspace/invitations/<uuid:invitation_id>/": "invitation",
    "workspace/keys/<uuid:key_id>/": "key",
    "security/sessions/<uuid:pk>/": "session",
    "security/keys/<uuid:pk>/": "key",
    "tasks/<uuid:pk>/": "task",
    "generation/<uuid:pk>/": "job",
    "projects/<slug:slug>/": "slug",
    "models/<int:model_id>/": "model",
    "files/<uuid:file_id>/": "file",
    "notifications/<uuid:notification_id>/": "notification",
    "security/services/<int:pk>/": "service",
    "accounts/2fa/webauthn/keys/<int:pk>/": "passkey",
    "avatars/<uuid:owner>/": "person",
    "workspace/plugins/catalogue/<int:plugin_id>/": "plugin",
    "workspace/plugins/<int:instance_id>/": "plugin_instance",
    "vectors/<int:pk>/": "collection",
    "vectors/imports/<uuid:task_id>/": "task",
    "query/connections/<uuid:pk>/": "connection",
    "query/tables/<uuid:pk>/": "table",
    "query/columns/<uuid:pk>/": "column",
    "query/relationships/<uuid:pk>/": "relationship",
    "query/terms/<uuid:pk>/": "term",
    "query/examples/<uuid:pk>/": "example",
    "query/structures/<uuid:pk>/": "connection",
    "query/connections/<uuid:connection_id>/": "connection",
    "query/answers/<uuid:pk>/": "message",
    "query/<uuid:pk>/": "conversation",
    "studio/bin/<slug:kind>/<uuid:pk>/": "chapter",
    "studio/bin/works/<uuid:work_id>/": "work",
    "studio/imports/<uuid:pk>/": "work_import",
    "studio/imports/of/<uuid:task_id>/": "task",
    "studio/exports/<uuid:task_id>/": "task",
    "studio/requests/<uuid:request_id>/": "ai_request",
    "studio/proposals/<uuid:proposal_id>/": "proposal",
    "studio/findings/<uuid:finding_id>/": "finding",
    "studio/agents/<uuid:pk>/": "agent",
    "studio/batches/<uuid:pk>/": "batch",
    "studio/batch-items/<uuid:pk>/": "batch_item",
    "studio/works/<uuid:work_id>/": "work",
    "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/": "chapter",
    "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/panels/scenes/<uuid:pk>/": "scene",
    "studio/works/<uuid:work_id>/volumes/<uuid:volume_id>/": "volume",
    "studio/works/<uuid:work_id>/characters/<uuid:pk>/": "character",
    "studio/works/<uuid:work_id>/relations/<uuid:pk>/": "relation",
    "studio/works/<uuid:work_id>/scenes/<uuid:pk>/": "scene",
    "studio/works/<uuid:work_id>/world/<uuid:pk>/": "entry",
    "studio/works/<uuid:work_id>/tags/<uuid:pk>/": "tag",
    "studio/works/<uuid:work_id>/people/<uuid:pk>/": "collaborator",
    "studio/works/<uuid:work_id>/comments/<uuid:pk>/": "comment",
    "studio/comments/<uuid:pk>/": "comment",
    "studio/invitations/<uuid:work_id>/": "work",
}
# Routes whose parts name no row of a workspace: parts of the product, settings, and secrets that are the right itself.
PAGE_PLAIN = {
    "home/cards/<slug:key>/": "generation",
    "settings/<slug:name>/": "theme",
    "settings/<slug:group>/": "editor",
    "problems/<slug:code>/": "not_found",
    "models/connect/<slug:provider>/": "openai",
    "query/connections/new/<slug:driver>/": "postgresql",
    "workspace/settings/<str:key>/": "storage.max_file_size",
    "query/prompts/<slug:part>/": "user-system",
    "studio/bin/<slug:kind>/": "chapter",
    "read/<slug:slug>/": "unknown",
    "admin/tiles/<slug:key>/": "health",
    "admin/panels/<slug:key>/": "generation",
    "invitations/<str:token>/": "tli_unknown",
    "files/links/<str:token>/": "unknown",
    "accounts/not-me/<str:token>/": "unknown",
}
REST = {"number": "1", "what": "project", "delivery_id": NO_UUID, "row": "1", "deed": "pause"}


def rows_of(person: Person, *, with_passkey: bool = False) -> dict[str, str]:
    """One row of every kind that an id can name, in the person's workspace; name of the kind → id.

    Who has a passkey cannot sign in by the password alone, so only somebody who does not sign in gets one.
    """
    workspace = person.workspace
    principal = Principal(
        user=person.user,
        workspace_id=workspace.pk,
        is_owner=True,
        context=Context(person.user.pk, workspace.pk),
    )
    name = person.user.username
    with tenancy.entered(principal.context):
        workspace.kind = "team"
        workspace.save(update_fields=["kind"])
        role = Role.objects.create(workspace=workspace, key=f"r{name}", name=name, name_key=name)
        viewer = Role.objects.get(key="viewer", workspace=None)
        invitation, _link = invitations.create(
            workspace_id=workspace.pk,
            email=f"guest-of-{name}@example.com",
            role=viewer,
            message="",
            held=principal.permissions(),
            by=person.user,
        )
        key = ApiKey.objects.create(
            workspace=workspace,
            user=person.user,
            name="script",
            prefix=f"{name:x<8}"[:8],
            key_hash=f"{name:0<64}",
            pepper_id="x",
            scopes=["workspace.view"],
        )
        file = files.store(
            content=b"text",
            name="note.txt",
            purpose="attachment",
            owner=Owner(person.user.pk, workspace.pk),
        )
        notice = sending.notify(user=person.user, type="activated", params={})
        project = projects.create(principal=principal, name=f"Project of {name}")
        collection = collections.create(
            workspace_id=workspace.pk,
            by=By.principal(principal),
            values={"name": f"of-{name}", "dimension": 3},
        )
        task = queue.enqueue(kind="rig.echo", workspace=workspace, user=person.user)
        work = queue.enqueue(kind="generation", workspace=workspace, user=person.user)
        GenerationJob.objects.create(
            task=Task.objects.get(pk=work.pk),
            workspace=workspace,
            user=person.user,
            name="job",
            upload_path="x",
            zip_sha256="0" * 64,
            options_sha256="0" * 64,
            zip_bytes=1,
        )
        model = connecting.create(
            scope="workspace",
            place=Place(workspace.pk, person.user.pk),
            wishes={"name": f"model of {name}", "provider": "echo", "model_id": "echo"},
            by=person.user,
            actor=Actor.of_user(person.user),
        )
        call = finished_call(person, model.pk)
        price = ModelPrice.objects.create(
            model=model,
            workspace=workspace,
            input_price=1,
            currency="CNY",
            effective_from=timezone.now(),
        )
        known = lent(person) | written(person)
        known |= helped(person, known)
        connection = Connection.objects.get(pk=known["connection"])
        message = asked_question(person, connection)
        audit = AuditLog.objects.filter(workspace_id=workspace.pk).order_by("-pk").first()
    instance = used(person)
    delivery = given_up(instance)
    service = SocialAccount.objects.create(user=person.user, provider="github", uid=name)
    passkey = 0
    if with_passkey:
        kind = Authenticator.Type.WEBAUTHN
        passkey = Authenticator.objects.create(user=person.user, type=kind, data={"name": name}).pk
    session = Session.objects.filter(user=person.user).latest("created_at")
    return {
        "workspace": str(workspace.pk),
        "person": str(person.user.pk),
        "role": str(role.pk),
        "invitation": str(invitation.pk),
        "key": str(key.pk),
        "session": str(session.pk),
        "file": str(file.pk),
        "notification": str(notice.pk),
        "project": str(project.pk),
        "slug": project.slug,
        "task": str(task.pk),
        "job": str(work.pk),
        "audit": str(audit.pk if audit else 0),
        "service": str(service.pk),
        "passkey": str(passkey),
        "plugin": str(instance.plugin_id),
        "plugin_instance": str(instance.pk),
        "delivery": str(delivery.pk),
        "collection": str(collection.pk),
        "model": str(model.pk),
        "call": str(call.pk),
        "price": str(price.pk),
        **known,
        "conversation": str(message.conversation_id),
        "message": str(message.pk),
    }


def lent(person: Person) -> dict[str, str]:
    """A database that somebody lends, with what is known of it. Inside the person's workspace."""
    shop = rows.connection(person, f"shop of {person.user.username}")
    orders = rows.table(shop, "orders", {"id": "int", "customer_id": "int", "total": "decimal"})
    customers = rows.table(shop, "customers", {"id": "int", "name": "text"})
    prompt = Prompt.objects.create(
        workspace=person.workspace, user=person.user, type="system", content_en="mine"
    )
    return {
        "connection": str(shop.pk),
        "table": str(orders.pk),
        "column": str(orders.columns.get(name="total").pk),
        "relationship": str(rows.relationship(orders, customers, "customer_id").pk),
        "term": str(rows.term(person, connection=shop).pk),
        "example": str(rows.example(shop).pk),
        "prompt": str(prompt.pk),
    }


def written(person: Person) -> dict[str, str]:
    """A novel with a volume and a chapter. Inside the person's workspace."""
    novel = novels.work(person, f"Novel of {person.user.username}")
    volume = novels.volume(novel, person)
    chapter = novels.chapter(novel, person, "text", volume_id=volume.pk)
    return {
        "work": str(novel.pk),
        "volume": str(volume.pk),
        "chapter": str(chapter.pk),
        "work_import": str(novels.work_import(person).pk),
        **told(novel, chapter, person),
    }


def told(novel: Work, chapter: Chapter, person: Person) -> dict[str, str]:
    """What is told about a novel beside its text."""
    one, other = (stories.character(novel, name) for name in ("One", "Other"))
    return {
        "character": str(one.pk),
        "other_character": str(other.pk),
        "relation": str(stories.relation(one, other).pk),
        "scene": str(stories.scene(novel).pk),
        "entry": str(stories.entry(novel, "Place").pk),
        "tag": str(stories.tag(novel, "tag").pk),
        "comment": str(stories.comment(chapter, person).pk),
        "collaborator": str(novel.collaborators.get().pk),
    }


def helped(person: Person, novel: dict[str, str]) -> dict[str, str]:
    """What the AI did for a novel: a request with its proposal, a talk, a remark, an agent, a batch that rests."""
    asked = novels.ai_request(person, work=novel["work"], chapter=novel["chapter"])
    batch, item = novels.batch(person, work=novel["work"], chapter=novel["chapter"])
    return {
        "ai_request": str(asked.pk),
        "proposal": str(novels.proposal(asked).pk),
        "chat": str(novels.chat(person, work=novel["work"]).pk),
        "finding": str(novels.finding(asked).pk),
        "agent": str(novels.agent(person).pk),
        "batch": str(batch.pk),
        "batch_item": str(item.pk),
    }


def asked_question(person: Person, connection: Connection) -> Message:
    """An answer that asks back. Inside the person's workspace."""
    conversation = rows.conversation(person, connection=connection, title="How many orders?")
    question = rows.message(conversation, content="How many orders?", language="en")
    return rows.message(
        conversation,
        1,
        role="assistant",
        content="Which ones?",
        language="en",
        reply_to=question,
        state="done",
        outcome="clarification",
        metadata=metadata.empty(),
        plan={**details.empty(), "options": [{"label": "All of them", "plan": None}]},
    )


def finished_call(person: Person, model_id: int) -> ModelCall:
    """A call of a model that has ended. Inside the person's workspace."""
    now = timezone.now()
    call = ModelCall(
        workspace=person.workspace,
        user=person.user,
        model_id=model_id,
        kind="chat",
        purpose="test",
        status="succeeded",
        completed_at=now,
        stat_date=now.date(),
    )
    call.created_at = moment_of(call.id)
    call.save(force_insert=True)
    return call


def page_address(route: str, ids: dict[str, str], *, instead: str | None = None) -> str:
    """A page's address with rows' ids (or with `instead`) in the places for an id. Raises KeyError for a new one."""
    # Pictures are numbered by what they show, versions of a project by their order.
    plain = {**REST, **({"number": NO_UUID} if route.startswith("avatars/") else {})}
    for start, value in PAGE_PLAIN.items():
        if route.startswith(start):
            plain[start.partition(":")[2].partition(">")[0]] = value
            break
    for start, kind in PAGE_IDS.items():
        if route.startswith(start):
            slot = start.rpartition(":")[2].partition(">")[0]
            plain.setdefault(slot, ids[kind] if instead is None else instead)
    return "/" + re.sub(r"<\w+:(\w+)>", lambda found: plain[found[1]], route)


def takes_an_id(route: str) -> bool:
    return any(route.startswith(start) for start in PAGE_IDS)


def nobodys(value: str) -> str:
    """An id of the same shape that nobody has."""
    if value.isdigit():
        return NO_NUMBER
    return NO_UUID if re.fullmatch(r"[0-9a-f-]{36}", value) else "nothing-of-this-name"


def same_size(one: Any, other: Any) -> bool:
    """Equal in status, code and size, but for what names the request itself."""
    return (one.status_code, _code(one), _size(one)) == (
        other.status_code,
        _code(other),
        _size(other),
    )


def _code(response: Any) -> str:
    if "json" in response.get("Content-Type", "") and response.status_code >= 400:
        return str(response.json().get("code"))
    return str(response.get("Location", ""))


def _size(response: Any) -> int:
    if response.streaming:
        return 0
    text = response.content.decode()
    return len(re.sub(r'nonce="[^"]*"|X-CSRFToken[^}]*|csrfmiddlewaretoken[^>]*', "", text))
