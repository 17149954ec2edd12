"""Verdicts for a program that must not load the parsers itself: `python -m querygpt.guard`.

Reads JSON lines: first `{"catalogue": …}`, then `{"dialect": …, "sql": …}`. Answers one line for each of the latter:
the verdict's fields and `ms`, and ends with the input.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Any

from querygpt.catalogue import Catalogue
from querygpt.guard import check, warm


def main() -> None:
    """Raises ValueError, KeyError or TypeError for lines of another shape."""
    catalogue = Catalogue.from_dict(json.loads(sys.stdin.readline())["catalogue"])
    warm()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_judged(json.loads(line), catalogue)) + "\n")
        sys.stdout.flush()


def _judged(given: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    started = time.perf_counter()
    verdict = check(sql=given["sql"], dialect=given["dialect"], catalogue=catalogue)
    return {**asdict(verdict), "ms": round((time.perf_counter() - started) * 1000, 2)}


if __name__ == "__main__":
    main()
