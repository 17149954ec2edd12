"""The plan as JSON: what `render` reads, what follow-ups patch, what is stored with an answer."""

from __future__ import annotations

from typing import Any

VERSION = 1


def empty_plan() -> dict[str, Any]:
    """Keys: table, measures [agg table column|product|expression label], dimensions [table column bucket],
    filters [table column op values], exists [root table negated filters], having [measure op value],
    order [by …, desc], limit, distinct, share, columns [table column], joins [ids], assumptions.
    """
    return {
        "version": VERSION, "table": "", "measures": [], "dimensions": [], "filters": [],
        "exists": [], "having": [], "order": [], "limit": None, "distinct": False, "share": False,
        "columns": [], "joins": [], "assumptions": [],
    }  # fmt: skip
