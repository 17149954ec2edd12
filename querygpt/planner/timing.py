"""Which column holds the time of a row, and which range of it is meant."""

from __future__ import annotations

from typing import Any

from querygpt.planner import joins
from querygpt.planner.asking import SeveralTimes, Unclear
from querygpt.planner.drafts import Draft
from querygpt.planner.facts import concept
from querygpt.planner.linking import Token
from querygpt.planner.normalising import key, name_words
from querygpt.planner.times import Period


class Timed(Draft):
    """Periods."""

    def _periods(self) -> None:
        periods = self.asked.periods
        if not periods:
            return
        hint = next((one for _, one in periods if one is not None), None)
        holder = self._period_holder()
        table, column = (
            self._hinted(hint, holder)
            if hint
            else self._time_place(
                holder, periods[0][0].period.grain if periods[0][0].period else ""
            )
        )
        ranges = [self._range(table, column, token.period) for token, _ in periods if token.period]
        if len(ranges) == 1:
            found = {"table": table, "column": column, "op": "during", "values": ranges[0]}
        else:
            found = {"table": table, "column": column, "op": "during_any", "values": ranges}
        if (
            not self.asked.exists
            and self.plan["table"]
            and joins.ways(self.facts, self.plan["table"], table)
        ):
            self.plan["filters"].append(found)
        else:
            self._filter(found)

    def _period_holder(self) -> str:
        for token, _ in self.asked.exists:
            table = self.chooser.table(token)
            if self.facts.times(table):
                return table
        base: str = self.plan["table"]
        implied = [table for table, negated, _ in self.exists if not negated and self._dated(table)]
        if implied and self.asked.subjects:
            return implied[0]
        if not self._dated(base):
            for table, _, _ in self.exists:
                if self._dated(table):
                    return table
        return base

    def _dated(self, table: str) -> list[str]:
        return self.facts.times(table) or self.facts.years(table)

    def _hinted(self, hint: Token, holder: str) -> tuple[str, str]:
        ref = self.chooser.ref(
            hint,
            lambda one: (
                one.column is not None
                and (
                    self.facts.role(one.table, one.column) == "time"
                    or one.column in self.facts.years(one.table)
                )
            ),
            [holder],
        )
        return ref.table, ref.column or ""

    def _range(self, table: str, column: str, period: Period) -> list[Any]:
        if column in self.facts.years(table):
            return [period.start.year if period.start else None, _last_year(period), "year"]
        return [
            period.start.isoformat() if period.start else None,
            period.end.isoformat() if period.end else None,
            "date",
        ]

    def _compared_periods(self) -> None:
        periods = [token.period for token, _ in self.asked.periods if token.period]
        if len(periods) < 2:
            return
        grain = periods[0].grain
        if any(one.grain != grain for one in periods) or grain == "half":
            raise Unclear("two_periods")
        if not any(one["bucket"] for one in self.plan["dimensions"]):
            table, column = self._time_place(self.plan["table"], grain)
            self._add_dimension(
                {
                    "table": table,
                    "column": column,
                    "bucket": grain if column not in self.facts.years(table) else None,
                }
            )

    def _time_place(self, table: str, grain: str) -> tuple[str, str]:
        """The time column of the rows, else of the nearest table they point at."""
        if self.facts.times(table):
            return table, self._time_column(table)
        if grain == "year" and len(self.facts.years(table)) == 1:
            return table, self.facts.years(table)[0]
        reachable = [
            (joins.hops(self.facts, table, one), one)
            for one in self.facts.tables
            if one != table and self.facts.times(one)
        ]
        near = sorted((length, one) for length, one in reachable if length)
        nearest = [one for length, one in near if length == near[0][0]]
        if len(nearest) > 1:
            nearest = [
                one
                for one in nearest
                if _stems(one.rpartition(".")[2]) & _stems(table.rpartition(".")[2])
            ]
        if len(nearest) != 1:
            raise Unclear("no_time", table)
        return nearest[0], self._time_column(nearest[0])

    def _time_column(self, table: str) -> str:
        """The only one; the one named after the table; when the row was made. Else it is asked."""
        columns = self.facts.times(table)
        if not columns:
            raise Unclear("no_time", table)
        if len(columns) == 1:
            return columns[0]
        if table in self.chooser.forced_times:
            return self.chooser.forced_times[table]
        own = set(self.facts.tables[table].name.lower().replace("_", " ").split()) | _stems(
            self.facts.tables[table].name
        )
        named = [one for one in columns if _stems(one) & own]
        made = [
            one
            for one in columns
            if concept(one)
            in (
                "created_at",
                "order_date",
                "registered_at",
                "hire_date",
                "date",
                "time",
                "match_date",
            )
        ]
        chosen = named if len(named) == 1 else made if len(made) == 1 else []
        if not chosen:
            raise SeveralTimes(table, columns)
        self._assume("time_column", f"{table}.{chosen[0]}")
        return chosen[0]


def _stems(name: str) -> set[str]:
    words = key(name_words(name))
    return {
        word for word in words if word not in ("date", "time", "at", "on", "id") and len(word) > 1
    } | {one for one in [concept(name)] if one}


def _last_year(period: Period) -> int | None:
    if period.end is None:
        return None
    return period.end.year - (1 if (period.end.month, period.end.day) == (1, 1) else 0)
