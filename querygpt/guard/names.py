"""How engines compare names."""

from __future__ import annotations

from sqlglot import exp

UPPER_TO_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def lower(name: str) -> str:
    """ASCII letters alone: what looks like one of them is another name."""
    return name.translate(UPPER_TO_LOWER)


def function_name(node: exp.Anonymous) -> str:
    """The name of a call, lower-case, however it was quoted."""
    name = node.this
    return lower(name if isinstance(name, str) else name.name)


def folded(identifier: exp.Expr | None, *, dialect: str) -> str:
    """The name that an identifier stands for: as written when quoted for PostgreSQL, lower-case elsewhere."""
    if identifier is None:
        return ""
    name: str = identifier.name
    if dialect == "postgresql" and identifier.args.get("quoted"):
        return name
    return lower(name)


def key(name: str, *, dialect: str) -> str:
    """The same for a name of the catalogue."""
    return name if dialect == "postgresql" else lower(name)
