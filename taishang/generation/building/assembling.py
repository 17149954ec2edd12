"""Put a blueprint together from the facts of an export."""

from __future__ import annotations

from dataclasses import dataclass, field

from taishang.generation.building import (
    entities,
    holdings,
    offline,
    questions,
    sightings,
    signin,
)
from taishang.generation.building.catalogue import Catalogue
from taishang.generation.building.conventions import prefix_of, project_spec
from taishang.generation.building.drafts import Drafts, EntityDraft
from taishang.generation.building.endpoints import (
    Meaning,
    endpoint,
    meaning_of,
    uses_of,
    with_declared_keys,
)
from taishang.generation.building.operations import (
    Operation,
    externals,
    fact_order,
    from_calls,
    hosted_own,
    merged,
)
from taishang.generation.building.paths import DEFAULT_PREFIX, has_words
from taishang.generation.building.people import user_fields
from taishang.generation.building.replies import settled_reads
from taishang.generation.building.seeds import seed_sets
from taishang.generation.building.settling import settle
from taishang.generation.building.tables import entity_specs
from taishang.generation.building.words import kebab, plural, relation_stem
from taishang.generation.ir import (
    AuthValue,
    Blueprint,
    CallValue,
    EndpointSpec,
    Fact,
    Inventory,
    Reads,
    StoreValue,
)


@dataclass
class Work:
    """Everything that the steps of one build share."""

    facts: list[Fact]
    inventory: Inventory
    catalogue: Catalogue
    decisions: questions.Decisions
    drafts: Drafts = field(default_factory=Drafts)
    prefix: str = ""
    own_hosts: set[str] = field(default_factory=set)
    operations: list[Operation] = field(default_factory=list)
    meanings: dict[tuple[str, str], Meaning] = field(default_factory=dict)
    nameless: list[Operation] = field(default_factory=list)


def build(
    *,
    inventory: Inventory,
    facts: list[Fact],
    decisions: dict[str, str] | None = None,
    name: str = "backend",
) -> Blueprint:
    """The back end that follows from `facts`; `decisions` maps the key of a question to a person's answer.

    The same facts in any order give an equal blueprint. Nothing is dropped in silence: what cannot be
    generated is in `unresolved`, calls to other servers are in `externals`.
    """
    ordered = sorted(facts, key=fact_order)
    work = Work(
        facts=ordered,
        inventory=inventory,
        catalogue=Catalogue(ordered),
        decisions=questions.Decisions(decisions or {}),
    )
    for decision in inventory.decisions:
        work.decisions.adopt(decision)
    _gather(work)
    _collect_fields(work)
    _drop_hollow(work)
    return _blueprint(work, name)


def _gather(work: Work) -> None:
    """Find the entities and all operations, real and mapped."""
    host = hosted_own(work.facts)
    if host is not None and questions.ask_about_host(work.decisions, host, work.facts):
        work.own_hosts = {host}
    called: list[Operation] = []
    for operation in merged(from_calls(work.facts, own_hosts=work.own_hosts)):
        lists = operation.call.method == "GET" and not operation.call.path.rstrip("/").endswith("}")
        reads = settled_reads(operation.call.reads, work.catalogue, lists=lists)
        operation.call = operation.call.model_copy(update={"reads": reads})
        (called if has_words(operation.call.path) else work.nameless).append(operation)
    work.prefix = prefix_of(called)
    remote_prefix = work.prefix or DEFAULT_PREFIX
    chains = offline.from_supabase(work.facts, prefix=remote_prefix)
    mock_only = not called and not chains
    entities.from_tables(work.drafts, work.catalogue)
    entities.from_operations(
        work.drafts, merged([*called, *chains]), work.catalogue, prefix=work.prefix
    )
    if mock_only:
        holdings.from_types(work.drafts, work.catalogue)
        holdings.from_state(work.drafts, work.facts, work.catalogue)
        holdings.from_bodies(work.drafts, work.facts, work.catalogue, offline.CREATE_VERBS)
    holdings.from_references(work.drafts, work.catalogue)
    holdings.from_chat(work.drafts, work.facts)
    holdings.from_mocks(work.drafts, work.facts, work.catalogue, mock_only=mock_only)
    kept = _kept_operations(work, remote_prefix, called=[*called, *chains], mock_only=mock_only)
    work.operations = merged([*called, *chains, *kept])
    entities.from_operations(work.drafts, work.operations, work.catalogue, prefix=work.prefix)


def _kept_operations(
    work: Work, prefix: str, *, called: list[Operation], mock_only: bool
) -> list[Operation]:
    """What stores and state do with known things, and a list of each thing that nothing lists."""
    if not mock_only:
        holdings.from_bodies(
            work.drafts,
            [fact for fact in work.facts if getattr(fact.value, "simulated", False)],
            work.catalogue,
            offline.CREATE_VERBS,
        )
    pretending = {
        fact.value.method
        for fact in work.facts
        if isinstance(fact.value, StoreValue) and (mock_only or fact.value.simulated)
    }
    holdings.from_submissions(work.drafts, work.facts, pretending)
    functions = {operation.call.function for operation in called}
    stores = [
        operation
        for operation in offline.from_stores(
            work.facts,
            prefix=prefix,
            resolve=work.drafts.wire_of,
            mock_only=mock_only,
        )
        if operation.call.function not in functions
    ]
    if not mock_only:
        return stores
    return stores + _implied(work, merged(stores), prefix)


def _implied(work: Work, stores: list[Operation], prefix: str) -> list[Operation]:
    """The list of each thing held on the client, and its creation where a setter fills it."""
    found = []
    keys = {operation.key for operation in stores}
    for draft in work.drafts:
        path = f"{prefix}/{kebab(plural(draft.wire_name))}/"
        own = [fact for fact in draft.facts if fact.kind in ("store", "mock", "schema", "form")]
        if not own:
            continue
        setters = [
            fact for fact in own if isinstance(fact.value, StoreValue) and fact.value.verb == "set"
        ]
        listed = CallValue(method="GET", path=path, client="store", reads=Reads(list_at=""))
        made = CallValue(method="POST", path=path, client="store", media_type="json")
        nested = any(operation.subject == draft.wire_name for operation in stores)
        candidates = [
            Operation(call=listed, facts=own[:3], origin="store", subject=draft.wire_name)
        ]
        if setters and not nested:
            candidates.append(
                Operation(call=made, facts=setters[:3], origin="store", subject=draft.wire_name)
            )
        found += [candidate for candidate in candidates if candidate.key not in keys]
    return found


def _collect_fields(work: Work) -> None:
    sightings.from_declarations(work.drafts, work.catalogue)
    homes: dict[str, EntityDraft] = {}
    for operation in work.operations:
        sightings.fit_store_body(operation, work.drafts, work.catalogue)
        meaning = meaning_of(operation, work.drafts, prefix=work.prefix or DEFAULT_PREFIX)
        work.meanings[operation.key] = meaning
        draft = work.drafts.named(meaning.entity) if meaning.entity is not None else None
        use = uses_of(meaning)
        if draft is None or use is None:
            continue
        draft.uses.add(use)
        draft.addressed = draft.addressed or meaning.action == "retrieve"
        if meaning.parent is not None and meaning.parent not in draft.parents:
            draft.parents.append(meaning.parent)
        if meaning.action == "create":
            draft.created_below.add(meaning.parent)
            draft.created_with += _sent_with(operation, work.catalogue)
        sightings.from_operation(draft, operation, meaning.action, work.catalogue)
        if operation.call.function and meaning.action in ("create", "update", "replace"):
            homes[operation.call.function] = draft
    sightings.from_forms(work.drafts, work.facts, homes, work.catalogue)
    for draft in work.drafts:
        sightings.from_rows(draft, known_type=bool(draft.type_names))
    sightings.from_statements(work.drafts, work.facts, work.catalogue)


def _sent_with(operation: Operation, catalogue: Catalogue) -> list[set[str]]:
    """What each call of `operation` sends for certain; calls whose body is not known say nothing."""
    found = []
    for fact in operation.facts:
        if not isinstance(fact.value, CallValue) or fact.value.body is None:
            continue
        body = catalogue.resolve(fact.value.body)
        named = [wire for wire, seen in body.fields.items() if not seen.optional]
        if body.type == "object" and body.fields:
            holes = [parameter.name for parameter in fact.value.parameters]
            found.append({relation_stem(wire) for wire in [*named, *holes]})
    return found


def _drop_hollow(work: Work) -> None:
    """Let go of collections of which nothing is known but a name in a path that is only listed."""
    hollow = [
        draft.name
        for draft in work.drafts
        if not draft.sightings
        and not draft.mocks
        and draft.uses <= {"list"}
        and not draft.addressed
    ]
    for name in hollow:
        work.drafts.drop(name)
    for key, meaning in work.meanings.items():
        if meaning.entity in hollow or meaning.parent in hollow:
            behaviour = "recorded" if meaning.entity in hollow else meaning.behaviour
            entity = None if meaning.entity in hollow else meaning.entity
            work.meanings[key] = Meaning(behaviour, meaning.action, entity)


def _blueprint(work: Work, name: str) -> Blueprint:
    specs, warnings = entity_specs(work.drafts, work.catalogue)
    endpoints = _endpoints(work)
    auth_actions = {
        key: meaning.action for key, meaning in work.meanings.items() if meaning.behaviour == "auth"
    }
    auth = signin.auth_spec(work.operations, auth_actions, work.facts, work.catalogue)
    acting = [
        (operation, auth_actions[operation.key])
        for operation in work.operations
        if operation.key in auth_actions
    ]
    auth = auth.model_copy(
        update={"user_fields": user_fields(auth, acting, work.drafts, work.catalogue)}
    )
    questions.ask_about_merges(work.decisions, work.drafts)
    by_path = {(each.method, each.path): each for each in endpoints}
    opened = questions.with_access(
        work.decisions,
        endpoints,
        {
            (spec.method, spec.path): operation
            for operation, spec in zip(work.operations, by_path.values(), strict=True)
        },
    )
    draft = Blueprint(
        project=project_spec(
            name=name,
            prefix=work.prefix if work.operations else DEFAULT_PREFIX,
            operations=work.operations,
            entities=specs,
            inventory=work.inventory,
        ),
        entities=specs,
        endpoints=opened,
        auth=auth,
        seeds=seed_sets(specs, work.drafts),
        externals=externals(work.facts, own_hosts=work.own_hosts),
        decisions=work.decisions.limited(),
        unresolved=[
            *questions.unresolved_facts(work.facts),
            *questions.unresolved_providers(opened),
            *questions.unresolved_paths(work.nameless),
        ],
        warnings=warnings,
    )
    return settle(draft)


def _endpoints(work: Work) -> list[EndpointSpec]:
    actions: set[str] = set()
    staff_roles = any(
        isinstance(fact.value, AuthValue)
        and {"admin", "staff"} & {role.lower() for role in fact.value.roles}
        for fact in work.facts
    )
    return [
        with_declared_keys(
            endpoint(
                operation,
                work.meanings[operation.key],
                work.catalogue,
                actions=actions,
                staff=staff_roles and "/admin/" in f"{operation.call.path}/",
            )
        )
        for operation in work.operations
    ]
