"""The codes of refusals: each one that the code names is registered, each one registered is used and explained."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from accounts.registry import problems
from taishang.providers.errors import ErrorClass

APPS = ("accounts", "laojun", "taishang", "querygpt", "studio")
# Where codes are declared: a name there is no use of it.
DECLARING = {"problems.py", "declarations.py", "declarations"}
LANGUAGES = ("zh-hans", "en")


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for app in APPS:
        for file in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            if "migrations" not in file.parts and "inside" not in file.parts:
                yield file, ast.parse(file.read_text())


def named_codes() -> Iterator[tuple[str, str]]:
    """Codes that are raised: the first argument of `Refused`, and `Invalid(code=…)`."""
    for file, tree in modules():
        if not any(_from_the_kit(node) for node in tree.body):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in {"Refused", "Invalid"}:
                wanted = node.args[:1] if _name(node.func) == "Refused" else []
                wanted += [word.value for word in node.keywords if word.arg == "code"]
                for one in wanted:
                    for text in _texts(one):
                        yield text, f"{file.name}:{node.lineno}"


def _from_the_kit(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "accounts.web.problems"


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def literals() -> set[str]:
    found: set[str] = set()
    for file, tree in modules():
        declared = DECLARING & {file.name, file.parent.name}
        for node in ast.walk(tree):
            if declared and isinstance(node, ast.Tuple):
                for part in node.elts[:1]:
                    if isinstance(part, ast.Constant):
                        part.value = None
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_every_code_that_is_raised_is_registered():
    assert [(code, place) for code, place in named_codes() if code not in problems] == []


def test_every_registered_code_is_used():
    # What a provider may answer is a closed list of classes; the code is made of its class.
    used = literals() | {f"provider_{one}" for one in ErrorClass}

    assert sorted(code for code in problems if code not in used) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_page_in_both_languages(language):
    client = Client(headers={"Accept-Language": language})
    for code, problem in problems.items():
        response = client.get(f"/problems/{code}/")
        with translation.override(language):
            text = response.content.decode()
            assert response.status_code == 200
            assert code in text
            assert str(problem.title) in _plain(text), code


def _plain(text: str) -> str:
    return text.replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")


def test_no_title_or_remedy_is_left_in_english():
    left = []
    for code, problem in problems.items():
        with translation.override("en"):
            english = str(problem.title), str(problem.remedy)
        with translation.override("zh-hans"):
            chinese = str(problem.title), str(problem.remedy)
        left += [code for one, other in zip(english, chinese, strict=True) if one == other]
    assert left == []
