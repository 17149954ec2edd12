"""Gather every call of the export into operations: one per method and path shape."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from taishang.generation.building.paths import shape_key
from taishang.generation.ir import (
    CallValue,
    Evidence,
    External,
    Fact,
    Place,
    QueryParameter,
    Reads,
    Shape,
)

Origin = Literal["call", "route", "supabase", "store"]
MAX_PLACES = 8
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
HOSTING = (
    ".onrender.com", ".herokuapp.com", ".up.railway.app", ".railway.app", ".fly.dev", ".azurewebsites.net",
    ".run.app", ".pythonanywhere.com", ".glitch.me", ".replit.dev", ".replit.app", ".repl.co", ".ngrok.io",
    ".ngrok-free.app", ".ngrok.app", ".trycloudflare.com", ".deno.dev", ".workers.dev", ".koyeb.app",
    ".elasticbeanstalk.com", ".cyclic.app", ".appspot.com", ".loca.lt",
)  # fmt: skip


@dataclass
class Operation:
    """What all sites that call one method of one path say together."""

    call: CallValue
    facts: list[Fact] = field(default_factory=list)
    origin: Origin = "call"
    subject: str | None = None
    auth_action: str | None = None
    detail_of: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.call.method, shape_key(self.call.path)

    @property
    def evidence(self) -> Evidence:
        return evidence(self.facts)


def evidence(facts: list[Fact], *, rule: str | None = None) -> Evidence:
    """The places of `facts` without repeats, the strongest first, or the rule where there is none."""
    places: list[Place] = []
    for fact in sorted(facts, key=lambda fact: (-fact.confidence, *fact_order(fact))):
        if fact.place not in places:
            places.append(fact.place)
    return Evidence(places=places[:MAX_PLACES], rule=None if places and not rule else rule)


def fact_order(fact: Fact) -> tuple[str, int, int, str]:
    return (fact.place.file, fact.place.line, fact.place.end_line, fact.place.kind)


def from_calls(facts: list[Fact], *, own_hosts: set[str]) -> list[Operation]:
    """One operation per call to the export's own server, unmerged."""
    found = []
    for fact in facts:
        call = fact.value
        if not isinstance(call, CallValue) or not _is_own(call, own_hosts):
            continue
        path = call.path if call.path.startswith("/") else f"/{call.path}"
        origin: Origin = "route" if fact.kind == "route" else "call"
        found.append(
            Operation(call=call.model_copy(update={"path": path}), facts=[fact], origin=origin)
        )
    return found


def _is_own(call: CallValue, own_hosts: set[str]) -> bool:
    return call.external_host is None or call.external_host in own_hosts


def hosted_own(facts: list[Fact]) -> str | None:
    """The one host on a hosting platform, or without a name, that gets every call, when no call is relative.

    Such an address is a deployment of the export's own server written out in full, not a public service.
    """
    hosts = set()
    for fact in facts:
        if isinstance(fact.value, CallValue):
            if fact.value.external_host is None:
                return None
            hosts.add(fact.value.external_host)
    hosted = sorted(
        host
        for host in hosts
        if host.split(":")[0].endswith(HOSTING) or ADDRESS.fullmatch(host.split(":")[0])
    )
    return hosted[0] if len(hosted) == 1 else None


def externals(facts: list[Fact], *, own_hosts: set[str]) -> list[External]:
    found: dict[str, list[Fact]] = {}
    first: dict[str, CallValue] = {}
    for fact in facts:
        call = fact.value
        if isinstance(call, CallValue) and not _is_own(call, own_hosts):
            key = f"external:{call.method} {call.external_host}{call.path}"
            found.setdefault(key, []).append(fact)
            first.setdefault(key, call)
    return [
        External(
            key=key,
            method=first[key].method,
            host=first[key].external_host or "",
            path=first[key].path,
            evidence=evidence(found[key]),
        )
        for key in sorted(found)
    ]


def merged(operations: list[Operation]) -> list[Operation]:
    """`operations` with those of one method and path shape made one, sorted by path and method."""
    together: dict[tuple[str, str], Operation] = {}
    for operation in sorted(operations, key=_operation_order):
        before = together.get(operation.key)
        if before is None:
            together[operation.key] = operation
        else:
            _absorb(before, operation)
    return sorted(together.values(), key=lambda each: (each.key[1], each.key[0]))


def _operation_order(operation: Operation) -> tuple[bool, float, str, int]:
    fact = operation.facts[0]
    return (operation.origin == "route", -fact.confidence, fact.place.file, fact.place.line)


def _absorb(into: Operation, other: Operation) -> None:
    one, two = into.call, other.call
    into.call = one.model_copy(
        update={
            "query": _merged_query(one.query, two.query),
            "body": merged_shape(one.body, two.body),
            "media_type": _merged_media(one, two),
            "reads": merged_reads(one.reads, two.reads),
            "called": one.called or two.called,
            "sends_token": one.sends_token or two.sends_token,
            "sends_cookies": one.sends_cookies or two.sends_cookies,
            "before_sign_in": one.before_sign_in or two.before_sign_in,
            "function": one.function or two.function,
            "via": one.via or two.via,
        }
    )
    into.facts += [fact for fact in other.facts if fact not in into.facts]
    into.subject = into.subject or other.subject
    into.auth_action = into.auth_action or other.auth_action


def _merged_media(one: CallValue, two: CallValue) -> str:
    found = {one.media_type, two.media_type} - {"none"}
    return next((kind for kind in ("multipart", "json", "urlencoded") if kind in found), "none")


def _merged_query(one: list[QueryParameter], two: list[QueryParameter]) -> list[QueryParameter]:
    known = {parameter.name for parameter in one}
    return one + [parameter for parameter in two if parameter.name not in known]


def merged_shape(one: Shape | None, two: Shape | None) -> Shape | None:
    """The fields of both object shapes; of other shapes the one that says something."""
    if one is None or two is None or one == two:
        return one or two
    if one.type == two.type == "object":
        fields = dict(one.fields)
        for key, extra in two.fields.items():
            if key not in fields or fields[key].shape.type == "unknown":
                fields[key] = extra
        optional = {key for key in fields if key not in one.fields or key not in two.fields}
        return one.model_copy(
            update={
                "fields": {
                    key: value.model_copy(update={"optional": True}) if key in optional else value
                    for key, value in fields.items()
                }
            }
        )
    return two if one.type == "unknown" else one


def merged_reads(one: Reads, two: Reads) -> Reads:
    return Reads(
        keys=one.keys + [key for key in two.keys if key not in one.keys],
        list_at=one.list_at if one.list_at is not None else two.list_at,
        envelope=one.envelope or two.envelope,
        type_name=one.type_name or two.type_name,
        error_keys=one.error_keys + [key for key in two.error_keys if key not in one.error_keys],
        statuses=sorted({*one.statuses, *two.statuses}),
    )
