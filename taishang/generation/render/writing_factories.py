"""Write the rows that tests start from."""

from __future__ import annotations

from taishang.generation.render import layout
from taishang.generation.render.naming import literal
from taishang.generation.render.plan import Column, Link, Model, Plan
from taishang.generation.render.samples import stored
from taishang.generation.render.writing_accounts import sign_in_name


def factories(plan: Plan) -> str:
    login = sign_in_name(plan)
    address = (
        'f"{name}{next(serial)}@example.com"' if login == "email" else 'f"{name}{next(serial)}"'
    )
    lines = ["serial = itertools.count(1)", "", "", "def make_user(name, **values):"]
    lines += [f"    return User.objects.create_user({address}, **values)"]
    for model in plan.models:
        lines += ["", "", *_factory(plan, model)]
    source = "\n".join(lines)
    head = ['"""Rows for tests."""', "", "import itertools"]
    head += ["import uuid"] if "uuid." in source else []
    head += ["", "from accounts.models import User"]
    if plan.models:
        head += layout.imported(f"{plan.app}.models", [model.class_name for model in plan.models])
    return "\n".join([*head, "", source, ""])


def _factory(plan: Plan, model: Model) -> list[str]:
    pairs = [f"{literal(model.owner)}: owner"] if model.owner else []
    lines = [f"def make_{model.module}(owner, **values):"]
    needed = [link for link in model.links if needs_row(model, link)]
    for link in needed:
        target = plan.model_named(link.target)
        maker = f"make_{target.module}(owner)" if target else "owner"
        lines += [f"    if {literal(link.name)} not in values:"]
        lines += [f"        values[{literal(link.name)}] = {maker}"]
    for column in model.columns:
        if must_fill(column):
            pairs.append(f"{literal(column.name)}: {stored(column)}")
    if any("number" in pair.split(":", 1)[1] for pair in pairs):
        lines.append("    number = next(serial)")
    lines += layout.lines(f"row = {{{', '.join(pairs)}}}", depth=1)
    return [*lines, f"    return {model.class_name}.objects.create(**(row | values))"]


def needs_row(model: Model, link: Link) -> bool:
    """A relation that a row cannot do without, the owner aside."""
    return link.kind != "m2m" and not link.null and link.name != model.owner


def must_fill(column: Column) -> bool:
    return (
        not column.managed and not column.has_default and not column.null and column.type != "json"
    )
