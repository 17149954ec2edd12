"""Say of every rendered file which rule wrote it and whose words it holds."""

from __future__ import annotations

from taishang.generation.ir import Blueprint, FileOrigin, Origins
from taishang.generation.render import planning, writing_account_tests, writing_tests
from taishang.generation.render.plan import Model, Plan, Route
from taishang.generation.trees import Tree

TESTS = "tests"


def origins(*, blueprint: Blueprint, tree: Tree) -> Origins:
    """Origins of the files in `tree` that `render` wrote for `blueprint`; others are left out."""
    plan = planning.plan(blueprint)
    found = Origins()
    owned = _model_files(plan) | _shared_files(plan)
    for path in sorted(tree):
        if path in owned:
            found.files[path] = owned[path]
        elif "/migrations/0" in path:
            found.files[path] = FileOrigin(rule="migration", items=_migration_items(plan, path))
        else:
            found.files[path] = FileOrigin(rule="template")
    for route in plan.routes:
        found.views[route.spec.key] = _view(plan, route)
    found.tests = _tests(plan)
    return found


def _model_files(plan: Plan) -> dict[str, FileOrigin]:
    owned: dict[str, FileOrigin] = {}
    for model in plan.models:
        keys = _model_keys(model)
        calls = sorted(route.spec.key for route in plan.routes_of(model))
        for folder in ("models", "serializers", "serializers/briefs", "filters"):
            owned[f"{plan.app}/{folder}/{model.module}.py"] = FileOrigin(
                rule=folder.partition("/")[0], items=keys
            )
        for folder, name in (("views", model.module), (TESTS, f"test_{model.module}")):
            items = sorted({model.spec.key, *calls})
            owned[f"{plan.app}/{folder}/{name}.py"] = FileOrigin(rule=folder, items=items)
    return owned


def _model_keys(model: Model) -> list[str]:
    columns = [column.spec.key for column in model.columns]
    return sorted({model.spec.key, *columns, *(link.spec.key for link in model.links)})


def _shared_files(plan: Plan) -> dict[str, FileOrigin]:
    app = plan.app
    recorded = sorted(route.spec.key for route in plan.routes if route.home == "recorded")
    accounts = sorted(route.spec.key for route in plan.routes if route.home == "accounts")
    api = sorted(route.spec.key for route in plan.routes if route.home != "accounts")
    seeds = sorted(seed.key for seed in plan.blueprint.seeds)
    models = sorted(model.spec.key for model in plan.models)
    every = sorted({*accounts, *api})
    table = {
        f"{app}/actions.py": ("actions", recorded),
        f"{app}/views/recorded.py": ("views", recorded),
        f"{app}/serializers/recorded.py": ("serializers", recorded),
        f"{app}/tests/test_recorded.py": (TESTS, recorded),
        f"{app}/urls.py": ("routes", api),
        "accounts/urls.py": ("routes", accounts),
        "accounts/serializers.py": ("accounts", accounts),
        "accounts/tests/test_accounts.py": (TESTS, accounts),
        f"{app}/models/__init__.py": ("models", models),
        f"{app}/tests/factories.py": (TESTS, models),
        "fixtures/seed.json": ("seeds", seeds),
        "openapi.yaml": ("schema", every),
        "FRONTEND.md": ("documents", every),
    }
    return {path: FileOrigin(rule=rule, items=items) for path, (rule, items) in table.items()}


def _migration_items(plan: Plan, path: str) -> list[str]:
    if path.startswith("accounts/"):
        return []
    return sorted(model.spec.key for model in plan.models)


def _view(plan: Plan, route: Route) -> str:
    if route.home == "accounts":
        return f"accounts.views.{route.view}"
    if route.home == "recorded" or route.model is None:
        return f"{plan.app}.views.recorded.{route.view}"
    return f"{plan.app}.views.{route.model.module}.{route.view}.{route.action}"


def _tests(plan: Plan) -> dict[str, str]:
    """Beginning of a test's dotted name to the endpoint that it covers."""
    found: dict[str, str] = {}
    for model in plan.models:
        module = f"{plan.app}.tests.test_{model.module}.{model.class_name}Tests.test_"
        routes = plan.routes_of(model)
        for route, name in zip(routes, writing_tests.route_names(routes), strict=True):
            found[f"{module}{name}_"] = route.spec.key
    for route in plan.routes:
        if route.home == "recorded":
            module = f"{plan.app}.tests.test_recorded.RecordedTests.test_"
            found[f"{module}{route.action}_"] = route.spec.key
        elif route.home == "accounts":
            module = "accounts.tests.test_accounts.AccountTests.test_"
            found[f"{module}{writing_account_tests.route_name(route)}_"] = route.spec.key
    return found
