"""A little shop in each engine: rows to compare what a statement answers before and after rendering."""

import json
from typing import Any

TYPES = {
    "postgresql": {"json": "jsonb", "text": "text", "timestamp": "timestamp"},
    "mysql": {"json": "json", "text": "varchar(200)", "timestamp": "datetime"},
    "sqlite": {},
    "duckdb": {},
}
KINDS: dict[str, dict[str, str]] = {
    "customers": {
        "id": "int", "name": "text", "email": "text", "city": "text", "region": "text",
        "is_active": "int", "created_at": "timestamp",
    },
    "orders": {
        "id": "int", "customer_id": "int", "status": "text", "total": "numeric(10,2)",
        "ordered_at": "date", "note": "text",
    },
    "order_items": {
        "id": "int", "order_id": "int", "product_id": "int", "quantity": "int", "price": "numeric(10,2)",
    },
    "products": {
        "id": "int", "name": "text", "category": "text", "price": "numeric(10,2)", "tags": "text",
        "attributes": "json",
    },
    "employees": {
        "id": "int", "name": "text", "manager_id": "int", "salary": "numeric(10,2)",
        "department": "text", "hired_on": "date",
    },
    "notes": {"title": "text", "body": "text"},
    "订单": {"编号": "int", "金额": "numeric(10,2)", "下单日期": "date", "备注": "text"},
    "Order Details": {"id": "int", "unit price": "numeric(10,2)", "select": "text"},
}  # fmt: skip
NAMES = ("Ana", "Bea", "Carl", "Zoe", "Adam")
REGIONS = ("East", "West", "East", "North", "South")
STATUSES = ("paid", "new", "cancelled", "paid")

ROWS: dict[str, list[tuple[Any, ...]]] = {
    "customers": [
        (n + 1, name, f"{name.lower()}@example.com", f"city{n % 3}", REGIONS[n], n % 2, f"2024-0{n + 1}-01 10:00:00")
        for n, name in enumerate(NAMES)
    ],
    "orders": [
        (n, n % 4 + 1, STATUSES[n % 4], n * 17 % 230, f"2024-0{n % 6 + 1}-15", None if n % 3 else f"note {n}")
        for n in range(1, 13)
    ],
    "order_items": [(n, n % 12 + 1, n % 3 + 1, n % 4 + 1, n * 3 % 40) for n in range(1, 25)],
    "products": [
        (n + 1, f"product{n}", ("Tea", "Cup", "Tea")[n], 10 * n, "a,b", json.dumps({"color": color, "size": n}))
        for n, color in enumerate(("red", "blue", "red"))
    ],
    "employees": [
        (1, "Root", None, 900, "board", "2020-01-01"),
        (2, "Mid", 1, 500, "sales", "2021-01-01"),
        (3, "Leaf", 2, 300, "sales", "2022-01-01"),
    ],
    "notes": [("tea", "a cup of tea"), ("coffee", "a mug of coffee")],
    "订单": [(1, 10, "2024-01-01", "中文；备注"), (2, 20, "2024-01-02", None)],
    "Order Details": [(1, 5, "x"), (2, 6, "y")],
}  # fmt: skip


def statements(dialect: str) -> list[str]:
    """What makes the tables, without their rows."""
    made = []
    for table, columns in KINDS.items():
        listed = ", ".join(
            f"{quoted(name, dialect)} {TYPES[dialect].get(kind, kind)}"
            for name, kind in columns.items()
        )
        if dialect == "sqlite" and table == "notes":
            made.append("CREATE VIRTUAL TABLE notes USING fts5(title, body)")
            continue
        key = ", PRIMARY KEY (id)" if dialect == "mysql" and "id" in columns else ""
        key += ", FULLTEXT (title, body)" if dialect == "mysql" and table == "notes" else ""
        made.append(f"CREATE TABLE {quoted(table, dialect)} ({listed}{key})")
    return made


def inserts(dialect: str, mark: str) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """Statements with one `mark` for each value, and the rows."""
    return [
        (f"INSERT INTO {quoted(table, dialect)} VALUES ({', '.join([mark] * len(rows[0]))})", rows)
        for table, rows in ROWS.items()
    ]


def quoted(name: str, dialect: str) -> str:
    mark = "`" if dialect == "mysql" else '"'
    return f"{mark}{name}{mark}"
