"""Settle how each reply is shaped: where its content stands and which keys stand beside it."""

from __future__ import annotations

import re
from typing import Any

from taishang.generation.ir import EndpointSpec, Reads
from taishang.generation.render.naming import words
from taishang.generation.render.plan import Model, ReplyPlan

COUNTS = {
    "count": {"count", "total", "totalcount", "totalitems", "totalresults", "totalrecords", "totaldocs"},
    "page": {"page", "currentpage", "pagenumber"},
    "pages": {"pages", "totalpages", "pagecount", "lastpage", "numpages"},
    "size": {"limit", "pagesize", "perpage", "size"},
    "start": {"offset", "skip", "from"},
    "more": {"hasmore", "hasnext", "hasnextpage"},
}  # fmt: skip


def is_flag(key: str) -> bool:
    return key.rsplit(".", 1)[-1] in (
        "success",
        "ok",
        "status",
        "message",
        "msg",
        "error",
        "errors",
    )


def crud_reply(endpoint: EndpointSpec, model: Model, action: str) -> ReplyPlan:
    known = {column.wire for column in model.columns} | {link.wire for link in model.links}
    known |= {model.spec.id_wire_name} | {link.nested for link in model.links if link.nested}
    if action == "list":
        return _list_reply(endpoint, known)
    if action.startswith("destroy"):
        reply = ReplyPlan(status=success_status(endpoint, 204))
        reply.fixed = {} if reply.status == 204 else beside(endpoint.response, set())
        return reply
    reply = row_reply(endpoint, known)
    reply.status = success_status(endpoint, 201 if action == "create" else 200)
    return reply


def success_status(endpoint: EndpointSpec, default: int) -> int:
    # A body cannot travel with 204, so only a delete takes it from the front end.
    good = [status for status in endpoint.response.statuses if 200 <= status < 300]
    fitting = [status for status in good if status != 204 or default == 204]
    if fitting:
        return default if default in fitting else fitting[0]
    stated = endpoint.success_status
    usable = 200 < stated < 300 and (stated != 204 or default == 204)
    return stated if usable else default


def _list_reply(endpoint: EndpointSpec, known: set[str]) -> ReplyPlan:
    place = _clean_path(endpoint.response.list_at or "")
    reply = ReplyPlan(key=place)
    for key, value in beside(endpoint.response, known if not place else set()).items():
        if not place or key == place or key.startswith(f"{place}.") or place.startswith(f"{key}."):
            continue
        what = _count_of(key)
        if what:
            reply.counts[key] = what
        else:
            reply.fixed[key] = value
    return reply


def _count_of(key: str) -> str | None:
    plain = re.sub(r"[^a-z]", "", key.rsplit(".", 1)[-1].lower())
    return next((what for what, names in COUNTS.items() if plain in names), None)


def row_reply(endpoint: EndpointSpec, known: set[str]) -> ReplyPlan:
    reads = endpoint.response
    envelope = _clean_path(reads.envelope or "")
    if not envelope:
        envelope = _common_parent(reads, known)
    others = beside(reads, known)
    fixed = {
        key: value
        for key, value in others.items()
        if envelope
        and key != envelope
        and not key.startswith(f"{envelope}.")
        and not envelope.startswith(f"{key}.")
    }
    if not envelope:
        fixed = {key: value for key, value in others.items() if is_flag(key) and "." not in key}
    return ReplyPlan(key=envelope, fixed=fixed)


def _common_parent(reads: Reads, known: set[str]) -> str:
    """`post` when the code reads post.id, post.title and the row itself has no such key."""
    heads = {key.split(".")[0] for key in reads.keys if "." in key and "[" not in key.split(".")[0]}
    plain = {key for key in reads.keys if "." not in key}
    heads = {head for head in heads if head not in known}
    if len(heads) != 1 or plain & known:
        return ""
    head = heads.pop()
    inner = {
        key.split(".")[1].removesuffix("[]") for key in reads.keys if key.startswith(f"{head}.")
    }
    return _clean_path(head) if inner & known else ""


def _clean_path(path: str) -> str:
    parts = [part for part in path.split(".") if part]
    fine = all(len(part) <= 60 and part.isprintable() for part in parts)
    return ".".join(parts) if fine and len(parts) <= 4 else ""


def beside(reads: Reads, known: set[str]) -> dict[str, Any]:
    """Keys read from the root that the row itself does not have, with a fitting value each."""
    found: dict[str, Any] = {}
    keys = sorted({re.sub(r"\[\].*$", "", key) for key in reads.keys} - {""})
    for key in keys:
        clean = _clean_path(key)
        inner = any(other.startswith(f"{clean}.") for other in keys)
        if (
            clean
            and not inner
            and clean.split(".")[0] not in known
            and "length" not in clean.split(".")
        ):
            found[clean] = fixed_value(
                clean, is_list=any(k.startswith(f"{key}[]") for k in reads.keys)
            )
    return found


def fixed_value(key: str, *, is_list: bool = False) -> Any:
    """An empty value of the kind that a key's name suggests."""
    last = words(key.rsplit(".", 1)[-1])
    joined = "".join(last)
    if is_list:
        return []
    if joined in ("success", "ok", "successful"):
        return True
    if joined == "status":
        return "success"
    if joined in ("error", "errors", "data", "result"):
        return None
    if last and last[-1] in ("required", "enabled", "verified", "valid", "exists"):
        return False
    if last and last[0] in ("is", "has", "can", "should"):
        return False
    if set(last) & {
        "count",
        "total",
        "amount",
        "number",
        "score",
        "price",
        "balance",
        "percent",
        "rate",
    }:
        return 0
    return ""
