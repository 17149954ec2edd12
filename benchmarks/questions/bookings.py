"""The airline of PostgreSQL's demo database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

TODAY = "2017-09-01"
DDL = """
CREATE TABLE aircrafts (aircraft_code TEXT PRIMARY KEY, model TEXT NOT NULL, range INTEGER NOT NULL);
CREATE TABLE airports (airport_code TEXT PRIMARY KEY, airport_name TEXT NOT NULL, city TEXT NOT NULL, timezone TEXT NOT NULL);
CREATE TABLE bookings (book_ref TEXT PRIMARY KEY, book_date TIMESTAMP NOT NULL, total_amount NUMERIC(10,2) NOT NULL);
CREATE TABLE tickets (ticket_no TEXT PRIMARY KEY, book_ref TEXT NOT NULL REFERENCES bookings, passenger_id TEXT NOT NULL, passenger_name TEXT NOT NULL);
CREATE TABLE flights (flight_id INTEGER PRIMARY KEY, flight_no TEXT NOT NULL, scheduled_departure TIMESTAMP NOT NULL, scheduled_arrival TIMESTAMP NOT NULL, departure_airport TEXT NOT NULL REFERENCES airports, arrival_airport TEXT NOT NULL REFERENCES airports, status TEXT NOT NULL, aircraft_code TEXT NOT NULL REFERENCES aircrafts);
CREATE TABLE seats (aircraft_code TEXT NOT NULL REFERENCES aircrafts, seat_no TEXT NOT NULL, fare_conditions TEXT NOT NULL, PRIMARY KEY (aircraft_code, seat_no));
CREATE TABLE ticket_flights (ticket_no TEXT NOT NULL REFERENCES tickets, flight_id INTEGER NOT NULL REFERENCES flights, fare_conditions TEXT NOT NULL, amount NUMERIC(10,2) NOT NULL, PRIMARY KEY (ticket_no, flight_id));
CREATE TABLE boarding_passes (ticket_no TEXT NOT NULL, flight_id INTEGER NOT NULL, boarding_no INTEGER NOT NULL, seat_no TEXT NOT NULL, PRIMARY KEY (ticket_no, flight_id), FOREIGN KEY (ticket_no, flight_id) REFERENCES ticket_flights);
"""
AIRCRAFTS = (
    ("773", "Boeing 777-300", 11100),
    ("763", "Boeing 767-300", 7900),
    ("SU9", "Sukhoi Superjet-100", 3000),
    ("320", "Airbus A320-200", 5700),
    ("321", "Airbus A321-200", 5600),
    ("319", "Airbus A319-100", 6700),
    ("733", "Boeing 737-300", 4200),
    ("CN1", "Cessna 208 Caravan", 1200),
    ("CR2", "Bombardier CRJ-200", 2700),
)
CITIES = (
    "Moscow",
    "Kazan",
    "Sochi",
    "Perm",
    "Omsk",
    "Tomsk",
    "Samara",
    "Ufa",
    "Norilsk",
    "Yakutsk",
    "Murmansk",
    "Chita",
    "Moscow",
    "Moscow",
    "Ulyanovsk",
)
STATUSES = ("Arrived", "Scheduled", "On Time", "Delayed", "Cancelled", "Departed")
FARES = ("Economy", "Economy", "Economy", "Comfort", "Business")


def tables() -> list[tuple[str, list[tuple[Any, ...]]]]:
    start = datetime(2017, 6, 1)  # noqa: DTZ001 the database keeps local time
    flights = [
        (n, f"PG{n * 7 % 400:04}", start + timedelta(hours=n * 3 % 2200), n * 5 % 15, (n * 5 + n % 13 + 1) % 15, n)
        for n in range(1, 901)
    ]  # fmt: skip
    return [
        ("aircrafts", list(AIRCRAFTS)),
        ("airports", [(f"A{n:02}", f"{city} Airport {n}", city, "Europe/Moscow" if n % 3 else "Asia/Yekaterinburg") for n, city in enumerate(CITIES)]),
        ("bookings", [(f"B{n:05}", (start + timedelta(hours=n * 2 % 2150)).isoformat(" "), 3000 + n * 731 % 90000) for n in range(1, 1201)]),
        ("tickets", [(f"T{n:06}", f"B{n % 1150 + 1:05}", f"P{n * 7 % 1500:05}", f"PASSENGER {n * 7 % 1500}") for n in range(1, 2001)]),
        ("flights", [(n, no, at.isoformat(" "), (at + timedelta(minutes=60 + k * 7 % 400)).isoformat(" "), f"A{a:02}", f"A{b:02}", STATUSES[k * 5 % 11 % 6], AIRCRAFTS[k * 7 % 8][0]) for n, no, at, a, b, k in flights]),
        ("seats", [(code, f"{row}{letter}", FARES[-1] if row < 3 else FARES[0]) for place, (code, _m, _r) in enumerate(AIRCRAFTS) for row in range(1, 6 + place * 2) for letter in "ABCD"]),
        ("ticket_flights", [(f"T{n:06}", n * 13 % 870 + 1, FARES[n % 5], 2000 + n * 317 % 40000) for n in range(1, 2001)]),
        ("boarding_passes", [(f"T{n:06}", n * 13 % 870 + 1, n % 200 + 1, f"{n % 30 + 1}A") for n in range(1, 2001) if n % 4]),
    ]  # fmt: skip


QUESTIONS: list[tuple[str, str, str, str]] = [
    ("simple count", "有多少航班", "how many flights are there", "SELECT COUNT(*) FROM flights"),
    ("simple group", "各状态的航班数量", "number of flights by status", "SELECT status, COUNT(*) FROM flights GROUP BY status"),
    ("simple filter count", "有多少航班被取消", "how many flights were cancelled", "SELECT COUNT(*) FROM flights WHERE status = 'Cancelled'"),
    ("simple sum", "预订的总金额是多少", "what is the total amount of bookings", "SELECT SUM(total_amount) FROM bookings"),
    ("simple average", "预订的平均总金额", "average total amount of bookings", "SELECT AVG(total_amount) FROM bookings"),
    ("simple max", "航程最远的飞机型号", "the aircraft model with the longest range", "SELECT model, range FROM aircrafts ORDER BY range DESC LIMIT 1"),
    ("simple group", "各城市的机场数量", "number of airports per city", "SELECT city, COUNT(*) FROM airports GROUP BY city"),
    ("simple group", "各舱位等级的座位数量", "number of seats by fare conditions", "SELECT fare_conditions, COUNT(*) FROM seats GROUP BY fare_conditions"),
    ("simple bucket", "2017年每月的预订数量", "number of bookings per month in 2017", "SELECT STRFTIME('%Y-%m', book_date), COUNT(*) FROM bookings WHERE book_date >= '2017-01-01' AND book_date < '2018-01-01' GROUP BY 1"),
    ("simple top", "总金额最高的5个预订", "top 5 bookings by total amount", "SELECT book_ref, total_amount FROM bookings ORDER BY total_amount DESC, book_ref LIMIT 5"),
    ("join group", "各飞机型号的航班数量", "number of flights by aircraft model", "SELECT a.model, COUNT(*) FROM flights f JOIN aircrafts a ON a.aircraft_code = f.aircraft_code GROUP BY a.aircraft_code, a.model"),
    ("join group", "各飞机型号的座位数量", "number of seats per aircraft model", "SELECT a.model, COUNT(*) FROM seats s JOIN aircrafts a ON a.aircraft_code = s.aircraft_code GROUP BY a.aircraft_code, a.model"),
    ("simple distinct", "有哪些航班状态", "which flight statuses are there", "SELECT DISTINCT status FROM flights"),
    ("simple compare", "总金额大于50000的预订有多少", "how many bookings have a total amount over 50000", "SELECT COUNT(*) FROM bookings WHERE total_amount > 50000"),
    ("exists", "没有航班的飞机有多少", "how many aircrafts have no flights", "SELECT COUNT(*) FROM aircrafts a WHERE NOT EXISTS (SELECT 1 FROM flights f WHERE f.aircraft_code = a.aircraft_code)"),
    ("simple average", "各舱位等级的平均金额", "average amount by fare conditions in ticket flights", "SELECT fare_conditions, AVG(amount) FROM ticket_flights GROUP BY fare_conditions"),
    ("simple share", "各状态航班的占比", "share of flights by status", "SELECT status, COUNT(*), COUNT(*) * 100.0 / (SELECT COUNT(*) FROM flights) FROM flights GROUP BY status"),
    ("simple time", "2017年7月有多少预订", "how many bookings were made in July 2017", "SELECT COUNT(*) FROM bookings WHERE book_date >= '2017-07-01' AND book_date < '2017-08-01'"),
    ("unanswerable", "预测下个月的航班数量", "forecast the number of flights next month", ""),
    ("unanswerable", "飞行员的工资是多少", "what do the pilots earn", ""),
]  # fmt: skip
