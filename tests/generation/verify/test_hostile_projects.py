"""Project content that misbehaves is stopped, and the check that ran says which limit stopped it."""

from __future__ import annotations

import pytest

from laojun import cage
from taishang.generation.ir import Blueprint
from taishang.generation.verify import verify

LIMITS = cage.Limits(cpu_seconds=4, wall_seconds=20.0)
HOSTILE = {
    "endless": ("while True:\n    pass\n", {"cpu", "wall"}),
    "fork": ("import os\nos.fork()\n", {"processes"}),
    "shell": ("import subprocess\nsubprocess.run(['/bin/true'])\n", {"processes"}),
    "memory": ("x = 'x' * 10**10\n", {"memory"}),
    "big_file": ("f = open('/tmp/../tmp/x', 'wb')\n", None),
    "socket": ("import socket\nsocket.create_connection(('127.0.0.1', 80))\n", {"network"}),
    "talk": ("while True:\n    print('x' * 10000)\n", {"output"}),
}


@pytest.mark.parametrize("name", ["endless", "fork", "shell", "memory", "socket", "talk"])
def test_a_hostile_module_fails_its_check_with_the_limit_named(rendered, tmp_path, name):
    source, limits = HOSTILE[name]
    tree = rendered("blank") | {"api/urls.py": source.encode() + b"urlpatterns = []\n"}

    found = verify(blueprint=Blueprint(), tree=tree, directory=tmp_path, limits=LIMITS)

    assert not found.green
    assert {row.limit for row in found.checks if row.state == "fail"} <= limits | {None}
    assert found.limit in limits


def test_a_file_beyond_the_limit_is_named(rendered, tmp_path):
    source = (
        b"with open('big', 'wb') as f:\n    for _ in range(100):\n        f.write(b'x' * 10**6)\n"
    )
    tree = rendered("blank") | {"api/urls.py": source + b"urlpatterns = []\n"}

    found = verify(blueprint=Blueprint(), tree=tree, directory=tmp_path, limits=LIMITS)

    assert found.limit == "file_size"


def test_a_syntax_error_is_the_compile_check(rendered, tmp_path):
    tree = rendered("blank") | {"api/urls.py": b"def (:\n"}

    found = verify(blueprint=Blueprint(), tree=tree, directory=tmp_path)

    assert found.check("compile").state == "fail"
    assert found.check("replay").state == "skipped"


def test_a_model_without_its_migration_is_red(rendered, tmp_path):
    tree = dict(rendered("camel_tasks"))
    tree["api/models/label.py"] = tree["api/models/label.py"].replace(
        b"class Meta:", b"extra = models.TextField(default='')\n\n    class Meta:", 1
    )

    found = verify(blueprint=Blueprint(), tree=tree, directory=tmp_path)

    assert found.check("makemigrations").state == "fail"
