"""Read a chat log in any of the known formats; a broken one gives what can be read, and warnings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from taishang.generation.evidence.statements import statements
from taishang.generation.ir import Chat, ChatMessage, Warning

__all__ = ["parse_chat", "statements"]

MAX_MESSAGES = 5_000
MAX_NESTING = 64
MAX_TEXT = 200_000
Role = Literal["user", "assistant", "system"]
_ROLES: dict[str, Role] = {
    "user": "user",
    "human": "user",
    "me": "user",
    "you": "user",
    "prompt": "user",
    "用户": "user",
    "我": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "bolt": "assistant",
    "v0": "assistant",
    "lovable": "assistant",
    "chatgpt": "assistant",
    "claude": "assistant",
    "助手": "assistant",
    "system": "system",
    "developer": "system",
    "系统": "system",
}
_LISTS = re.compile(r'"(?:messages|chat_messages|conversation|history|chat)"\s{0,20}:\s{0,20}\[')
_CONTENT = re.compile(r'"(?:content|text|message|value|parts)"\s{0,20}:')
_HEADING = re.compile(
    r"[#>*_\s]{0,8}(user|human|you|me|prompt|assistant|ai|bot|model|bolt|v0|lovable|chatgpt|claude|system|用户|我|助手|系统)"
    r"(?:\s(?:said|message|prompt))?[*_\s]{0,4}[:：]?[*_\s]{0,4}(.{0,20000})",
    re.IGNORECASE,
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*+"|[^,\]\s]+', re.DOTALL)
_STAMPS = ("createdAt", "created_at", "timestamp", "date", "time")


def parse_chat(*, name: str, data: bytes) -> Chat:
    """The messages of a chat log, oldest first. Never raises for what the log contains."""
    warnings: list[Warning] = []
    text = _decoded(name, data, warnings)
    path = name.replace("\\", "/")
    if not text.strip():
        warnings.append(
            Warning(code="chat_empty", detail="The chat log is empty.", file=name, line=1)
        )
        return Chat(format="empty", file=name, warnings=warnings)
    if path.endswith((".bolt/prompt", ".lovable/plan.md")):
        kind, role = (
            ("bolt-prompt", "system") if path.endswith("prompt") else ("lovable-plan", "assistant")
        )
        message = ChatMessage.model_validate({"role": role, "text": text[:MAX_TEXT]})
        return Chat(format=kind, file=name, messages=[message], warnings=warnings)
    if text.lstrip()[:1] in ("{", "["):
        return _from_json(name, text, warnings)
    return _from_markdown(name, text, warnings)


def _decoded(name: str, data: bytes, warnings: list[Warning]) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    else:
        text = _guessed(name, data, warnings)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return lines.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _guessed(name: str, data: bytes, warnings: list[Warning]) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("gb18030")
        detail = "The chat log is not UTF-8; it was read as GB18030."
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        detail = "The chat log is not UTF-8; unreadable bytes were replaced."
    warnings.append(Warning(code="chat_encoding", detail=detail, file=name, line=line))
    return text


def _from_json(name: str, text: str, warnings: list[Warning]) -> Chat:
    start = _list_start(text)
    messages: list[ChatMessage] = []
    stamps: list[str] = []
    has_type = False
    line, counted = 1, 0
    for value, offset, end in _elements(name, text, start, warnings):
        at = _content_offset(text, offset, end)
        line, counted = line + text.count("\n", counted, at), at
        message = _message(value, line)
        if message is None:
            continue
        if len(messages) == MAX_MESSAGES:
            warnings.append(
                Warning(
                    code="chat_too_long",
                    detail=f"Only the first {MAX_MESSAGES} messages were read.",
                    file=name,
                    line=message.line,
                )
            )
            break
        messages.append(message)
        stamps.append(next((str(value[key]) for key in _STAMPS if value.get(key)), ""))
        has_type = has_type or "type" in value
    if not messages:
        warnings.append(
            Warning(
                code="chat_unknown",
                detail="No messages were found in the chat log.",
                file=name,
                line=1,
            )
        )
    if len(stamps) > 1 and all(stamps) and stamps[0] > stamps[-1]:
        messages.reverse()
    return Chat(
        format=_json_format(text, has_type=has_type),
        file=name,
        messages=messages,
        warnings=warnings,
    )


def _json_format(text: str, *, has_type: bool) -> str:
    if "boltArtifact" in text or '"exportDate"' in text:
        return "bolt"
    return "v0" if has_type else "openai"


def _list_start(text: str) -> int:
    """Where the list of messages begins: at the root, or under one of the known keys; -1 without a list."""
    if text.lstrip().startswith("["):
        return text.index("[")
    found = _LISTS.search(text)
    return found.end() - 1 if found is not None else -1


def _elements(
    name: str, text: str, start: int, warnings: list[Warning]
) -> Iterator[tuple[dict[str, Any], int, int]]:
    """(object, offset, end) of each readable element of the list; stops at the first that is broken."""
    decoder = json.JSONDecoder()
    index = start + 1
    while start >= 0 and index < len(text):
        while index < len(text) and text[index] in " \t\n,":
            index += 1
        if index >= len(text) or text[index] == "]":
            break
        end = _element_end(text, index)
        if end is None:
            warnings.append(_broken(name, text, index, "is cut off or nested too deeply"))
            return
        try:
            value, _ = decoder.raw_decode(text[index:end])
        except (ValueError, RecursionError) as error:
            at = index + getattr(error, "pos", 0)
            warnings.append(_broken(name, text, at, "is no valid JSON"))
            return
        if isinstance(value, dict):
            yield value, index, end
        index = end
    if start >= 0 and index >= len(text):
        warnings.append(_broken(name, text, len(text) - 1, "ends before its list of messages does"))


def _element_end(text: str, start: int) -> int | None:
    """The end of the JSON value at `start`; None when it never ends or nests deeper than allowed."""
    if text[start] not in "[{":
        found = _SCALAR.match(text, start)
        return found.end() if found is not None else None
    depth = 0
    for token in _TOKEN.finditer(text, start):
        mark = token.group(0)
        if mark in ("[", "{"):
            depth += 1
            if depth > MAX_NESTING:
                return None
        elif mark in ("]", "}"):
            depth -= 1
            if depth == 0:
                return token.end()
    return None


def _broken(name: str, text: str, offset: int, what: str) -> Warning:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return Warning(
        code="chat_malformed",
        detail=f"The chat log {what} at line {line}, column {column}; what stands before was used.",
        file=name,
        line=line,
    )


def _content_offset(text: str, start: int, end: int) -> int:
    """Where the text of a message stands, for its line in the log."""
    found = _CONTENT.search(text, start, end)
    return found.start() if found is not None else start


def _message(value: dict[str, Any], line: int) -> ChatMessage | None:
    author = (
        value.get("role") or value.get("sender") or value.get("author") or value.get("from") or ""
    )
    if isinstance(author, dict):
        author = author.get("role") or author.get("name") or ""
    role = _ROLES.get(str(author).strip().lower())
    content = _content(value)
    if role is None or not content.strip():
        return None
    return ChatMessage(role=role, text=content[:MAX_TEXT], line=line)


def _content(value: dict[str, Any]) -> str:
    for key in ("content", "text", "message", "value", "parts"):
        found = value.get(key)
        if isinstance(found, str) and found:
            return found
        if isinstance(found, dict):
            found = found.get("parts") or found.get("text") or found.get("content")
        if isinstance(found, str) and found:
            return found
        if isinstance(found, list):
            joined = "\n".join(_part(part) for part in found[:1_000])
            if joined.strip():
                return joined
    return ""


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    text = part.get("text") or part.get("content") if isinstance(part, dict) else ""
    return text if isinstance(text, str) else ""


def _from_markdown(name: str, text: str, warnings: list[Warning]) -> Chat:
    messages: list[ChatMessage] = []
    role: Role = "user"
    start, body = 1, list[str]()
    for number, line in enumerate(text.split("\n"), start=1):
        found = _heading(line)
        if found is None:
            body.append(line)
            continue
        _close(messages, role, start, body)
        role, rest = found
        start, body = (number, [rest]) if rest else (number + 1, [])
        if len(messages) >= MAX_MESSAGES:
            warnings.append(
                Warning(
                    code="chat_too_long",
                    detail=f"Only the first {MAX_MESSAGES} messages were read.",
                    file=name,
                    line=number,
                )
            )
            break
    _close(messages, role, start, body)
    headed = len(messages) > 1 or start > 1
    if not headed:
        warnings.append(
            Warning(
                code="chat_unknown",
                detail="The format is not known; the whole text was read as one message.",
                file=name,
                line=1,
            )
        )
    return Chat(
        format="markdown" if headed else "text",
        file=name,
        messages=messages[:MAX_MESSAGES],
        warnings=warnings,
    )


def _heading(line: str) -> tuple[Role, str] | None:
    """(role, rest of the line) when a line opens a turn: `## User`, `**Assistant:** …`, `用户：…`."""
    found = _HEADING.fullmatch(line.strip()[:20_000])
    if found is None:
        return None
    marked = line.lstrip()[:1] in ("#", "*", "_", ">") or ":" in line[:40] or "：" in line[:40]
    rest = found.group(2).strip()
    if not marked and rest:
        return None
    if rest and not (":" in line[:60] or "：" in line[:60]):
        return None
    return _ROLES[found.group(1).lower()], rest


def _close(messages: list[ChatMessage], role: Role, start: int, body: list[str]) -> None:
    text = "\n".join(body)
    if text.strip():
        leading = len(text) - len(text.lstrip("\n"))
        messages.append(
            ChatMessage(role=role, text=text.strip("\n")[:MAX_TEXT], line=start + leading)
        )
