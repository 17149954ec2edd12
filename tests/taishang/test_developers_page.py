"""The page for those who write programs."""

import json
import re
import subprocess
from html import unescape

import pytest
from django.utils.html import strip_tags

from accounts import tenancy
from taishang.models import Model
from taishang.views import snippets
from tests import factories
from tests.taishang.openai.conftest import mint

pytestmark = pytest.mark.django_db
PAGE = "/developers/"


def connect(person, name, kind="chat", **values):
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        return Model.objects.create(
            name=name,
            model_id=name,
            provider="echo",
            kind=kind,
            scope="workspace",
            workspace_id=person.workspace.id,
            **values,
        )


def read(person, query=""):
    response = person.get(PAGE + query, headers={"Accept-Language": "en"})
    assert response.status_code == 200
    return response.content.decode()


def words(page):
    return unescape(strip_tags(page))


def test_without_key_and_model_it_says_what_to_do(alice):
    page = read(alice)

    assert "/api/openai/v1" in page
    assert 'href="/security/"' in page
    assert "OpenAI(" not in strip_tags(page)


def test_programs_name_the_model_and_never_the_key(alice):
    connect(alice, "clerk")
    key = mint(alice, "model.use")

    page = read(alice)

    text = strip_tags(page)
    assert key not in page
    assert key[:12] in page
    assert snippets.KEY_VARIABLE in page
    assert "clerk" in text
    assert "chat/completions" in text


def test_another_model_may_be_chosen_and_an_unknown_one_is_ignored(alice):
    connect(alice, "clerk")
    connect(alice, "writer")

    assert 'model="writer"' in words(read(alice, "?model=writer"))
    assert 'model="clerk"' in words(read(alice, "?model=nobody"))


def test_vectors_are_shown_where_a_model_makes_them(alice):
    assert "embed.sh" not in read(alice)
    connect(alice, "e5", "embedding", embedding_dimension=3)

    assert "embed.sh" in read(alice)


def test_keys_of_others_and_keys_without_the_right_are_not_shown(alice, bob):
    theirs, other = mint(bob, "model.use"), mint(alice, "task.view")

    page = read(alice)

    assert theirs[:12] not in page
    assert other[:12] not in page


def test_who_may_not_use_models_does_not_get_there(alice):
    viewer = factories.colleague("vera", of=alice, role="viewer")

    assert viewer.get(PAGE).status_code in {403, 404}


HOSTILE = "a'b\"c`$(touch x)\n</script>{{x}}\\"


def test_a_name_cannot_break_out_of_a_program():
    """Python reads its program, a shell its command, whatever the model is called."""
    curl, python, javascript = snippets.chat("http://x/v1", HOSTILE, "Say 'hello'")

    compile(python.text, "ask.py", "exec")
    assert json.dumps(HOSTILE, ensure_ascii=False) in javascript.text
    echo = re.sub(r"^curl.*?-d ", "printf %s ", curl.text, flags=re.DOTALL)
    said = subprocess.run(["sh", "-c", echo], capture_output=True, text=True, check=True).stdout
    assert json.loads(said)["model"] == HOSTILE
    assert "</script>" not in curl.html
