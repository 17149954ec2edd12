from __future__ import annotations

import pytest

from taishang.generation.building import build
from taishang.generation.ir import canonical
from taishang.generation.refine import apply, parse_edits
from taishang.generation.refine.consistency import problems
from tests.generation.building.facts import INVENTORY, call, listing, mock, thing

FACTS = [
    call("GET", "/api/posts", reads=listing(), line=1),
    call("POST", "/api/posts", body=thing(title="text", state="text"), line=2),
    call("GET", "/api/news", reads={"list_at": "", "keys": ["[].headline"]}, line=3),
    call("GET", "/api/articles", reads=listing(), line=4),
    call("POST", "/api/articles", body=thing(headline="text"), line=5),
    call("POST", "/api/auth/login", body=thing(email="text", password="text"), line=6),
    mock("posts", [{"id": 1, "title": "A"}]),
]
BLUEPRINT = build(inventory=INVENTORY, facts=FACTS, name="blog")
CITES = [{"file": "src/api.ts", "line": 2}]


def revised(*values: dict, by: str = "person"):
    edits, malformed = parse_edits([{"cites": CITES, **value} for value in values], by=by)
    changed, refused = apply(blueprint=BLUEPRINT, edits=edits, facts=FACTS)
    return changed, [*malformed, *refused]


def codes(refusals) -> list[str]:
    return [refusal.code for refusal in refusals]


def test_a_renamed_entity_takes_its_endpoints_and_seeds_along():
    changed, refusals = revised({"kind": "rename_entity", "entity": "Post", "name": "Story"})

    assert refusals == []
    assert {each.entity for each in changed.endpoints if "posts" in each.path} == {"Story"}
    assert [seed.entity for seed in changed.seeds] == ["Story"]
    assert problems(changed) == []


def test_a_renamed_field_keeps_its_wire_name():
    changed, _ = revised(
        {"kind": "rename_field", "entity": "Post", "field": "state", "name": "phase"}
    )

    field = next(each for each in changed.entity("Post").fields if each.name == "phase")
    assert field.wire_name == "state"


def test_types_choices_and_required_change_a_field():
    changed, refusals = revised(
        {"kind": "set_choices", "entity": "Post", "field": "state", "choices": ["draft", "live"]},
        {"kind": "set_type", "entity": "Post", "field": "title", "type": "long_text"},
        {"kind": "set_required", "entity": "Post", "field": "title", "required": False},
    )

    fields = {each.name: each for each in changed.entity("Post").fields}
    assert refusals == []
    assert (fields["state"].type, fields["state"].choices) == ("choice", ["draft", "live"])
    assert (fields["title"].type, fields["title"].required) == ("long_text", False)


def test_added_fields_and_relations_are_sound():
    changed, refusals = revised(
        {"kind": "add_field", "entity": "Post", "name": "score", "type": "integer"},
        {"kind": "add_relation", "entity": "Post", "name": "source", "target": "Article"},
    )

    assert (refusals, problems(changed)) == ([], [])
    assert "score" in [each.name for each in changed.entity("Post").fields]


def test_merged_entities_leave_one_with_both_fields():
    changed, refusals = revised({"kind": "merge_entities", "entity": "Article", "into": "Post"})

    assert refusals == []
    assert changed.entity("Article") is None
    assert {"title", "headline"} <= {each.name for each in changed.entity("Post").fields}
    assert problems(changed) == []


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ({"kind": "set_type", "entity": "Nope", "field": "x", "type": "text"}, "unknown_target"),
        ({"kind": "set_type", "entity": "Post", "field": "nope", "type": "text"}, "unknown_target"),
        ({"kind": "rename_entity", "entity": "Post", "name": "Article"}, "name_taken"),
        ({"kind": "rename_entity", "entity": "Post", "name": "User"}, "name_taken"),
        ({"kind": "rename_entity", "entity": "Post", "name": "class X: pass"}, "malformed"),
        (
            {"kind": "rename_field", "entity": "Post", "field": "title", "name": "class"},
            "inconsistent",
        ),
        (
            {"kind": "rename_field", "entity": "Post", "field": "title", "name": "objects"},
            "inconsistent",
        ),
        (
            {"kind": "set_type", "entity": "Post", "field": "title", "type": "choice"},
            "inconsistent",
        ),
        ({"kind": "add_field", "entity": "Post", "name": "title"}, "name_taken"),
        (
            {"kind": "add_relation", "entity": "Post", "name": "x", "target": "Nope"},
            "unknown_target",
        ),
        ({"kind": "add_endpoint", "path": "/x"}, "malformed"),
        (
            {"kind": "set_choices", "entity": "Post", "field": "state", "choices": ["a\nb"]},
            "malformed",
        ),
        ({"kind": "set_type", "entity": "Post", "field": "title", "type": "relation"}, "malformed"),
        ({"kind": "add_note", "key": "entity:post", "note": "x", "sql": "drop"}, "malformed"),
        ({"kind": "answer_decision", "key": "nope", "answer": "yes"}, "unknown_target"),
        ({"kind": "drop_item", "key": "endpoint:GET /nope"}, "unknown_target"),
    ],
)
def test_an_impossible_edit_is_refused_and_changes_nothing(edit, code):
    changed, refusals = revised(edit)

    assert codes(refusals) == [code]
    assert canonical(changed) == canonical(BLUEPRINT)


@pytest.mark.parametrize(
    "edit",
    [
        {"kind": "set_audience", "entity": "Post", "audience": "shared"},
        {"kind": "set_audience", "entity": "Post", "audience": "catalogue"},
        {"kind": "merge_entities", "entity": "Post", "into": "News"},
        {"kind": "open_endpoint", "key": "endpoint:GET /api/news"},
        {"kind": "drop_item", "key": "entity:post"},
        {"kind": "answer_decision", "key": "access:no-sign-in", "answer": "open"},
        {"kind": "toggle_edit", "edit": "1", "on": False},
    ],
)
def test_a_model_may_neither_widen_access_nor_drop(edit):
    changed, refusals = revised(edit, by="model")

    assert codes(refusals) == ["not_allowed"]
    assert canonical(changed) == canonical(BLUEPRINT)


def test_a_model_cannot_claim_to_be_a_person():
    _, refusals = revised(
        {"kind": "open_endpoint", "key": "endpoint:GET /api/news", "by": "person"}, by="model"
    )

    assert codes(refusals) == ["not_allowed"]


def test_a_models_edit_must_cite_a_fact_of_the_export():
    edit = {"kind": "set_required", "entity": "Post", "field": "title", "required": False}

    assert codes(revised({**edit, "cites": []}, by="model")[1]) == ["no_evidence"]
    assert codes(
        revised({**edit, "cites": [{"file": "src/api.ts", "line": 999}]}, by="model")[1]
    ) == ["no_evidence"]
    assert revised(edit, by="model")[1] == []


def test_a_person_opens_an_endpoint_and_it_says_by_which_decision():
    changed, _ = revised({"kind": "open_endpoint", "key": "endpoint:GET /api/news"})

    opened = [
        each for each in changed.endpoints if each.auth == "public" and each.behaviour == "crud"
    ]
    assert [(each.path, each.opened_by) for each in opened] == [
        ("/api/news", "access:endpoint:GET /api/news")
    ]


def test_a_dropped_entity_takes_its_endpoints_and_is_listed():
    changed, _ = revised({"kind": "drop_item", "key": "entity:post"})

    assert changed.entity("Post") is None
    assert all("posts" not in each.path for each in changed.endpoints)
    assert "entity:post" in [each.key for each in changed.unresolved]
    assert problems(changed) == []


def test_a_person_switches_an_earlier_edit_off():
    changed, refusals = revised(
        {"id": "e1", "kind": "rename_entity", "entity": "Post", "name": "Story"},
        {"kind": "toggle_edit", "edit": "e1", "on": False},
    )

    assert codes(refusals) == ["switched_off"]
    assert changed.entity("Post") is not None


def test_edits_are_checked_together_in_their_order():
    _, refusals = revised(
        {"kind": "rename_entity", "entity": "Post", "name": "Story"},
        {"kind": "rename_entity", "entity": "Article", "name": "Story"},
        {"kind": "set_required", "entity": "Post", "field": "title", "required": False},
    )

    assert [(refusal.index, refusal.code) for refusal in refusals] == [
        (1, "name_taken"),
        (2, "unknown_target"),
    ]


def test_more_edits_than_the_limit_are_not_read():
    notes = [{"kind": "add_note", "key": "entity:post", "note": "x"}] * 45

    assert codes(revised(*notes, by="model")[1]) == ["too_many"]
    assert revised(*notes)[1] == []
