"""Small databases of other domains to ask: a hospital with Chinese names, an airline in camel case."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from querygpt.shop import build as build_shop
from querygpt.shop.building import Dice

HOSPITAL = """
CREATE TABLE 科室 (编号 INTEGER PRIMARY KEY, 名称 TEXT NOT NULL, 楼层 INTEGER NOT NULL, 床位数 INTEGER NOT NULL);
CREATE TABLE 医生 (编号 INTEGER PRIMARY KEY, 姓名 TEXT NOT NULL, 性别 TEXT NOT NULL, 职称 TEXT NOT NULL,
  科室编号 INTEGER NOT NULL REFERENCES 科室 (编号), 入职日期 DATE NOT NULL, 月薪 INTEGER NOT NULL);
CREATE TABLE 患者 (编号 INTEGER PRIMARY KEY, 姓名 TEXT NOT NULL, 性别 TEXT NOT NULL, 出生日期 DATE NOT NULL,
  血型 TEXT, 电话 TEXT, 城市 TEXT NOT NULL);
CREATE TABLE 挂号记录 (编号 INTEGER PRIMARY KEY, 患者编号 INTEGER NOT NULL REFERENCES 患者 (编号),
  医生编号 INTEGER NOT NULL REFERENCES 医生 (编号), 就诊时间 DATETIME NOT NULL, 挂号费 INTEGER NOT NULL, 状态 TEXT NOT NULL);
CREATE TABLE 药品 (编号 INTEGER PRIMARY KEY, 名称 TEXT NOT NULL, 类别 TEXT NOT NULL, 单价 DECIMAL(8,2) NOT NULL,
  库存 INTEGER NOT NULL, 是否医保 INTEGER NOT NULL);
CREATE TABLE 处方明细 (编号 INTEGER PRIMARY KEY, 挂号编号 INTEGER NOT NULL REFERENCES 挂号记录 (编号),
  药品编号 INTEGER NOT NULL REFERENCES 药品 (编号), 数量 INTEGER NOT NULL);
CREATE TABLE 住院记录 (编号 INTEGER PRIMARY KEY, 患者编号 INTEGER NOT NULL REFERENCES 患者 (编号),
  科室编号 INTEGER NOT NULL REFERENCES 科室 (编号), 入院日期 DATE NOT NULL, 出院日期 DATE, 费用 INTEGER NOT NULL);
"""

AIRLINE = """
CREATE TABLE Airports (AirportId INTEGER PRIMARY KEY, Code TEXT NOT NULL, AirportName TEXT NOT NULL, City TEXT NOT NULL,
  Country TEXT NOT NULL, Elevation INTEGER);
CREATE TABLE Aircraft (AircraftId INTEGER PRIMARY KEY, Model TEXT NOT NULL, Manufacturer TEXT NOT NULL,
  SeatCapacity INTEGER NOT NULL, DeliveredOn DATE NOT NULL);
CREATE TABLE Pilots (PilotId INTEGER PRIMARY KEY, FirstName TEXT NOT NULL, LastName TEXT NOT NULL,
  HireDate DATE NOT NULL, BirthDate DATE NOT NULL, AnnualSalary INTEGER NOT NULL, IsCaptain INTEGER NOT NULL, Email TEXT);
CREATE TABLE Flights (FlightId INTEGER PRIMARY KEY, FlightNumber TEXT NOT NULL, AircraftId INTEGER NOT NULL,
  PilotId INTEGER NOT NULL, OriginId INTEGER NOT NULL REFERENCES Airports (AirportId),
  DepartureTime DATETIME NOT NULL, DistanceKm INTEGER NOT NULL, DelayMinutes INTEGER, Status TEXT NOT NULL);
CREATE TABLE Passengers (PassengerId INTEGER PRIMARY KEY, FullName TEXT NOT NULL, Nationality TEXT NOT NULL,
  FrequentFlyer TEXT NOT NULL, JoinedOn DATE, Email TEXT);
CREATE TABLE Bookings (BookingId INTEGER PRIMARY KEY, PassengerId INTEGER NOT NULL, FlightId INTEGER NOT NULL,
  BookedAt DATETIME NOT NULL, CabinClass TEXT NOT NULL, TicketPrice DECIMAL(8,2) NOT NULL, BaggageKg INTEGER);
"""


def hospital(path: Path) -> None:
    dice = Dice(7)
    wards = ("内科", "外科", "儿科", "骨科", "眼科", "急诊科")
    names = [
        "王伟",
        "李娜",
        "张敏",
        "刘洋",
        "陈静",
        "杨磊",
        "赵婷",
        "黄勇",
        "周涛",
        "吴霞",
        "孙倩",
        "朱军",
        "胡斌",
        "郭丽",
        "何超",
        "林峰",
        "高洁",
        "罗刚",
        "郑爽",
        "梁宇",
    ]
    with closing(sqlite3.connect(path)) as file:
        file.executescript(HOSPITAL)
        put = _put(file)
        put("科室", [(n, name, n, 20 + dice.below(60)) for n, name in enumerate(wards, 1)])
        put(
            "医生",
            [
                (
                    n,
                    names[n % 20] + ("" if n <= 20 else "子"),
                    "男女"[dice.below(2)],
                    ("主任医师", "副主任医师", "主治医师", "住院医师")[dice.pick((1, 2, 4, 3))],
                    1 + dice.below(6),
                    _day(dice, 2010, 14),
                    8_000 + dice.below(220) * 100,
                )
                for n in range(1, 41)
            ],
        )
        put(
            "患者",
            [
                (
                    n,
                    names[dice.below(20)] + names[dice.below(20)][1],
                    "男女"[dice.below(2)],
                    _day(dice, 1945, 75),
                    None if n % 8 == 0 else ("A", "B", "O", "AB")[dice.below(4)],
                    None if n % 10 == 0 else f"138{n:08d}",
                    ("杭州", "宁波", "温州", "绍兴")[dice.pick((5, 3, 2, 1))],
                )
                for n in range(1, 401)
            ],
        )
        put(
            "挂号记录",
            [
                (
                    n,
                    1 + dice.below(360),
                    1 + dice.below(38),
                    f"{_day(dice, 2024, 2)} {8 + dice.below(9):02d}:{dice.below(60):02d}:00",
                    (10, 25, 50)[dice.pick((5, 3, 2))],
                    ("已就诊", "已取消", "待就诊")[dice.pick((8, 1, 1))],
                )
                for n in range(1, 2_001)
            ],
        )
        kinds = ("抗生素", "止痛药", "中成药", "维生素", "心血管")
        put(
            "药品",
            [
                (
                    n,
                    f"{('阿莫', '布洛', '复方', '头孢', '维康', '安神', '清热', '降压')[n % 8]}{('胶囊', '片', '颗粒', '口服液')[n % 4]}{n}号",
                    kinds[dice.below(5)],
                    (300 + dice.below(12_000)) / 100,
                    dice.below(900),
                    dice.below(2),
                )
                for n in range(1, 61)
            ],
        )
        put(
            "处方明细",
            [
                (n, 1 + dice.below(2_000), 1 + dice.below(58), 1 + dice.below(5))
                for n in range(1, 3_001)
            ],
        )
        rows = []
        for n in range(1, 301):
            start = date.fromisoformat(_day(dice, 2024, 2))
            end = None if n % 15 == 0 else (start + timedelta(days=1 + dice.below(20))).isoformat()
            rows.append(
                (
                    n,
                    1 + dice.below(360),
                    1 + dice.below(6),
                    start.isoformat(),
                    end,
                    800 + dice.below(40_000),
                )
            )
        put("住院记录", rows)
        file.commit()


def airline(path: Path) -> None:
    dice = Dice(11)
    places = (
        ("LHR", "Heathrow", "London", "United Kingdom"), ("CDG", "Charles de Gaulle", "Paris", "France"),
        ("JFK", "Kennedy", "New York", "USA"), ("LAX", "Los Angeles International", "Los Angeles", "USA"),
        ("PEK", "Beijing Capital", "Beijing", "China"), ("PVG", "Pudong", "Shanghai", "China"),
        ("HND", "Haneda", "Tokyo", "Japan"), ("FRA", "Frankfurt Main", "Frankfurt", "Germany"),
        ("SYD", "Kingsford Smith", "Sydney", "Australia"), ("ORD", "O'Hare", "Chicago", "USA"),
    )  # fmt: skip
    first = [
        "Alice",
        "Bruno",
        "Carla",
        "David",
        "Elena",
        "Felix",
        "Grace",
        "Hugo",
        "Irene",
        "Jonas",
    ]
    last = [
        "Adler",
        "Becker",
        "Costa",
        "Duval",
        "Evans",
        "Fischer",
        "Garcia",
        "Hansen",
        "Ito",
        "Jensen",
    ]
    nations = ("China", "USA", "Germany", "France", "Japan", "Brazil")
    with closing(sqlite3.connect(path)) as file:
        file.executescript(AIRLINE)
        put = _put(file)
        put(
            "Airports",
            [(n, *one, None if n == 9 else dice.below(600)) for n, one in enumerate(places, 1)],
        )
        models = (
            ("A320", "Airbus", 180),
            ("A350", "Airbus", 325),
            ("B737", "Boeing", 160),
            ("B787", "Boeing", 290),
            ("E190", "Embraer", 100),
        )
        put("Aircraft", [(n, *models[n % 5], _day(dice, 2008, 16)) for n in range(1, 26)])
        put(
            "Pilots",
            [
                (
                    n,
                    first[dice.below(10)],
                    last[dice.below(10)],
                    _day(dice, 2005, 19),
                    _day(dice, 1962, 35),
                    60_000 + dice.below(150) * 1_000,
                    dice.below(2),
                    None if n % 6 == 0 else f"p{n}@air.example",
                )
                for n in range(1, 41)
            ],
        )
        put(
            "Flights",
            [
                (
                    n,
                    f"TS{100 + n}",
                    1 + dice.below(23),
                    1 + dice.below(38),
                    1 + dice.below(9),
                    f"{_day(dice, 2023, 3)} {dice.below(24):02d}:{dice.below(60):02d}:00",
                    300 + dice.below(11_000),
                    None if n % 14 == 0 else dice.below(120) * dice.below(2),
                    ("Landed", "Cancelled", "Scheduled", "Diverted")[dice.pick((85, 6, 7, 2))],
                )
                for n in range(1, 801)
            ],
        )
        put(
            "Passengers",
            [
                (
                    n,
                    f"{first[dice.below(10)]} {last[dice.below(10)]}",
                    nations[dice.below(6)],
                    "YN"[dice.below(2)],
                    None if n % 9 == 0 else _day(dice, 2019, 6),
                    None if n % 5 == 0 else f"t{n}@mail.example",
                )
                for n in range(1, 501)
            ],
        )
        put(
            "Bookings",
            [
                (
                    n,
                    1 + dice.below(470),
                    1 + dice.below(800),
                    f"{_day(dice, 2023, 3)} {dice.below(24):02d}:00:00",
                    ("Economy", "Business", "First")[dice.pick((75, 20, 5))],
                    (5_000 + dice.below(150_000)) / 100,
                    None if n % 11 == 0 else dice.below(40),
                )
                for n in range(1, 3_001)
            ],
        )
        file.commit()


BUILDERS: dict[str, Callable[[Path], None]] = {
    "shop": build_shop,
    "hospital": hospital,
    "airline": airline,
}


def _put(file: sqlite3.Connection) -> Callable[[str, list[tuple]], None]:
    def put(table: str, rows: list[tuple]) -> None:
        file.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(rows[0]))})', rows)

    return put


def _day(dice: Dice, first_year: int, years: int) -> str:
    return (date(first_year, 1, 1) + timedelta(days=dice.below(years * 365))).isoformat()
