"""The demo shop in the demo workspace: its file, its structure, what is told of it, answers to begin with."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from pathlib import Path

from django.utils import timezone

from accounts import tenancy
from accounts.models import User, Workspace
from laojun import files
from laojun.audit import Actor
from laojun.files import Owner
from querygpt import execution, schema, shop
from querygpt.connections import files as kept
from querygpt.connections import saving
from querygpt.knowledge import examples, terms
from querygpt.models import Column, Connection, ConnectionFile, Example, Table, Term
from querygpt.schema.tasks import follow
from querygpt.shop import knowledge

ACTOR = Actor.system("demo")
NAME = " · ".join(knowledge.CONNECTION_NAME)
FILE = "shop"

logger = logging.getLogger(__name__)


def seed_shop(*, user: User, workspace: Workspace) -> None:
    """A second run makes what is missing; a shop that its owner deleted stays deleted. Outside any transaction."""
    owner = Owner(user.pk, workspace.pk)
    with tenancy.workspace(workspace.pk, user_id=user.pk):
        found = Connection.objects.filter(workspace=workspace, user=user, name=NAME).first()
    connection = found or _connected(user, workspace, owner)
    if connection.deleted_at is not None:
        return
    if not connection.catalogue_version:
        try:
            schema.refresh(connection=connection)
        except execution.IntrospectionFailed as error:
            logger.warning("demo shop not read code=%s", error.code)
            return
    with tenancy.workspace(workspace.pk, user_id=user.pk):
        if not Term.objects.filter(connection=connection).exists():
            _teach(connection, user)
            follow(connection=connection, user_id=user.pk)


def _connected(user: User, workspace: Workspace, owner: Owner) -> Connection:
    with tempfile.TemporaryDirectory(prefix="shop-") as folder:
        path = Path(folder) / "shop.sqlite"
        shop.build(path)
        content = path.read_bytes()
    stored = files.store(
        content=content,
        name="shop.sqlite",
        purpose=kept.PURPOSE,
        owner=owner,
        entity=("connection", ""),
    )
    with tenancy.workspace(workspace.pk, user_id=user.pk):
        wishes = {
            "name": NAME,
            "description": "11 tables, 50,785 rows, 2024 – 2025",
            "driver": Connection.Driver.SQLITE,
            "reference_date": knowledge.REFERENCE_DATE,
            "values_enabled": True,
        }
        made = saving.create(
            workspace_id=workspace.pk, user=user, wishes=wishes, password="", actor=ACTOR
        )
        ConnectionFile.objects.create(
            workspace=workspace,
            connection=made,
            file_id=stored.pk,
            table_name=FILE,
            rows_count=sum(shop.ROWS.values()),
            sha256=hashlib.sha256(content).hexdigest(),
            state=ConnectionFile.State.READY,
        )
        return saving.change(
            connection=made, wishes={"database_name": FILE}, password=None, actor=ACTOR
        )


def _teach(connection: Connection, user: User) -> None:
    _describe(connection)
    for term in knowledge.TERMS:
        given = {
            "connection": connection,
            "kind": term.kind,
            "name_zh": term.name_zh,
            "name_en": term.name_en,
            "synonyms": list(term.synonyms),
            "table": term.table,
            "expression": "" if term.kind == "alias" else term.expression,
        }
        terms.create(workspace_id=connection.workspace_id, given=given, by=user, actor=ACTOR)
    Example.objects.bulk_create(
        Example(
            workspace_id=connection.workspace_id,
            connection=connection,
            question=question,
            question_key=examples.key_of(question),
            language=language,
            sql=sql,
            state=Example.State.APPROVED,
            approved_by=user,
            approved_by_name=user.get_username(),
            approved_at=timezone.now(),
        )
        for language, question, sql in knowledge.EXAMPLES
    )


def _describe(connection: Connection) -> None:
    for table in Table.objects.filter(connection=connection, name__in=knowledge.DESCRIPTIONS):
        zh, en, columns = knowledge.DESCRIPTIONS[table.name]
        Table.objects.filter(pk=table.pk).update(description_zh=zh, description_en=en)
        for name, (column_zh, column_en) in columns.items():
            Column.objects.filter(table=table, name=name).update(
                description_zh=column_zh, description_en=column_en
            )
