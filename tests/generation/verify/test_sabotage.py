"""A view that loses its permission line or its owner filter is noticed by the project's own tests."""

from __future__ import annotations

import re

import pytest

from taishang.generation.verify import verify
from tests.generation import blueprints

LINES = [
    ("camel_tasks", "api/views/task.py", r"    permission_classes = .*\n", ""),
    ("camel_tasks", "api/views/task.py", r"\.visible_to\(self\.request\.user\)", ""),
    ("camel_tasks", "api/views/recorded.py", r"    permission_classes = .*\n", ""),
    ("camel_tasks", "api/views/project.py", r"\[IsAuthenticated\]", "[]"),
    ("social_feed", "api/views/post.py", r"\.changeable_by\(self\.request\.user\)", ""),
    ("social_feed", "api/views/topic.py", r", StaffWrites", ""),
    ("camel_tasks", "accounts/views.py", r"    permission_classes = \[IsAuthenticated\]\n", ""),
]


@pytest.mark.parametrize(("name", "path", "line", "instead"), LINES)
def test_sabotage_turns_a_generated_test_red(rendered, tmp_path, name, path, line, instead):
    source = rendered(name)[path].decode()
    broken = re.sub(line, instead, source, count=1)
    assert broken != source

    tree = rendered(name) | {path: broken.encode()}
    found = verify(blueprint=blueprints.ALL[name](), tree=tree, directory=tmp_path)

    assert any(test.result == "fail" for test in found.tests)
    assert not found.green


def test_replay_and_isolation_notice_an_open_view_too(rendered, tmp_path):
    tree = dict(rendered("camel_tasks"))
    tree["api/views/task.py"] = tree["api/views/task.py"].replace(
        b".visible_to(self.request.user)", b""
    )

    found = verify(blueprint=blueprints.camel_tasks(), tree=tree, directory=tmp_path)

    assert found.check("isolation").state == "fail"
    assert "endpoint:GET /v1/tasks/{taskId}" in found.check("isolation").items
