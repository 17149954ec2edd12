from __future__ import annotations

import pytest

from taishang.generation.ir import (
    Blueprint,
    EndpointSpec,
    EntitySpec,
    Evidence,
    External,
    FieldSpec,
    RelationSpec,
)
from taishang.generation.scoring import name_key, path_key, score
from tests.generation.fixture_exports import blueprint_of, fixture, truth

FIXTURES = ("task_board", "team_notes", "corner_shop")


@pytest.mark.parametrize("name", FIXTURES)
def test_the_fixture_reaches_the_measures_it_is_held_to(name):
    found = score(blueprint=blueprint_of(fixture(name)), truth=truth(name))

    assert (found["endpoints"]["missed"], found["endpoints"]["extra"]) == ([], [])
    assert (found["entities"]["missed"], found["entities"]["extra"]) == ([], [])
    assert found["fields"]["missed"] == []
    assert found["types"]["wrong"] == []
    assert found["relations"]["missed"] == []
    assert found["auth"]["wrong"] == []
    assert found["externals"]["missed"] == []
    assert found["externals"]["turned_into_endpoints"] == []


def test_every_store_method_is_mapped_and_every_mock_row_seeded():
    found = score(blueprint=blueprint_of(fixture("task_board")), truth=truth("task_board"))

    assert found["store_methods"]["missed"] == []
    assert found["mock_rows"]["recall"] == 1.0


def made(**more: object) -> Blueprint:
    field = FieldSpec(key="f", name="due", wire_name="dueDate", type="text")
    relation = RelationSpec(key="r", name="list", wire_name="listId", kind="fk", target="TodoList")
    entity = EntitySpec(
        key="e",
        name="TodoItem",
        plural="todo_items",
        wire_name="todo",
        fields=[field],
        relations=[relation],
    )
    endpoint = EndpointSpec(key="p", method="GET", path="/api/todos/{todo_id}/", action="retrieve")
    external = External(key="x", method="GET", host="a.example", path="/b", evidence=Evidence())
    return Blueprint(entities=[entity], endpoints=[endpoint], externals=[external]).model_copy(
        update=more
    )


def test_paths_compare_without_base_query_and_parameter_names():
    assert path_key("https://x.example/api/posts/:id?x=1#y") == path_key("/api/posts/{postId}/")
    assert path_key("/api/posts/[id]") != path_key("/api/posts")


def test_names_compare_without_case_separators_and_plural():
    assert name_key("blog-Posts") == name_key("BlogPost") == name_key("blog_post")
    assert name_key("Categories") == name_key("category")
    assert name_key("address") != name_key("addre")


def test_missed_and_invented_endpoints_lower_the_measure():
    found = score(
        blueprint=made(), truth={"endpoints": [{"method": "POST", "path": "/api/todos/"}]}
    )

    assert (found["endpoints"]["recall"], found["endpoints"]["precision"]) == (0.0, 0.0)
    assert found["endpoints"]["missed"] == ["POST /api/todos"]
    assert found["endpoints"]["extra"] == ["GET /api/todos/{}"]


def test_a_field_of_another_type_counts_as_wrong():
    stated = {
        "entities": [
            {"name": "Todo", "fields": {"due_date": "date"}, "relations": [{"target": "Tag"}]}
        ]
    }
    found = score(blueprint=made(), truth=stated)

    assert found["entities"]["recall"] == 1.0
    assert found["types"]["wrong"] == ["Todo.due_date: text instead of date"]
    assert found["relations"]["missed"] == ["Todo → tag"]


def test_an_endpoint_that_is_open_against_the_truth_is_wrong():
    stated = {"endpoints": [{"method": "GET", "path": "/api/todos/{id}", "auth": "public"}]}

    assert score(blueprint=made(), truth=stated)["auth"]["accuracy"] == 0.0


def test_a_foreign_call_that_became_an_endpoint_is_named():
    stated = {"externals": [{"method": "GET", "host": "a.example", "path": "/api/todos/{x}"}]}
    found = score(blueprint=made(), truth=stated)["externals"]

    assert (found["recall"], found["turned_into_endpoints"]) == (1.0, ["p"])


@pytest.mark.parametrize("name", FIXTURES)
def test_every_item_opens_a_line_that_contains_its_excerpt_or_names_its_rule(name):
    files = fixture(name)
    blueprint = blueprint_of(files)
    items = [*blueprint.endpoints, *blueprint.seeds]
    items += [item for entity in blueprint.entities for item in (entity, *entity.members)]

    for item in items:
        assert item.evidence.places or item.evidence.rule, item.key
        for place in item.evidence.places:
            assert place.excerpt in files[place.file].split("\n")[place.line - 1]
