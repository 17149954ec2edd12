"""The caged program: one upload in, one DuckDB file and one line of JSON out.

Its argument is a JSON object `{source, target, kind, name}`; it says `{tables, encoding, delimiter}` or `{error}`.
"""

import json
import sys
from pathlib import Path

from querygpt.drivers.sheets import building, reading


def main(given: str) -> None:
    order = json.loads(given)
    told: dict[str, object] = {}
    try:
        source, target = Path(order["source"]), Path(order["target"])
        sheets = reading.sheets_of(source, kind=order["kind"], name=order["name"], told=told)
        told["tables"] = building.build(sheets, folder=target.parent, target=target)
    except reading.Unreadable as fault:
        told = {"error": fault.code}
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
