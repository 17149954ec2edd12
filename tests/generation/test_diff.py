"""The diff document, its patch and its hashes."""

from __future__ import annotations

import json
import shutil
import subprocess

import jsonschema
import pytest
from unidiff import PatchSet

from taishang.generation import patching, trees
from taishang.generation.diff import Context, diff, diff_sha256, with_hunks
from taishang.generation.diff_schema import SCHEMA
from taishang.generation.ir import Verification
from taishang.generation.render import origins
from tests.generation import blueprints

BASE = {"a.py": b"one\ntwo\nthree\n", "gone.py": b"x\n", "end": b"no newline", "same": b"s\n"}
TREE = {
    "a.py": b"one\n2\nthree\n",
    "end": b"no newline\nat all",
    "same": b"s\n",
    "new/\xe4 b.py".encode("latin-1").decode("latin-1"): b"fresh\n",
    "empty.py": b"",
}


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(("base", "tree"), [(BASE, TREE), ({}, TREE), (TREE, BASE)])
def test_git_applies_the_patch_and_gets_the_tree(tmp_path, base, tree):
    trees.write(tree=base, directory=tmp_path)
    git(tmp_path, "init", "-q")
    (tmp_path / ".git" / "p").write_bytes(patching.patch(base=base, tree=tree))

    git(tmp_path, "apply", "--whitespace=nowarn", ".git/p")

    found = {
        str(path.relative_to(tmp_path)): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(tmp_path).parts
    }
    assert trees.tree_sha256(found) == trees.tree_sha256(tree)


def test_an_independent_reader_understands_the_patch():
    found = PatchSet(patching.patch(base=BASE, tree={"a.py": TREE["a.py"]}).decode())

    assert {file.path for file in found} == {"a.py", "end", "gone.py", "same"}


def test_hunks_are_found_by_path():
    whole = patching.patch(base=BASE, tree=TREE)

    found = patching.by_path(whole)

    assert found["a.py"].startswith("@@ -1,3 +1,3 @@")
    assert "\\ No newline at end of file" in found["end"]
    assert len(found) == 5


def test_the_tree_hash_is_the_documented_one():
    content = trees.sha256(b"x")
    whole = trees.sha256(f"a\x00100644\x00{content}\n".encode())

    assert trees.tree_sha256({"a": b"x"}) == whole


@pytest.fixture
def document(rendered, verified):
    blueprint = blueprints.camel_tasks()
    tree = rendered("camel_tasks")
    return diff(
        base=rendered("blank"),
        tree=tree,
        blueprint=blueprint,
        verification=verified("camel_tasks"),
        origins=origins(blueprint=blueprint, tree=tree),
        context=Context(job={"id": 7}),
    )


def test_every_file_says_why_it_changed(document):
    files = document.document["files"]

    assert all(file["op"] in ("add", "modify", "delete") for file in files)
    assert all(file["generator_rule"] for file in files)
    risks = {file["path"]: file["risk"] for file in files}
    assert risks["api/actions.py"] == "logic-missing"
    assert risks["accounts/views.py"] == "security"


def test_required_paths_exist(document, rendered):
    tree = rendered("camel_tasks")
    requires = {path for file in document.document["files"] for path in file["requires"]}

    assert requires <= set(tree)
    task = next(f for f in document.document["files"] if f["path"] == "api/views/task.py")
    assert "api/models/__init__.py" in task["requires"]


def test_tests_name_the_endpoint_they_cover(document):
    covered = {key for test in document.document["tests"] for key in test["covers"]}
    keys = {endpoint["key"] for endpoint in document.document["endpoints"]}

    assert covered <= keys
    assert len(keys - covered) <= 1


def test_keys_are_unique_and_the_document_is_json(document):
    keys = [endpoint["key"] for endpoint in document.document["endpoints"]]

    assert len(keys) == len(set(keys))
    assert json.loads(json.dumps(document.document))["schema"] == "gen.diff/1"


def test_the_hash_leaves_out_the_job_and_the_target(document):
    other = document.document | {"job": {"id": 8}}
    other["base"] = document.document["base"] | {"target": "elsewhere"}

    assert diff_sha256(other) == diff_sha256(document.document)
    assert diff_sha256(other | {"files": []}) != diff_sha256(document.document)


def test_hunks_are_merged_in_on_request(document):
    whole = with_hunks(document.document, document.patch)

    assert all(file["hunks"].startswith("@@") for file in whole["files"] if file["op"] == "modify")


def test_an_unverified_tree_has_a_diff_too(rendered):
    blueprint = blueprints.camel_tasks()
    tree = rendered("camel_tasks")
    found = diff(
        base={}, tree=tree, blueprint=blueprint, verification=Verification(),
        origins=origins(blueprint=blueprint, tree=tree),
    )  # fmt: skip

    assert found.document["tests"] == []


def test_the_document_keeps_to_its_schema(document):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    jsonschema.validate(document.document, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document.document | {"files": [{"path": 1}]}, SCHEMA)
