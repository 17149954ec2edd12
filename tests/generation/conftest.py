"""Rendered projects, made once per session: rendering and verifying cost a Django start each."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from taishang.generation.ir import Verification
from taishang.generation.render import render
from taishang.generation.trees import Tree
from taishang.generation.verify import verify
from tests.generation import blueprints


@pytest.fixture(scope="session")
def rendered() -> Callable[[str], Tree]:
    """The tree of a blueprint of `blueprints.ALL`, by name."""

    @cache
    def tree(name: str) -> Tree:
        return render(blueprint=blueprints.ALL[name](), previous=None)

    return tree


@pytest.fixture(scope="session")
def verified(rendered, tmp_path_factory) -> Callable[[str], Verification]:
    """The verdict over that tree."""

    @cache
    def verdict(name: str) -> Verification:
        folder = tmp_path_factory.mktemp(name)
        return verify(blueprint=blueprints.ALL[name](), tree=rendered(name), directory=folder)

    return verdict
