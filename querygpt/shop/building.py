"""The demo shop's SQLite file: every row from whole numbers of one fixed sequence, so all machines agree."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

from querygpt.shop import words

SEED = 20_251_231
FIRST_DAY = date(2024, 1, 1)
DAYS = 731
ROWS = {
    "regions": 8, "stores": 24, "staff": 120, "categories": 15, "suppliers": 30, "products": 300,
    "customers": 3_000, "orders": 12_000, "order_items": 30_000, "reviews": 5_000, "门店目标": 288,
}  # fmt: skip
# Orders per thousand of a year by month: autumn and winter sell more.
_SEASON = (70, 55, 68, 72, 80, 92, 74, 76, 88, 96, 124, 105)

_SCHEMA = """
CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, name_en TEXT NOT NULL);
CREATE TABLE stores (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL,
  region_id INTEGER NOT NULL REFERENCES regions (id), opened_on DATE NOT NULL, area_sqm INTEGER NOT NULL,
  is_active BOOLEAN NOT NULL);
CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT NOT NULL, gender TEXT NOT NULL, job_title TEXT NOT NULL,
  store_id INTEGER NOT NULL REFERENCES stores (id), manager_id INTEGER REFERENCES staff (id),
  hired_on DATE NOT NULL, salary INTEGER NOT NULL, email TEXT);
CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL,
  parent_id INTEGER REFERENCES categories (id));
CREATE TABLE suppliers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL, city TEXT NOT NULL,
  contact_email TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL,
  category_id INTEGER NOT NULL REFERENCES categories (id), supplier_id INTEGER NOT NULL REFERENCES suppliers (id),
  price INTEGER NOT NULL, cost INTEGER NOT NULL, stock INTEGER NOT NULL, is_active BOOLEAN NOT NULL,
  launched_on DATE NOT NULL);
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, gender TEXT NOT NULL, city TEXT NOT NULL,
  level TEXT NOT NULL, registered_on DATE NOT NULL, email TEXT, phone TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, order_no TEXT NOT NULL UNIQUE,
  customer_id INTEGER NOT NULL REFERENCES customers (id), store_id INTEGER NOT NULL REFERENCES stores (id),
  staff_id INTEGER REFERENCES staff (id), ordered_at DATETIME NOT NULL, status TEXT NOT NULL,
  channel TEXT NOT NULL, payment_method TEXT, total_amount INTEGER NOT NULL);
CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id),
  product_id INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL, unit_price INTEGER NOT NULL,
  line_amount INTEGER NOT NULL);
CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products (id),
  customer_id INTEGER NOT NULL REFERENCES customers (id), rating INTEGER NOT NULL, content TEXT,
  reviewed_on DATE NOT NULL);
CREATE TABLE "门店目标" ("编号" INTEGER PRIMARY KEY, "门店编号" INTEGER NOT NULL REFERENCES stores (id),
  "年份" INTEGER NOT NULL, "月份" INTEGER NOT NULL, "目标销售额" INTEGER NOT NULL);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX order_items_order ON order_items (order_id);
CREATE INDEX order_items_product ON order_items (product_id);
CREATE INDEX reviews_product ON reviews (product_id);
"""

Row = tuple[object, ...]


class Dice:
    """A 64-bit linear congruential sequence. Source: Knuth's MMIX constants."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, bound: int) -> int:
        self._state = (self._state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        return (self._state >> 33) % bound

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def pick(self, weights: tuple[int, ...]) -> int:
        """The place of one weight."""
        left = self.below(sum(weights))
        for place, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return place
        return 0


def build(path: Path) -> None:
    """Write the file; `path` must not exist. Units: about 0.5 s, 4 MB."""
    with closing(sqlite3.connect(path)) as file:
        file.executescript(_SCHEMA)
        for table, rows in _tables():
            marks = ", ".join("?" * len(rows[0]))
            file.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
        file.commit()
        file.execute("VACUUM")


def digest(path: Path) -> str:
    """sha256 of the dump's lines in order, so that page layout and library version do not count."""
    with closing(sqlite3.connect(path)) as file:
        lines = "\n".join(sorted(file.iterdump()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _tables() -> Iterator[tuple[str, list[Row]]]:
    dice = Dice(SEED)
    yield "regions", [(n, *names) for n, names in enumerate(words.REGIONS, 1)]
    stores = _stores(dice)
    yield "stores", stores
    yield "staff", _staff(dice)
    yield "categories", [(n, *one) for n, one in enumerate(words.CATEGORIES, 1)]
    yield "suppliers", _suppliers(dice)
    products = _products(dice)
    yield "products", products
    yield "customers", _customers(dice)
    orders, items = _orders(dice, products)
    yield "orders", orders
    yield "order_items", items
    yield "reviews", _reviews(dice)
    yield "门店目标", _targets(dice)


def _stores(dice: Dice) -> list[Row]:
    rows: list[Row] = []
    for region, cities in enumerate(words.CITIES, 1):
        for city in cities:
            number = len(rows) + 1
            opened = date(2012 + number % 11, 1 + number * 5 % 12, 1 + number * 7 % 28)
            name = f"{city}{'云店' if region == 8 else '店'}"
            rows.append(
                (
                    number,
                    name,
                    city,
                    region,
                    opened.isoformat(),
                    dice.between(8, 60) * 10,
                    number % 12 != 0,
                )
            )
    return rows


def _name(dice: Dice) -> str:
    given = words.GIVEN[dice.below(len(words.GIVEN))]
    if dice.below(3):
        given += words.GIVEN[dice.below(len(words.GIVEN))]
    return words.SURNAMES[dice.below(len(words.SURNAMES))] + given


def _staff(dice: Dice) -> list[Row]:
    rows: list[Row] = []
    for number in range(1, 121):
        store = (number - 1) % 24 + 1
        leads = number <= 24
        job = words.JOBS[0] if leads else words.JOBS[dice.between(1, 4)]
        hired = date(2013, 1, 1) + timedelta(days=dice.below(4_300))
        salary = dice.between(90, 160) * 100 if leads else dice.between(45, 95) * 100
        email = None if number % 9 == 0 else f"staff{number}@shop.example"
        gender = "男" if dice.below(2) else "女"
        rows.append(
            (
                number,
                _name(dice),
                gender,
                job,
                store,
                None if leads else store,
                hired.isoformat(),
                salary,
                email,
            )
        )
    return rows


def _suppliers(dice: Dice) -> list[Row]:
    rows: list[Row] = []
    for number in range(1, 31):
        country, city = words.SUPPLIER_PLACES[number * 7 % 10]
        name = words.SUPPLIER_NAMES[(number - 1) % 15] + ("贸易" if number <= 15 else "实业")
        rows.append(
            (
                number,
                name,
                country,
                city,
                None if number % 7 == 0 else f"sales{number}@supplier.example",
            )
        )
    return rows


def _products(dice: Dice) -> list[Row]:
    rows: list[Row] = []
    for number in range(1, 301):
        category, noun, noun_en, low, high = words.GOODS[(number - 1) % 20]
        style, style_en = words.STYLES[(number - 1) // 20]
        price = low + (high - low) * dice.below(100) // 100 // 10 * 10
        cost = max(1, price * dice.between(45, 75) // 100)
        launched = date(2022, 1, 1) + timedelta(days=dice.below(1_200))
        stock = 0 if number % 37 == 0 else dice.between(5, 500)
        rows.append(
            (
                number,
                style + noun,
                f"{style_en} {noun_en}",
                category,
                dice.between(1, 30),
                price,
                cost,
                stock,
                number % 25 != 0,
                launched.isoformat(),
            )
        )
    return rows


def _customers(dice: Dice) -> list[Row]:
    cities = [city for group in words.CITIES for city in group]
    rows: list[Row] = []
    for number in range(1, 3_001):
        name = words.LATIN_NAMES[dice.below(10)] if number % 50 == 0 else _name(dice)
        registered = date(2021, 1, 1) + timedelta(days=dice.below(1_826))
        email = None if dice.below(6) == 0 else f"user{number}@mail.example"
        phone = None if dice.below(15) == 0 else f"139{10_000_000 + number * 7919 % 89_999_999}"
        level = words.LEVELS[dice.pick((60, 25, 12, 3))]
        rows.append(
            (
                number,
                name,
                "男" if dice.below(100) < 46 else "女",
                cities[dice.below(24)],
                level,
                registered.isoformat(),
                email,
                phone,
            )
        )
    return rows


def _moment(dice: Dice) -> datetime:
    """Two years of growth and seasons: 45 % of the orders fall into the first."""
    year = 2024 if dice.below(100) < 45 else 2025
    month = dice.pick(_SEASON) + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    day = dice.between(1, (following - date(year, month, 1)).days)
    return datetime(year, month, day, dice.between(8, 22), dice.below(60), dice.below(60))  # noqa: DTZ001


def _orders(dice: Dice, products: list[Row]) -> tuple[list[Row], list[Row]]:
    moments = sorted(_moment(dice) for _ in range(ROWS["orders"]))
    orders: list[Row] = []
    items: list[Row] = []
    for number, moment in enumerate(moments, 1):
        store = (
            dice.pick((9, 7, 5, 8, 5, 3, 8, 7, 4, 5, 4, 3, 5, 5, 3, 4, 2, 2, 3, 3, 2, 6, 4, 4)) + 1
        )
        total = 0
        for _ in range((1, 2, 3, 4)[number % 4]):
            product = dice.below(300) * dice.between(40, 100) // 100
            price = _paid(dice, products[product])
            quantity = 1 + dice.pick((70, 20, 7, 3))
            items.append((len(items) + 1, number, product + 1, quantity, price, quantity * price))
            total += quantity * price
        staff = None if dice.below(10) == 0 else store + 24 * dice.below(5)
        status = ("completed", "shipped", "pending", "cancelled")[dice.pick((80, 8, 5, 7))]
        payment = None if status == "pending" else words.PAYMENTS[dice.pick((45, 35, 8, 12))]
        channel = (
            words.CHANNELS[1 + dice.below(2)]
            if store > 21
            else words.CHANNELS[dice.pick((60, 20, 20))]
        )
        customer = 1 + dice.below(2_900) * dice.between(30, 100) // 100
        orders.append(
            (
                number,
                f"SO{moment:%Y%m%d}{number:05d}",
                customer,
                store,
                staff,
                moment.isoformat(" "),
                status,
                channel,
                payment,
                total,
            )
        )
    return orders, items


def _paid(dice: Dice, product: Row) -> int:
    price = product[5]
    if not isinstance(price, int):
        raise TypeError(price)
    return price * (100, 100, 100, 95, 90)[dice.below(5)] // 100


def _reviews(dice: Dice) -> list[Row]:
    rows: list[Row] = []
    for number in range(1, 5_001):
        rating = 5 - dice.pick((48, 30, 12, 6, 4))
        content = None if dice.below(4) == 0 else words.OPINIONS[dice.below(8)]
        day = FIRST_DAY + timedelta(days=dice.below(DAYS))
        rows.append(
            (number, 1 + dice.below(280), 1 + dice.below(3_000), rating, content, day.isoformat())
        )
    return rows


def _targets(dice: Dice) -> list[Row]:
    places = [(store, month) for store in range(1, 25) for month in range(1, 13)]
    return [
        (number, store, 2025, month, dice.between(40, 90) * _SEASON[month - 1] * 100)
        for number, (store, month) in enumerate(places, 1)
    ]
