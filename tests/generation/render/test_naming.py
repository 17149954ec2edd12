"""The two doors through which words of an export enter code."""

from __future__ import annotations

import ast
import keyword

import pytest

from taishang.generation.render import layout
from taishang.generation.render.allowlist import RenderUnsafe, inspect
from taishang.generation.render.naming import class_name, identifier, inside_docstring, literal
from tests.generation.blueprints import HOSTILE


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_reads_back_as_itself(text):
    assert ast.literal_eval(literal(text)) == text
    assert len(literal(text).splitlines()) == 1


def test_literals_of_nested_values_read_back():
    value = {"a": [1, 2.5, None, True, "it's"], "b": {"c": ("x",)}}

    assert ast.literal_eval(literal(value)) == value


@pytest.mark.parametrize("text", HOSTILE)
def test_identifiers_are_always_valid_and_free_of_clashes(text):
    for name in (identifier(text), class_name(text)):
        assert name.isidentifier()
        assert name.isascii()
        assert not keyword.iskeyword(name)
        assert not name.startswith("_")
        assert "__" not in name
        assert not name.endswith("_")
        assert len(name) < 64


def test_identifiers_are_told_apart():
    assert identifier("a b", taken=["a_b"]) == "a_b_2"
    assert class_name("post", taken=["Post"]) == "Post2"


@pytest.mark.parametrize("name", ["objects", "pk", "save", "class", "check", "models"])
def test_names_of_the_framework_are_avoided(name):
    assert identifier(name) == f"{name}_field"


def test_a_docstring_cannot_be_ended():
    assert '"' not in inside_docstring('"""\nimport os\n"""')
    assert "\\" not in inside_docstring("\\")


@pytest.mark.parametrize(
    "source",
    [
        "import os\n",
        "from subprocess import run\n",
        "from django.db import *\n",
        "eval('1')\n",
        "x = ().__class__\n",
        "__builtins__\n",
        "open('x')\n",
        "def f(:\n",
    ],
)
def test_what_is_never_written_is_refused(source):
    with pytest.raises(RenderUnsafe):
        inspect(path="api/models/post.py", source=source.encode(), app="api")


def test_long_statements_break_as_the_formatter_breaks_them():
    source = "found = call(a_first_argument_of_some_length, another_argument_of_some_length, one=1, two=2)"

    assert layout.lines(source) == [
        "found = call(",
        "    a_first_argument_of_some_length, another_argument_of_some_length, one=1, two=2",
        ")",
    ]
