"""The DVD rental of Sakila and Pagila."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

TODAY = "2023-01-01"
DDL = """
CREATE TABLE country (country_id INTEGER PRIMARY KEY, country TEXT NOT NULL, last_update TEXT);
CREATE TABLE city (city_id INTEGER PRIMARY KEY, city TEXT NOT NULL, country_id INTEGER NOT NULL REFERENCES country);
CREATE TABLE address (address_id INTEGER PRIMARY KEY, address TEXT NOT NULL, district TEXT, city_id INTEGER NOT NULL REFERENCES city, postal_code TEXT, phone TEXT);
CREATE TABLE language (language_id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE category (category_id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE actor (actor_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL);
CREATE TABLE film (film_id INTEGER PRIMARY KEY, title TEXT NOT NULL, release_year INTEGER, language_id INTEGER NOT NULL REFERENCES language, rental_duration INTEGER, rental_rate NUMERIC(4,2), length INTEGER, replacement_cost NUMERIC(5,2), rating TEXT);
CREATE TABLE film_actor (actor_id INTEGER REFERENCES actor, film_id INTEGER REFERENCES film, PRIMARY KEY (actor_id, film_id));
CREATE TABLE film_category (film_id INTEGER REFERENCES film, category_id INTEGER REFERENCES category, PRIMARY KEY (film_id, category_id));
CREATE TABLE store (store_id INTEGER PRIMARY KEY, manager_staff_id INTEGER NOT NULL, address_id INTEGER NOT NULL REFERENCES address);
CREATE TABLE staff (staff_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, address_id INTEGER REFERENCES address, email TEXT, store_id INTEGER NOT NULL REFERENCES store, active INTEGER NOT NULL, username TEXT);
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL REFERENCES store, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT, address_id INTEGER REFERENCES address, active INTEGER NOT NULL, create_date DATE NOT NULL);
CREATE TABLE inventory (inventory_id INTEGER PRIMARY KEY, film_id INTEGER NOT NULL REFERENCES film, store_id INTEGER NOT NULL REFERENCES store);
CREATE TABLE rental (rental_id INTEGER PRIMARY KEY, rental_date TIMESTAMP NOT NULL, inventory_id INTEGER NOT NULL REFERENCES inventory, customer_id INTEGER NOT NULL REFERENCES customer, return_date TIMESTAMP, staff_id INTEGER NOT NULL REFERENCES staff);
CREATE TABLE payment (payment_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer, staff_id INTEGER NOT NULL REFERENCES staff, rental_id INTEGER REFERENCES rental, amount NUMERIC(5,2) NOT NULL, payment_date TIMESTAMP NOT NULL);
"""
COUNTRIES = (
    "China",
    "India",
    "Japan",
    "Brazil",
    "Germany",
    "Canada",
    "France",
    "Mexico",
    "Spain",
    "Italy",
)
CATEGORIES = (
    "Action",
    "Animation",
    "Children",
    "Classics",
    "Comedy",
    "Documentary",
    "Drama",
    "Family",
    "Foreign",
    "Games",
    "Horror",
    "Music",
    "New",
    "Sci-Fi",
    "Sports",
    "Travel",
)
RATINGS = ("G", "PG", "PG-13", "R", "NC-17")
FIRST = ("Mary", "John", "Linda", "Peter", "Susan", "Karl", "Nancy", "Wei", "Ana", "Omar")
LAST = (
    "Smith",
    "Jones",
    "Chen",
    "Garcia",
    "Muller",
    "Rossi",
    "Sato",
    "Silva",
    "Dubois",
    "Khan",
    "Lopez",
)
WORDS = (
    "ACADEMY",
    "BRIGHT",
    "CROWN",
    "DANCING",
    "EMPIRE",
    "FROST",
    "GOLD",
    "HARBOR",
    "ISLAND",
    "JOURNEY",
    "KINGDOM",
)


def tables() -> list[tuple[str, list[tuple[Any, ...]]]]:
    start = datetime(2022, 1, 1, 9)  # noqa: DTZ001 the database keeps local time
    rentals = [
        (n, start + timedelta(hours=n * 5 % 8700), n * 7 % 900 + 1, n * 11 % 300 + 1,
         None if n % 17 == 0 else start + timedelta(hours=n * 5 % 8700 + 24 * (n % 6 + 1)), n % 2 + 1)
        for n in range(1, 4001)
    ]  # fmt: skip
    return [
        ("country", [(n, name, "2022-01-01") for n, name in enumerate(COUNTRIES, 1)]),
        ("city", [(n, f"City {n}", n * 3 % 10 + 1) for n in range(1, 41)]),
        ("address", [(n, f"{n} Long Road", f"District {n % 9}", n * 7 % 40 + 1, str(10000 + n), str(555000 + n)) for n in range(1, 321)]),
        ("language", [(n, name) for n, name in enumerate(("English", "Italian", "Japanese", "Mandarin", "French", "German"), 1)]),
        ("category", [(n, name) for n, name in enumerate(CATEGORIES, 1)]),
        ("actor", [(n, FIRST[n % 10], LAST[n % 11]) for n in range(1, 81)]),
        ("film", [(n, f"{WORDS[n % 11]} {WORDS[n * 3 % 10]} {n}", 2000 + n % 20, n * n % 6 + 1, n % 5 + 3, (99, 299, 499)[n % 3] / 100, 46 + n * 13 % 140, (999 + n * 37 % 2000) / 100, RATINGS[n * 7 % 5]) for n in range(1, 301)]),
        ("film_actor", [(a, f) for f in range(1, 301) for a in sorted({f % 80 + 1, f * 3 % 80 + 1, f * 7 % 80 + 1})]),
        ("film_category", [(f, f * 5 % 16 + 1) for f in range(1, 301)]),
        ("store", [(1, 1, 1), (2, 2, 2)]),
        ("staff", [(1, "Mike", "Hillyer", 3, "mike@example.com", 1, 1, "mike"), (2, "Jon", "Stephens", 4, "jon@example.com", 2, 1, "jon")]),
        ("customer", [(n, n % 2 + 1, FIRST[n * 3 % 10], LAST[n * 5 % 11], None if n % 13 == 0 else f"c{n}@example.com", n + 10, int(n % 20 != 0), (date(2021, 1, 1) + timedelta(days=n * 2 % 700)).isoformat()) for n in range(1, 311)]),
        ("inventory", [(n, n * 7 % 290 + 1, n % 2 + 1) for n in range(1, 901)]),
        ("rental", [(a, b.isoformat(" "), c, d, e.isoformat(" ") if e else None, f) for a, b, c, d, e, f in rentals]),
        ("payment", [(n, r[3], r[5], r[0], (99 + n * 137 % 901) / 100, (r[1] + timedelta(minutes=n % 50)).isoformat(" ")) for n, r in enumerate(rentals, 1) if n % 9]),
    ]  # fmt: skip


QUESTIONS: list[tuple[str, str, str, str]] = [
    ("simple count", "一共有多少部电影", "how many films are there", "SELECT COUNT(*) FROM film"),
    ("simple count", "有多少客户", "how many customers are there", "SELECT COUNT(*) FROM customer"),
    ("simple group", "各评级的影片数量", "number of films by rating", "SELECT rating, COUNT(*) FROM film GROUP BY rating"),
    ("simple average", "影片的平均时长是多少", "what is the average length of films", "SELECT AVG(length) FROM film"),
    ("simple sum", "付款总金额是多少", "total payment amount", "SELECT SUM(amount) FROM payment"),
    ("simple top", "时长最长的5部影片", "the 5 longest films", "SELECT title, length FROM film ORDER BY length DESC, film_id LIMIT 5"),
    ("simple max", "最高的重置成本是多少", "what is the highest replacement cost", "SELECT MAX(replacement_cost) FROM film"),
    ("simple filter count", "评级为R的影片有多少", "how many films have the rating R", "SELECT COUNT(*) FROM film WHERE rating = 'R'"),
    ("join count", "各类别的影片数量", "number of films per category", "SELECT c.name, COUNT(*) FROM film_category fc JOIN category c ON c.category_id = fc.category_id GROUP BY c.category_id, c.name"),
    ("join count", "各语言的影片数量", "number of films by language", "SELECT l.name, COUNT(*) FROM film f JOIN language l ON l.language_id = f.language_id GROUP BY l.language_id, l.name"),
    ("simple bucket", "2022年每月的付款总金额", "monthly payment amount in 2022", "SELECT STRFTIME('%Y-%m', payment_date), SUM(amount) FROM payment WHERE payment_date >= '2022-01-01' AND payment_date < '2023-01-01' GROUP BY 1"),
    ("join top", "付款总金额最高的10个客户", "top 10 customers by payment amount", "SELECT c.first_name, c.last_name, SUM(p.amount) FROM payment p JOIN customer c ON c.customer_id = p.customer_id GROUP BY c.customer_id ORDER BY 3 DESC, c.customer_id LIMIT 10"),
    ("simple null", "没有填写邮箱的客户有多少", "how many customers have no email", "SELECT COUNT(*) FROM customer WHERE email IS NULL"),
    ("exists", "没有租赁记录的客户有多少", "how many customers have no rentals", "SELECT COUNT(*) FROM customer c WHERE NOT EXISTS (SELECT 1 FROM rental r WHERE r.customer_id = c.customer_id)"),
    ("simple distinct", "有哪些影片评级", "which ratings of films are there", "SELECT DISTINCT rating FROM film"),
    ("join group", "各国家的城市数量", "number of cities by country", "SELECT c.country, COUNT(*) FROM city t JOIN country c ON c.country_id = t.country_id GROUP BY c.country_id, c.country"),
    ("simple compare", "时长超过120的影片有多少", "how many films have a length over 120", "SELECT COUNT(*) FROM film WHERE length > 120"),
    ("simple first", "最早的租赁日期是哪天", "what is the earliest rental date", "SELECT MIN(rental_date) FROM rental"),
    ("unanswerable", "为什么租赁变少了", "why did rentals go down", ""),
    ("unanswerable", "影片的票房是多少", "what is the box office of the films", ""),
]  # fmt: skip
