"""The part of a moment that rows are grouped by, as each engine writes it."""

from __future__ import annotations

from sqlglot import exp

from querygpt.catalogue import Dialect


def bucketed(column: exp.Column, bucket: str, family: str, dialect: Dialect) -> exp.Expr:
    """The day, week (its Monday), month, quarter or year of a column."""
    if dialect == "sqlite":
        return _sqlite_bucket(column, bucket)
    if dialect in ("mysql", "mariadb"):
        return _mysql_bucket(column, bucket)
    moment: exp.Expr = column
    if family not in ("date", "datetime"):
        moment = exp.cast(column, "timestamp")
    if bucket == "year":
        return exp.cast(exp.Extract(this=exp.Var(this="YEAR"), expression=moment), "int")
    trunc = exp.Anonymous(this="DATE_TRUNC", expressions=[exp.Literal.string(bucket), moment])
    return exp.cast(trunc, "date")


def _sqlite_bucket(column: exp.Column, bucket: str) -> exp.Expr:
    def part(pattern: str) -> exp.Expr:
        return exp.Anonymous(
            this="STRFTIME", expressions=[exp.Literal.string(pattern), column.copy()]
        )

    if bucket in ("month", "year"):
        return part("%Y-%m" if bucket == "month" else "%Y")
    if bucket == "quarter":
        months = exp.Add(this=exp.cast(part("%m"), "int"), expression=exp.Literal.number(2))
        number = exp.Div(this=exp.Paren(this=months), expression=exp.Literal.number(3), typed=True)
        return exp.DPipe(
            this=exp.DPipe(this=part("%Y"), expression=exp.Literal.string("-Q")),
            expression=exp.Paren(this=number),
        )
    steps = ["weekday 0", "-6 days"] if bucket == "week" else []
    return exp.Anonymous(
        this="DATE", expressions=[column, *(exp.Literal.string(one) for one in steps)]
    )


def _mysql_bucket(column: exp.Column, bucket: str) -> exp.Expr:
    def call(name: str, *more: exp.Expr) -> exp.Expr:
        return exp.Anonymous(this=name, expressions=[column.copy(), *more])

    if bucket == "year":
        return call("YEAR")
    if bucket == "day":
        return call("DATE")
    if bucket == "month":
        return call("DATE_FORMAT", exp.Literal.string("%Y-%m"))
    if bucket == "quarter":
        return exp.Anonymous(
            this="CONCAT", expressions=[call("YEAR"), exp.Literal.string("-Q"), call("QUARTER")]
        )
    days = exp.Interval(this=call("WEEKDAY"), unit=exp.Var(this="DAY"))
    return exp.Anonymous(this="DATE_SUB", expressions=[call("DATE"), days])
