"""The platform's own agents as rows: one for each recipe and language, made where there is none."""

from __future__ import annotations

from typing import Any

from accounts import tenancy
from studio.agents import builtin
from studio.agents.builtin import Recipe
from studio.models import Agent, AgentVersion


def after_migrate(*, using: str, **_: Any) -> None:
    """What operators wrote stays; their texts are found again by key and language."""
    if using != "owner":
        return
    with tenancy.migration_scope(using):
        rows = Agent.objects.using(using)
        known = set(rows.filter(is_builtin=True).values_list("subcategory", flat=True))
        for recipe in builtin.RECIPES:
            for language in builtin.LANGUAGES:
                if key(recipe.key, language) not in known:
                    _made(recipe, language, using)


def key(recipe: str, language: str) -> str:
    """How a row of the platform says which recipe it is, and in which language."""
    return f"{recipe}.{language}"


def _made(recipe: Recipe, language: str, using: str) -> None:
    words = builtin.wording(recipe.key, language)
    frozen = {
        "system_prompt": words.prompt,
        "behavior": {**recipe.behavior},
        "context_policy": list(recipe.parts),
        "output_mode": recipe.output_mode,
    }
    agent = Agent.objects.using(using).create(
        name=words.name,
        description=words.description,
        category=recipe.category,
        subcategory=key(recipe.key, language),
        is_builtin=True,
        is_official=True,
        is_public=True,
        **frozen,
    )
    AgentVersion.objects.using(using).create(agent=agent, version=1, **frozen)
