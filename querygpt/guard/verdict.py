"""What the guard says of a statement, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass

RULES = (
    "empty",
    "too_long",
    "too_deep",
    "bad_text",
    "unparseable",
    "multiple_statements",
    "executable_comment",
    "not_a_query",
    "node_not_allowed",
    "write_inside",
    "locking",
    "into",
    "variable",
    "function_forbidden",
    "function_unknown",
    "table_function",
    "relation_system",
    "relation_unknown",
    "relation_denied",
    "column_unknown",
    "column_denied",
    "type_forbidden",
    "operator_forbidden",
    "rendering",
    "second_parser",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sql` is what may be executed, empty when refused. `rule` is one of RULES, or empty when allowed.

    `relations` are names as `schema.table` or `table`, `columns` as `table.column` where the table is known, else as
    `column`; `functions` are lower-case. All three are sorted and empty when refused.
    """

    allowed: bool
    rule: str = ""
    detail: str = ""
    sql: str = ""
    relations: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


class Refused(Exception):
    """The statement breaks `rule`; `detail` names the offending word, in English."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail


def refuse(rule: str, detail: str) -> None:
    """Raises Refused. Every refusal of the guard passes here."""
    raise Refused(rule, detail)
