"""Blueprint in, Django project out: a tree of paths and bytes, the same bytes every time."""

from __future__ import annotations

from taishang.generation.ir import Blueprint
from taishang.generation.render import (
    allowlist,
    drafting,
    planning,
    seeds,
    writing_account_tests,
    writing_accounts,
    writing_models,
    writing_project,
    writing_serializers,
    writing_tests,
    writing_views,
)
from taishang.generation.render.plan import Plan
from taishang.generation.trees import Tree


def render(*, blueprint: Blueprint, previous: Tree | None = None) -> Tree:
    """The whole project for `blueprint`. On an existing project its migrations stay, new ones are added.

    Raises RenderUnsafe when a module holds what is never written, DraftingFailed when the project does
    not start. Cost: one caged Django process.
    """
    plan = planning.plan(blueprint)
    tree = sources(plan)
    tree |= kept_migrations(previous or {}, plan.app)
    check(tree, plan.app)
    drafted = drafting.complete(tree=tree, app=plan.app, renames=plan.renames)
    check(drafted, plan.app)
    return dict(sorted((tree | drafted).items()))


def sources(plan: Plan) -> Tree:
    """Everything but migrations and the schema, without running anything."""
    written: dict[str, str] = {}
    for part in (
        writing_models,
        writing_serializers,
        writing_views,
        writing_accounts,
        writing_tests,
        writing_account_tests,
    ):
        written |= part.modules(plan)
    written |= writing_project.modules(plan, written)
    written |= writing_project.documents(plan)
    tree = {path: text.encode("utf-8") for path, text in written.items()}
    tree["fixtures/seed.json"] = seeds.fixture(plan)
    return tree


def kept_migrations(previous: Tree, app: str) -> Tree:
    folders = ("accounts/migrations/", f"{app}/migrations/")
    return {
        path: content
        for path, content in previous.items()
        if path.startswith(folders) and path.endswith(".py")
    }


def check(tree: Tree, app: str) -> None:
    for path, content in tree.items():
        if path.endswith(".py"):
            allowlist.inspect(path=path, source=content, app=app)
