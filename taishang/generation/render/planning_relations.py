"""Settle relations: rows that can be created, reverse names that clash with nothing."""

from __future__ import annotations

from taishang.generation.render.naming import identifier
from taishang.generation.render.plan import Model


def break_cycles(found: list[Model]) -> None:
    """A row must be creatable: of a ring of required relations the closing one may stay empty."""
    order = {model.class_name: index for index, model in enumerate(found)}
    required: dict[str, set[str]] = {model.class_name: set() for model in found}
    for model in found:
        for link in model.links:
            if link.kind == "m2m" or link.null or link.target not in order:
                continue
            if link.target == model.class_name or _reaches(required, link.target, model.class_name):
                link.null, link.required = True, False
            else:
                required[model.class_name].add(link.target)


def _reaches(edges: dict[str, set[str]], start: str, goal: str) -> bool:
    waiting, seen = [start], set()
    while waiting:
        here = waiting.pop()
        if here == goal:
            return True
        if here not in seen:
            seen.add(here)
            waiting += sorted(edges.get(here, ()))
    return False


def settle_related_names(found: list[Model]) -> None:
    """Reverse names that clash with nothing on the model they land on."""
    taken: dict[str, set[str]] = {
        model.class_name: {column.name for column in model.columns}
        | {link.name for link in model.links}
        | {toggle.users for toggle in model.toggles if toggle.users}
        for model in found
    }
    for model in found:
        for link in model.links:
            if link.target == "User":
                link.related_name = "+"
                continue
            wish = link.related_name if link.related_name not in ("", "+") else model.many
            names = taken[link.target]
            name = identifier(wish, kind="rows")
            if name in names:
                name = identifier(f"{link.name}_{model.many}", kind="rows", taken=names)
            names.add(name)
            link.related_name = name
