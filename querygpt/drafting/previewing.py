"""The prompt as a model would get it, for somebody who writes its texts. No model is called."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.models import User
from querygpt import knowledge, prompts, schema
from querygpt.catalogue import Catalogue
from querygpt.drafting import prompting
from querygpt.drafting.asking import roughly
from querygpt.drafting.prompting import MOST_TABLES, Material, Repair
from querygpt.models import Connection, Prompt

QUESTIONS = {"zh": "上个月各地区销售额前五", "en": "top 5 regions by revenue last month"}
FAILED = Repair("SELECT regoin FROM orders", "column_unknown: regoin", ("region",))
# Parts that take the place of how SQL is written, in prompts of their own.
ALONE = frozenset({Prompt.Type.QA, Prompt.Type.SUMMARY})


def preview(
    *,
    prompt: Prompt,
    language: str,
    connection: Connection | None,
    question: str,
    reader: User | None,
) -> dict[str, Any]:
    """Shapes: `{language, tokens, messages: [{role, content}]}`. The row may hold texts that are not saved."""
    rows = list(
        Prompt.objects.reaching(
            prompt.workspace_id or _place(connection), reader.pk if reader else None
        ).exclude(pk=prompt.pk)
    )
    texts = prompts.effective(rows, language)
    texts[prompt.type] = prompts.content(prompt, language) or prompts.above(rows, prompt, language)
    if prompt.type in ALONE:
        texts = {"system": texts[Prompt.Type.SYSTEM], "analysis": texts[prompt.type]}
    asked = question.strip() or QUESTIONS[language]
    known = schema.catalogue(connection=connection) if connection else Catalogue()
    tables = schema.rank(question=asked, catalogue=known, k=MOST_TABLES)
    names = {table.name for table in tables}
    near = knowledge.nearest(question=asked, connection=connection) if connection else []
    material = Material(
        question=asked,
        language=language,  # type: ignore[arg-type]
        dialect=connection.dialect if connection else "postgresql",  # type: ignore[arg-type]
        today=timezone.localdate().isoformat(),
        texts=texts,
        tables=tables,
        relationships=[
            one for one in known.relationships if {one.from_table, one.to_table} <= names
        ],
        terms=[term for term in known.terms if term.table in names],
        examples=[(one.question, one.sql) for one in near],
        repair=FAILED if prompt.type == Prompt.Type.REPAIR else None,
    )
    shown = prompting.written(material, count=roughly)
    tokens = sum(roughly(message["content"]) for message in shown.messages)
    return {"language": language, "tokens": tokens, "messages": shown.messages}


def _place(connection: Connection | None) -> int | None:
    return connection.workspace_id if connection else None
