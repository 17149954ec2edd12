"""The decisions that a person may take otherwise, and the things that were seen and not generated."""

from __future__ import annotations

from taishang.generation.building.drafts import Drafts
from taishang.generation.building.operations import Operation, evidence
from taishang.generation.building.signin import provider_of
from taishang.generation.building.words import kebab
from taishang.generation.ir import (
    MAX_DECISIONS,
    Decision,
    EndpointSpec,
    Evidence,
    Fact,
    OtherValue,
    SupabaseValue,
    Unresolved,
)

CLOSED, OPEN = "closed", "open"
NO_SIGN_IN = "access:no-sign-in"
RULE_CLOSED = "closed-by-default"


class Decisions:
    """The questions asked so far and the answers that a person gave."""

    def __init__(self, answers: dict[str, str]) -> None:
        self._answers = answers
        self.asked: list[Decision] = []

    def ask(self, *, key: str, question: str, choices: list[str], evidence: Evidence) -> str:
        """The answer to a question, by default the first choice; an answer that is no choice is ignored."""
        answer = self._answers.get(key, choices[0])
        chosen = answer if answer in choices else choices[0]
        if all(decision.key != key for decision in self.asked):
            others = [choice for choice in choices if choice != chosen]
            self.asked.append(
                Decision(
                    key=key,
                    question=question,
                    chosen=chosen,
                    alternatives=others,
                    evidence=evidence,
                )
            )
        return chosen

    def adopt(self, decision: Decision) -> None:
        """Take over a question asked by an earlier stage, answered if a person did."""
        self.ask(
            key=decision.key,
            question=decision.question,
            choices=[decision.chosen, *decision.alternatives],
            evidence=decision.evidence,
        )

    def limited(self) -> list[Decision]:
        return self.asked[:MAX_DECISIONS]


def ask_about_host(decisions: Decisions, host: str, facts: list[Fact]) -> bool:
    """Whether the one hosted address of all calls is the export's own server."""
    found = [fact for fact in facts if getattr(fact.value, "external_host", None) == host]
    answer = decisions.ask(
        key=f"host:{host}",
        question=f"Every call goes to {host}. Is that this front end's own server?",
        choices=["own", "external"],
        evidence=evidence(found),
    )
    return answer == "own"


def ask_about_merges(decisions: Decisions, drafts: Drafts) -> None:
    for entity, other, fact in drafts.merges:
        decisions.ask(
            key=f"merge:{entity}:{other}",
            question=f"The rows of {other} have the fields of {entity}. Are they the same thing?",
            choices=["same"],
            evidence=evidence([fact]),
        )


def with_access(
    decisions: Decisions,
    endpoints: list[EndpointSpec],
    operations: dict[tuple[str, str], Operation],
) -> list[EndpointSpec]:
    """`endpoints` with those opened that a person decided to open; everything else stays closed."""
    signs_in = any(endpoint.behaviour == "auth" for endpoint in endpoints)
    whole = CLOSED
    if not signs_in and endpoints:
        whole = decisions.ask(
            key=NO_SIGN_IN,
            question="The front end has no sign-in. Should reading need none either?",
            choices=[CLOSED, OPEN],
            evidence=Evidence(rule=RULE_CLOSED),
        )
    return [_access(decisions, endpoint, operations, whole=whole) for endpoint in endpoints]


def _access(
    decisions: Decisions,
    endpoint: EndpointSpec,
    operations: dict[tuple[str, str], Operation],
    *,
    whole: str,
) -> EndpointSpec:
    if endpoint.method != "GET" or endpoint.behaviour != "crud":
        return endpoint
    key = f"access:{endpoint.key}"
    if whole == OPEN:
        return endpoint.model_copy(update={"auth": "public", "opened_by": NO_SIGN_IN})
    operation = operations.get((endpoint.method, endpoint.path))
    if operation is None or not operation.call.before_sign_in:
        return endpoint
    answer = decisions.ask(
        key=key,
        question=f"{endpoint.method} {endpoint.path} is read without signing in. Open it to everyone?",
        choices=[CLOSED, OPEN],
        evidence=operation.evidence,
    )
    return (
        endpoint.model_copy(update={"auth": "public", "opened_by": key})
        if answer == OPEN
        else endpoint
    )


def unresolved_facts(facts: list[Fact]) -> list[Unresolved]:
    """GraphQL, sockets, channels and their like, each listed once with its reason."""
    found: dict[str, tuple[str, str, list[Fact]]] = {}
    for fact in facts:
        value = fact.value
        if isinstance(value, OtherValue):
            key, what, why = (
                f"other:{value.what}:{value.name}",
                f"{value.what}: {value.name}",
                value.why,
            )
        elif isinstance(value, SupabaseValue) and value.area == "channel":
            key, what = f"other:channel:{value.target}", f"realtime channel {value.target}"
            why = "A realtime subscription has no counterpart in a REST back end."
        else:
            continue
        found.setdefault(key, (what, why, []))[2].append(fact)
    return [
        Unresolved(key=key, what=what, why=why, evidence=evidence(seen))
        for key, (what, why, seen) in sorted(found.items())
    ]


def unresolved_providers(endpoints: list[EndpointSpec]) -> list[Unresolved]:
    return [
        Unresolved(
            key=f"provider:{kebab(provider_of(endpoint.path))}:{endpoint.method} {endpoint.path}",
            what=f"sign-in with {provider_of(endpoint.path)}",
            why="A third-party sign-in needs keys of that provider; the endpoint answers 501 until then.",
            evidence=endpoint.evidence,
        )
        for endpoint in endpoints
        if endpoint.behaviour == "auth" and endpoint.action == "third_party"
    ]


def unresolved_paths(operations: list[Operation]) -> list[Unresolved]:
    return [
        Unresolved(
            key=f"path:{operation.call.method} {operation.call.path}",
            what=f"{operation.call.method} {operation.call.path}",
            why="The whole path is only known when the front end runs.",
            evidence=operation.evidence,
        )
        for operation in operations
    ]
