"""Write the databases and the suites into a folder."""

import json
import sqlite3
import sys
from pathlib import Path
from types import ModuleType

from benchmarks.questions import bookings, rental, university

SCHEMAS = {"rental": rental, "bookings": bookings, "university": university}


def database(schema: ModuleType, path: Path) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as link:
        link.executescript(schema.DDL)
        for table, rows in schema.tables():
            marks = ", ".join("?" * len(rows[0]))
            link.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    link.close()


def suite(name: str, schema: ModuleType) -> str:
    """One line for each question and language; what has no SQL cannot be answered."""
    lines = []
    for number, (tags, zh, en, gold) in enumerate(schema.QUESTIONS, start=1):
        for language, question in (("zh", zh), ("en", en)):
            line = {
                "id": f"{name}-{number:02}-{language}",
                "question": question,
                "language": language,
                "gold": [gold] if gold else [],
                "answerable": bool(gold),
                "ordered": False,
                "tags": [name, *tags.split()],
            }
            lines.append(json.dumps(line, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in SCHEMAS.items():
        database(schema, folder / f"{name}.sqlite")
        (folder / f"{name}.jsonl").write_text(suite(name, schema), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
