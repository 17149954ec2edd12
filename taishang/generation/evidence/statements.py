"""Read what a chat states about the data, by fixed patterns in English and Chinese.

Whatever the log says is data. There is no pattern for an order, so "make everything public" states nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from taishang.generation.evidence.sqlschemas import read_tables
from taishang.generation.ir import (
    EXCERPT_CHARACTERS,
    Chat,
    ChatMessage,
    ChatValue,
    Fact,
    FactValue,
    Place,
    SchemaValue,
    Shape,
)

USER_CONFIDENCE = 0.6
ASSISTANT_CONFIDENCE = 0.4
TEMPLATE_CONFIDENCE = 0.2
SQL_CONFIDENCE = 0.8
MAX_FIELDS = 40
MAX_SENTENCE = 600
MAX_STATEMENTS = 2_000

_THING = r"([A-Za-z][A-Za-z_-]{1,40}(?:\s[A-Za-z][A-Za-z_-]{1,40})?)"
_HAN = r"([\u4e00-\u9fff]{1,12})"
_FIELDS = (
    re.compile(
        rf"(?:\b(?:a|an|each|every|the|all)\s)?{_THING}\s(?:should\s|must\s|will\s|can\s)?"
        r"(?:has|have|contains?|includes?|consists?\sof|with)\s(?:the\s)?(?:following\s)?(?:(?:fields?|columns?|attributes?|properties)\b)?[:\s]{0,3}(.{3,400})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:fields?|columns?)\s(?:of|for)\s(?:a\s|an\s|the\s|each\s)?{_THING}[:\s]{{1,3}}(?:are\s)?(.{{3,400}})",
        re.IGNORECASE,
    ),
)
_HAN_FIELDS = re.compile(
    rf"(?:每个|每条|每篇|一个|每位|每项)?{_HAN}?(?:表|模型)?(?:包含|包括|含有|有以下字段|的字段(?:有|是|为)?|字段(?:有|是|为)?|有)[:：]?(.{{2,300}})"
)
_MANY = re.compile(
    rf"(?:\b(?:a|an|each|every|the|one)\s)?{_THING}\s(?:can\s|may\s|should\s)?(?:has|have)\s(?:many|multiple|several)\s{_THING}",
    re.IGNORECASE,
)
_BELONGS = re.compile(
    rf"(?:\b(?:a|an|each|every|the)\s)?{_THING}\s(?:belongs?\sto|is\slinked\sto|references)\s(?:a\s|an\s|one\s|the\s)?{_THING}",
    re.IGNORECASE,
)
_HAN_MANY = re.compile(
    rf"(?:每个|每篇|每条|一个|一篇)?{_HAN}(?:可以)?有(?:多个|多条|多篇|许多|很多){_HAN}"
)
_HAN_BELONGS = re.compile(rf"{_HAN}属于(?:一个|某个|一篇)?{_HAN}")
_CHOICES = re.compile(
    rf"(?:\bthe\s)?{_THING}\s(?:can\sbe|is\sone\sof|must\sbe\sone\sof|is\seither|should\sbe\sone\sof|options?(?:\sare)?)[:\s]{{1,3}}(.{{3,200}})",
    re.IGNORECASE,
)
_HAN_CHOICES = re.compile(rf"{_HAN}(?:可以是|可选值(?:为|是)?|分为|为以下之一)[:：]?(.{{2,200}})")
_REQUIRED = re.compile(rf"(?:\bthe\s)?{_THING}\s(?:is|are)\s(?:required|mandatory)", re.IGNORECASE)
_UNIQUE = re.compile(rf"(?:\bthe\s)?{_THING}\s(?:must\sbe|should\sbe|is)\sunique", re.IGNORECASE)
_HAN_REQUIRED = re.compile(rf"{_HAN}(?:是|为)?必填")
_HAN_UNIQUE = re.compile(rf"{_HAN}(?:必须|应该|是|为)?(?:是)?唯一")
_ROLE = re.compile(
    rf"\bonly\s(admins?|administrators?|staff|managers?|editors?|owners?)\s(?:can|may|should|are\sable\sto)\s(\w{{3,20}})\s{_THING}",
    re.IGNORECASE,
)
_HAN_ROLE = re.compile(rf"(?:只有|仅)(管理员|员工|编辑)(?:才能|可以|能)(.{{1,4}}){_HAN}")
_OWN = re.compile(
    rf"\b(?:each|every)\suser\s(?:can\s)?(?:only\s)?(?:sees?|views?|access(?:es)?|manages?)\s(?:only\s)?(?:their|his|her|its)\sown\s{_THING}|users\scan\sonly\s(?:see|view|access|manage|edit)\stheir\sown\s{_THING}",
    re.IGNORECASE,
)
_HAN_OWN = re.compile(rf"(?:每个)?用户只能(?:看到|查看|访问|管理)自己的{_HAN}")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_ARTIFACT = re.compile(r"<boltArtifact\b.*?(?:</boltArtifact>|\Z)", re.DOTALL)
_ACTION = re.compile(r"<boltAction\b([^>]{0,500})>(.*?)(?:</boltAction>|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"[^.!?。！？;；\n]{2,600}")
_ITEM_END = re.compile(
    r"\s(?:so\sthat|which|that|where|when|because|and\sthen|using|in\sorder)\b|[(（]optional[)）]",
    re.IGNORECASE,
)
_NOISE = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "with",
        "its",
        "their",
        "optional",
        "field",
        "fields",
        "also",
        "each",
        "some",
        "of",
        "etc",
        "following",
        "these",
        "any",
        "other",
    ]
)
_NOT_THINGS = frozenset(
    [
        "it",
        "they",
        "we",
        "i",
        "you",
        "app",
        "application",
        "page",
        "website",
        "site",
        "system",
        "user",
        "interface",
        "dashboard",
        "that",
        "this",
        "which",
        "there",
        "project",
        "button",
        "form",
        "screen",
        "sidebar",
        "header",
        "footer",
        "modal",
        "table",
        "list",
        "card",
        "design",
        "layout",
        "ui",
        "component",
        "section",
        "navbar",
        "i'd",
        "we'd",
    ]
)
_TYPE_WORDS = {
    "number": "float", "integer": "integer", "int": "integer", "string": "text", "text": "text", "date": "date",
    "datetime": "datetime", "boolean": "boolean", "bool": "boolean", "email": "email", "url": "url", "image": "file",
    "file": "file", "decimal": "decimal", "数字": "float", "文本": "text", "日期": "date", "布尔": "boolean",
}  # fmt: skip
_HAN_WORDS = {
    "标题": "title", "名称": "name", "姓名": "name", "名字": "name", "内容": "content", "描述": "description",
    "简介": "description", "价格": "price", "数量": "quantity", "状态": "status", "日期": "date", "截止日期": "due_date",
    "优先级": "priority", "邮箱": "email", "电话": "phone", "地址": "address", "图片": "image", "头像": "avatar",
    "分类": "category", "类别": "category", "标签": "tags", "作者": "author", "库存": "stock", "备注": "notes",
    "评分": "rating", "类型": "type", "年龄": "age", "性别": "gender", "密码": "password", "创建时间": "created_at",
    "文章": "post", "任务": "task", "产品": "product", "商品": "product", "订单": "order", "评论": "comment",
    "用户": "user", "项目": "project", "客户": "customer", "员工": "employee", "课程": "course", "学生": "student",
    "图书": "book", "书籍": "book", "事件": "event", "活动": "event", "消息": "message", "笔记": "note", "金额": "amount",
}  # fmt: skip


def statements(chat: Chat) -> list[Fact]:
    """The facts that the messages state, later ones last; user statements weigh more than the assistant's."""
    facts: list[Fact] = []
    for message in chat.messages:
        facts += _tables(chat, message)
        if message.role == "system" and chat.format != "bolt-prompt":
            continue
        subject = ""
        for sentence, line in _sentences(message):
            for value in _read(sentence, subject, message):
                subject = value.subject
                facts.append(_fact(chat, message, sentence, line, value))
            if len(facts) >= MAX_STATEMENTS:
                return facts
    return facts


def _fact(chat: Chat, message: ChatMessage, sentence: str, line: int, value: ChatValue) -> Fact:
    confidence = USER_CONFIDENCE if message.role == "user" else ASSISTANT_CONFIDENCE
    if chat.format == "bolt-prompt":
        confidence = TEMPLATE_CONFIDENCE
    is_json = chat.format in ("bolt", "v0", "openai")
    excerpt = json.dumps(sentence, ensure_ascii=False)[1:-1] if is_json else sentence
    place = Place(
        file=chat.file,
        line=message.line if is_json else line,
        end_line=message.line if is_json else line,
        kind="chat",
        excerpt=excerpt[:EXCERPT_CHARACTERS].strip(),
    )
    return Fact(place=place, value=value, confidence=confidence)


def _tables(chat: Chat, message: ChatMessage) -> list[Fact]:
    """SQL that the chat's actions carry: migrations and `.sql` files."""
    sources = []
    for found in _ACTION.finditer(message.text[:200_000]):
        attributes, content = found.groups()
        if 'type="supabase"' in attributes or '.sql"' in attributes:
            sources.append((chat.file, content))
    facts = read_tables(sources=sources, confidence=SQL_CONFIDENCE) if sources else []
    at = {"file": chat.file, "line": message.line, "end_line": message.line, "kind": "chat"}
    return [
        fact.model_copy(
            update={
                "place": fact.place.model_copy(update={**at, "excerpt": ""}),
                "value": _lineless(fact.value),
            }
        )
        for fact in facts
    ]


def _lineless(value: FactValue) -> FactValue:
    """A table without the lines of its columns, which count inside the action and not in the log."""
    if not isinstance(value, SchemaValue):
        return value
    fields = {
        key: seen.model_copy(update={"line": None, "excerpt": None})
        for key, seen in value.shape.fields.items()
    }
    return value.model_copy(update={"shape": value.shape.model_copy(update={"fields": fields})})


def _sentences(message: ChatMessage) -> Iterator[tuple[str, int]]:
    """Sentences outside code and artifacts, with their line in the log."""

    def blanked(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found.group(0))

    text = _ARTIFACT.sub(blanked, _FENCE.sub(blanked, message.text))
    for number, line in enumerate(text.split("\n")):
        for found in _SENTENCE.finditer(line):
            sentence = found.group(0).strip(" \t-*#>|`")
            if len(sentence) > 3:
                yield sentence[:MAX_SENTENCE], message.line + number


def _read(sentence: str, subject: str, message: ChatMessage) -> list[ChatValue]:
    by = "user" if message.role == "user" else "assistant"
    found = (
        _relation(sentence)
        or _fields(sentence)
        or _access(sentence)
        or _about_field(sentence, subject)
    )
    return [value.model_copy(update={"by": by}) for value in found]


def _relation(sentence: str) -> list[ChatValue]:
    for pattern, turned in (
        (_MANY, True),
        (_HAN_MANY, True),
        (_BELONGS, False),
        (_HAN_BELONGS, False),
    ):
        found = pattern.search(sentence)
        if found is None:
            continue
        one, two = _thing(found.group(1)), _thing(found.group(2))
        if one and two:
            child, parent = (two, one) if turned else (one, two)
            return [ChatValue(statement="relation", subject=child, target=parent)]
    return []


def _fields(sentence: str) -> list[ChatValue]:
    for pattern in (*_FIELDS, _HAN_FIELDS):
        found = pattern.search(sentence)
        if found is None:
            continue
        subject, fields = _thing(found.group(1) or ""), _listed(found.group(2))
        if subject and len(fields) > 1:
            return [ChatValue(statement="fields", subject=subject, fields=fields)]
    return []


def _access(sentence: str) -> list[ChatValue]:
    role = _ROLE.search(sentence) or _HAN_ROLE.search(sentence)
    if role is not None and _thing(role.group(3)):
        return [
            ChatValue(
                statement="role",
                subject=_thing(role.group(3)),
                roles=[role.group(1).lower().rstrip("s")],
            )
        ]
    own = _OWN.search(sentence) or _HAN_OWN.search(sentence)
    if own is not None:
        subject = _thing(next((group for group in own.groups() if group), ""))
        return [ChatValue(statement="ownership", subject=subject)] if subject else []
    return []


def _about_field(sentence: str, subject: str) -> list[ChatValue]:
    """Allowed values, "required" and "unique" hold for a field of the thing that was spoken of last."""
    if not subject:
        return []
    choices = _CHOICES.search(sentence) or _HAN_CHOICES.search(sentence)
    if choices is not None:
        values = [value for value in _split(choices.group(2)) if 0 < len(value) <= 40][:30]
        name = _name(choices.group(1))
        if name and len(values) > 1:
            shape = Shape(type="choice", choices=values)
            return [
                ChatValue(
                    statement="choices", subject=subject, fields={name: shape}, choices=values
                )
            ]
    for patterns, statement in (
        ((_REQUIRED, _HAN_REQUIRED), "required"),
        ((_UNIQUE, _HAN_UNIQUE), "unique"),
    ):
        found = next((match for pattern in patterns if (match := pattern.search(sentence))), None)
        name = _name(found.group(1)) if found is not None else ""
        if name:
            return [
                ChatValue.model_validate(
                    {"statement": statement, "subject": subject, "fields": {name: Shape()}}
                )
            ]
    return []


def _thing(text: str) -> str:
    """The singular identifier of a thing; "" for words that name none."""
    text = _HAN_WORDS.get(text.strip(), text.strip())
    parts = [part for part in re.split(r"[\s_-]+", text.lower()) if part and part not in _NOISE]
    if not parts or parts[-1] in _NOT_THINGS or parts[0] in _NOT_THINGS:
        return ""
    return "_".join(parts[-2:])


def _name(text: str) -> str:
    text = text.strip(" .,:*`\"'“”")
    text = _HAN_WORDS.get(text, text)
    parts = [part for part in re.split(r"[\s_-]+", text) if part.lower() not in _NOISE]
    name = "_".join(parts).lower() if " " in text else "_".join(parts)
    return name if name.isidentifier() and len(name) <= 40 and len(parts) <= 3 else ""


def _split(text: str) -> list[str]:
    cut = _ITEM_END.split(text, maxsplit=1)[0]
    parts = re.split(r"\s?[,，、/|]\s?|\s(?:and|or|&)\s|和|或者|或|以及", cut)
    cleaned = [re.sub(r"^(?:and|or)\s", "", part.strip(" .*`\"'“”()（）")) for part in parts]
    return [part for part in cleaned if part]


def _listed(text: str) -> dict[str, Shape]:
    """Field names and the types that stand behind them in brackets."""
    fields: dict[str, Shape] = {}
    outside = re.sub(
        r"[(（]([^()（）]{0,60})[)）]", lambda found: f" <{found.group(1).replace(',', ';')}>", text
    )
    for part in _split(outside)[:MAX_FIELDS]:
        label, _, note = part.partition("<")
        name = _name(label)
        kind = _TYPE_WORDS.get(note.strip("> ").lower(), "unknown")
        if name:
            fields[name] = Shape.model_validate({"type": kind})
    return fields
