"""Check an exported log on a computer that has neither the database nor the platform's settings.

`python -m laojun.chain.offline EXPORT --public-key HEX` needs this package's `form` and `lines`, orjson and
cryptography. Exit codes: 0 intact and vouched for by an anchor, 1 tampered, 2 cannot tell.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from laojun.chain import form, lines
from laojun.chain.lines import Line, NotALine
from laojun.chain.verdicts import EDITED, EXIT_CODES, INTACT, MISSING, TAIL_CUT, TAMPERED, UNKNOWN


@dataclass(frozen=True)
class Outcome:
    """What a file shows: `line` is the first bad one (from 1), `row` the id that stands there."""

    state: str
    rows: int = 0
    note: str = ""
    kind: str = ""
    line: int = 0
    row: int | None = None

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.state]


def check(content: Iterable[bytes], public_key: str) -> Outcome:
    """Check the lines of a JSONL export. `public_key`: 64 hexadecimal digits, from somebody you trust.

    Every row is hashed again from its canonical form; the signed last line says how many rows there were, what their
    bytes hashed to, and which row an anchor vouches for. Raises NotALine for a key that is none.
    """
    key = lines.public_key(public_key)
    reader = _Reader()
    for raw in content:
        bad = reader.take(raw.rstrip(b"\n"))
        if bad is not None:
            return bad
    if reader.held is None:
        return Outcome(UNKNOWN, note="the file is empty")
    try:
        signed = lines.read(reader.held, {lines.key_id_of(key): key})
    except NotALine as error:
        return Outcome(TAMPERED, reader.rows, f"the last line: {error}", TAIL_CUT, reader.number)
    return reader.judged(signed)


class _Reader:
    """Goes through the rows one behind the other; the last line is no row and is held back."""

    def __init__(self) -> None:
        self.rows = self.number = 0
        self.held: bytes | None = None
        self.digest = hashlib.sha256()
        self.hashes: dict[int, str] = {}
        self.unsealed = 0

    def take(self, raw: bytes) -> Outcome | None:
        held, self.held = self.held, raw
        self.number += 1
        return None if held is None else self._row(held)

    def _row(self, raw: bytes) -> Outcome | None:
        self.digest.update(raw + b"\n")
        try:
            row = orjson.loads(raw)
            problem = self._problem(row)
        except (ValueError, TypeError, KeyError):
            return self._bad(EDITED, None, "not a row of an export")
        if problem:
            return self._bad(EDITED, row.get("id"), problem)
        self.rows += 1
        return None

    def _problem(self, row: dict[str, Any]) -> str:
        shown = orjson.loads(row["canonical"])
        if [shown[0], shown[4], shown[6], shown[8], shown[10]] != [
            row["id"],
            row["actor"],
            row["action"],
            row["resource_id"],
            row["payload"],
        ]:
            return "the row says something else than what was hashed"
        if row["seq"] is None:
            self.unsealed += 1
            return ""
        before = bytes.fromhex(row["prev_hash"] or "")
        known = self.hashes.get(row["seq"] - 1, row["prev_hash"])
        digest = form.link(shown[2] or 0, row["seq"], before, row["canonical"]).hex()
        if digest != row["hash"] or known != row["prev_hash"]:
            return "the hash does not fit"
        self.hashes[row["seq"]] = digest
        return ""

    def _bad(self, kind: str, row: int | None, note: str) -> Outcome:
        return Outcome(TAMPERED, self.rows, note, kind, self.number - 1, row)

    def judged(self, signed: Line) -> Outcome:
        body = signed.body
        if body.get("v") != lines.EXPORT or body["rows"] != self.rows:
            return Outcome(
                TAMPERED, self.rows, "rows are missing or too many", MISSING, self.number
            )
        if body["sha256"] != self.digest.hexdigest():
            return Outcome(TAMPERED, self.rows, "the lines are not those that were signed", EDITED)
        anchor = body["anchor"]
        if anchor is None:
            return Outcome(
                UNKNOWN, self.rows, "signed as it left, and no anchor vouches for its rows"
            )
        if self.hashes.get(anchor["seq"]) != anchor["hash"]:
            return Outcome(TAMPERED, self.rows, f"anchor {anchor['no']} saw another hash", EDITED)
        proved = f"anchor {anchor['no']} of {anchor['at']} vouches for row {anchor['seq']}"
        if self._is_without_gap():
            return Outcome(INTACT, self.rows, proved)
        gaps = "; filtered: what lies between its rows is not in this file"
        return Outcome(INTACT, self.rows, proved + gaps)

    def _is_without_gap(self) -> bool:
        numbers = self.hashes.keys()
        return not numbers or max(numbers) - min(numbers) + 1 == len(numbers)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an exported audit log.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--public-key", required=True, help="64 hexadecimal digits")
    options = parser.parse_args(arguments)
    try:
        with options.export.open("rb") as content:
            outcome = check(content, options.public_key)
    except (OSError, NotALine) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_CODES[UNKNOWN]
    place = f" line {outcome.line}" if outcome.line else ""
    row = f" row {outcome.row}" if outcome.row else ""
    sys.stdout.write(
        f"{outcome.state}: {outcome.rows} rows; {outcome.kind}{place}{row} {outcome.note}\n"
    )
    return outcome.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
