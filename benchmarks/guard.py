"""What a verdict costs beside a bare parse by the same library: `python -m benchmarks.guard [--rounds 5]`.

Both read the legitimate statements of the suite, one dialect after the other; the ratio of their times per round is
printed with its spread. Below it stand the longest texts that are accepted, in milliseconds of one processor.
"""

import argparse
import time

import sqlglot

from benchmarks.rounds import measure
from querygpt import guard
from tests.querygpt.guard import corpora

GOAL = 3.0
AIM = 2.0
WORST_MS = 200
PLAIN = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}
LONG = {
    "1,000 ANDs": "SELECT id FROM orders WHERE " + " AND ".join(["id = 1"] * 1000),
    "4,999 numbers": "SELECT id FROM orders WHERE id IN (" + ", ".join(["1"] * 4999) + ")",
    "4,999 texts": "SELECT id FROM orders WHERE note IN (" + ", ".join(["'x'"] * 4999) + ")",
    "2,400 columns": "SELECT " + ", ".join(["id"] * 2400) + " FROM orders",
    "64 brackets": "SELECT " + "(" * 64 + "1" + ")" * 64,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    guard.warm()
    for dialect, plain in PLAIN.items():
        compare(dialect, plain, rounds)
    for name, sql in LONG.items():
        print(f"{name:16}", *(f"{dialect} {worst(sql, dialect):.0f} ms" for dialect in PLAIN))
    print(f"must: ratio ≤ {GOAL} (aim {AIM}), worst ≤ {WORST_MS} ms")


def compare(dialect: str, plain: str, rounds: int) -> None:
    statements = [case.sql for case in corpora.legitimate(dialect) if parses(case.sql, plain)]

    def verdicts() -> None:
        for sql in statements:
            guard.check(sql=sql, dialect=dialect, catalogue=corpora.CATALOGUE)

    def parsed() -> None:
        for sql in statements:
            sqlglot.parse(sql, read=plain)

    rates = measure({"parse": parsed, "verdict": verdicts}, rounds=rounds, calls=4)
    middle, low, high = rates.ratio("parse", "verdict")
    print(
        f"{dialect}: {len(statements)} statements, verdict / parse {middle:.2f} ({low:.2f}–{high:.2f})"
    )


def parses(sql: str, plain: str) -> bool:
    try:
        sqlglot.parse(sql, read=plain)
    except sqlglot.errors.SqlglotError:
        return False
    return True


def worst(sql: str, dialect: str) -> float:
    taken = []
    for _round in range(3):
        started = time.process_time()
        verdict = guard.check(sql=sql, dialect=dialect, catalogue=corpora.CATALOGUE)
        taken.append((time.process_time() - started) * 1000)
        if not verdict.allowed:
            raise AssertionError(f"{dialect}: {verdict.rule} {verdict.detail}")
    return min(taken)


if __name__ == "__main__":
    main()
