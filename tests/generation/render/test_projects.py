"""Whole projects from blueprints: they run, they are tidy, they are the same every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taishang.generation import trees
from taishang.generation.ir import Blueprint
from taishang.generation.refine import changes
from taishang.generation.refine.edits import RenameEntity, RenameField
from taishang.generation.render import render
from taishang.generation.verify import verify
from tests.generation import blueprints

ROOT = Path(__file__).parents[3]
NAMES = sorted(blueprints.ALL)


@pytest.mark.parametrize("name", NAMES)
def test_every_project_is_green(verified, name):
    found = verified(name)

    red = [(row.name, row.limit, row.log) for row in found.checks if row.state != "pass"]
    assert red == []
    assert found.green


@pytest.mark.parametrize("name", NAMES)
def test_every_call_of_the_front_end_is_answered(verified, name):
    found = verified(name)

    assert [row for row in found.replay if row.verdict in ("fail", "shape")] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_linter_and_the_formatter_have_nothing_to_say(rendered, tmp_path, name):
    trees.write(tree=rendered(name), directory=tmp_path)
    ruff = Path(sys.executable).with_name("ruff")

    for command in (["check", "--no-cache"], ["format", "--no-cache", "--check"]):
        done = subprocess.run(
            [ruff, *command, "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["camel_tasks", "hostile_names"])
def test_equal_blueprints_give_equal_bytes_everywhere(rendered, name):
    code = (
        "from tests.generation import blueprints\n"
        "from taishang.generation.render import render\n"
        "from taishang.generation.trees import tree_sha256\n"
        f"print(tree_sha256(render(blueprint=blueprints.ALL[{name!r}](), previous=None)))\n"
    )
    environment = os.environ | {
        "PYTHONHASHSEED": "4242",
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "PYTHONPATH": str(ROOT),
    }

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == trees.tree_sha256(rendered(name))


def test_nothing_of_the_export_becomes_code(rendered):
    tree = rendered("hostile_names")

    assert b"__import__" not in tree["api/actions.py"].split(b'"""', 2)[2].replace(
        b'"__import__', b""
    ).replace(b'"""POST', b"")
    assert (
        b"import os"
        not in tree["config/settings.py"].replace(b'"import os', b"").split(b"TITLE")[0]
    )


def test_an_existing_project_keeps_its_migrations_and_gets_new_ones(rendered):
    blank = rendered("blank")

    tree = render(blueprint=blueprints.camel_tasks(), previous=blank)

    old = [path for path in blank if "/migrations/0" in path]
    new = [path for path in tree if "/migrations/0" in path and path not in blank]
    assert all(tree[path] == blank[path] for path in old)
    assert len(new) == 2


def test_the_same_project_again_needs_no_migration(rendered):
    tree = rendered("camel_tasks")

    again = render(blueprint=blueprints.camel_tasks(), previous=tree)

    assert again == tree


def test_renames_keep_the_rows(rendered):
    tree = rendered("camel_tasks")
    blueprint = changes.rename_entity(
        blueprints.camel_tasks(), RenameEntity(kind="rename_entity", entity="Label", name="Tag")
    )
    field = RenameField(kind="rename_field", entity="Task", field="title", name="headline")
    blueprint = changes.rename_field(blueprint, field)

    again = render(blueprint=blueprint, previous=tree)

    (path,) = (path for path in set(again) - set(tree) if "/migrations/0" in path)
    source = again[path].decode()
    assert "RenameModel" in source
    assert "RenameField" in source
    assert "DeleteModel" not in source
    assert "RemoveField" not in source


def test_a_column_that_nothing_fills_comes_in_two_steps(rendered, tmp_path):
    tree = rendered("camel_tasks")
    blueprint = blueprints.camel_tasks()
    task = blueprint.entity("Task")
    task.fields.append(blueprints.field("task", "startsOn", "date", name="starts_on"))
    task.relations.append(blueprints.relation("task", "mainLabelId", "Label", name="main_label"))

    again = render(blueprint=blueprint, previous=tree)

    first, second = sorted(path for path in set(again) - set(tree) if "/migrations/0" in path)
    assert again[first].decode().count("null=True") == 2
    assert second.endswith("_required.py")
    assert again[second].decode().count("AlterField") == 2
    assert b"null=True" not in again[second]
    verdict = verify(blueprint=blueprint, tree=again, directory=tmp_path)
    assert [row.name for row in verdict.checks if row.state != "pass"] == []


def test_seeds_keep_their_references(rendered):
    rows = json.loads(rendered("camel_tasks")["fixtures/seed.json"])
    tasks = {row["fields"]["title"]: row for row in rows if row["model"] == "api.task"}
    attic = next(row for row in rows if row["fields"].get("name") == "Attic")

    assert tasks["Dig"]["fields"]["project"] == attic["pk"]
    assert tasks["Rest"]["fields"]["parent"] == tasks["Dig"]["pk"]
    assert tasks["Dig"]["fields"]["labels"] != []
    assert all(row["fields"]["owner"] == 1 for row in tasks.values())


def test_two_entities_may_show_each_other():
    course = blueprints.entity(
        "Course",
        fields=[blueprints.field("course", "title")],
        relations=[
            blueprints.relation("course", "lead", "Chapter", embedded=True, null=True),
        ],
    )
    chapter = blueprints.entity(
        "Chapter",
        fields=[blueprints.field("chapter", "title")],
        relations=[blueprints.relation("chapter", "course", "Course", embedded=True)],
    )
    endpoints = [
        *blueprints.crud("/api/courses/", "Course"),
        *blueprints.crud("/api/chapters/", "Chapter"),
    ]

    tree = render(blueprint=Blueprint(entities=[chapter, course], endpoints=endpoints))

    assert b"ChapterBrief" in tree["api/serializers/course.py"]
    assert b"CourseBrief" in tree["api/serializers/chapter.py"]
    assert b"/api/courses/" in tree["openapi.yaml"]


def test_a_blank_blueprint_is_a_project_with_sign_in(rendered):
    tree = rendered("blank")

    assert b"LoginView.as_view" in tree["accounts/urls.py"]
    assert b"urlpatterns = []" in tree["api/urls.py"]


def test_no_secret_stands_in_the_tree(rendered):
    for content in rendered("blank").values():
        assert b"django-insecure" not in content
    assert b"SECRET_KEY=\n" in rendered("blank")[".env.example"]


def test_opened_endpoints_carry_the_decision(rendered):
    assert b"AllowAny by decision:topics" in rendered("social_feed")["api/urls.py"]


def test_documents_say_what_needs_code_and_what_was_left_alone(rendered):
    text = rendered("camel_tasks")["FRONTEND.md"].decode()

    assert "send_report" in text
    assert "api.example.com" in text
    assert "socket: no plain HTTP call" in text


def test_an_app_label_that_clashes_is_changed():
    blueprint = Blueprint()
    blueprint.project.app_label = "django"

    assert "django_app/urls.py" in render(blueprint=blueprint, previous=None)
