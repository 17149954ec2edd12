"""The university of the textbook by Silberschatz, Korth and Sudarshan."""

from __future__ import annotations

from typing import Any

TODAY = "2020-01-01"
DDL = """
CREATE TABLE classroom (building TEXT, room_number TEXT, capacity INTEGER, PRIMARY KEY (building, room_number));
CREATE TABLE department (dept_name TEXT PRIMARY KEY, building TEXT, budget NUMERIC(12,2));
CREATE TABLE course (course_id TEXT PRIMARY KEY, title TEXT, dept_name TEXT REFERENCES department, credits INTEGER);
CREATE TABLE instructor (ID TEXT PRIMARY KEY, name TEXT NOT NULL, dept_name TEXT REFERENCES department, salary NUMERIC(8,2));
CREATE TABLE section (course_id TEXT REFERENCES course, sec_id TEXT, semester TEXT, year INTEGER, building TEXT, room_number TEXT, time_slot_id TEXT, PRIMARY KEY (course_id, sec_id, semester, year), FOREIGN KEY (building, room_number) REFERENCES classroom);
CREATE TABLE teaches (ID TEXT REFERENCES instructor, course_id TEXT, sec_id TEXT, semester TEXT, year INTEGER, PRIMARY KEY (ID, course_id, sec_id, semester, year), FOREIGN KEY (course_id, sec_id, semester, year) REFERENCES section);
CREATE TABLE student (ID TEXT PRIMARY KEY, name TEXT NOT NULL, dept_name TEXT REFERENCES department, tot_cred INTEGER);
CREATE TABLE takes (ID TEXT REFERENCES student, course_id TEXT, sec_id TEXT, semester TEXT, year INTEGER, grade TEXT, PRIMARY KEY (ID, course_id, sec_id, semester, year), FOREIGN KEY (course_id, sec_id, semester, year) REFERENCES section);
CREATE TABLE advisor (s_ID TEXT PRIMARY KEY REFERENCES student, i_ID TEXT REFERENCES instructor);
CREATE TABLE prereq (course_id TEXT REFERENCES course, prereq_id TEXT REFERENCES course, PRIMARY KEY (course_id, prereq_id));
"""
DEPARTMENTS = (
    "Biology",
    "Comp. Sci.",
    "Elec. Eng.",
    "Finance",
    "History",
    "Music",
    "Physics",
    "Statistics",
)
BUILDINGS = ("Packard", "Painter", "Taylor", "Watson")
NAMES = (
    "Zhang",
    "Shankar",
    "Brandt",
    "Chavez",
    "Peltier",
    "Levy",
    "Williams",
    "Sanchez",
    "Snow",
    "Brown",
    "Aoi",
    "Bourikas",
    "Tanaka",
)
GRADES = ("A", "A-", "B+", "B", "B-", "C+", "C", "F", None)
SUBJECTS = ("Intro to", "Advanced", "Topics in", "History of", "Methods of")


def tables() -> list[tuple[str, list[tuple[Any, ...]]]]:
    sections = [
        (f"C{n % 36 + 101}", str(n // 36 + 1), ("Fall", "Spring", "Summer")[n % 3], 2016 + n % 4, BUILDINGS[n % 4], str(100 + n % 5), "ABCDEFG"[n % 7])
        for n in range(96)
    ]  # fmt: skip
    return [
        ("classroom", [(building, str(100 + n), 10 + n * 25 + place * 5) for place, building in enumerate(BUILDINGS) for n in range(5)]),
        ("department", [(name, BUILDINGS[n % 4], 50000 + n * 13000 % 71000) for n, name in enumerate(DEPARTMENTS)]),
        ("course", [(f"C{101 + n}", f"{SUBJECTS[n % 5]} {DEPARTMENTS[n % 8]} {n}", DEPARTMENTS[n % 8], n % 4 + 1) for n in range(40)]),
        ("instructor", [(str(10100 + n), NAMES[n % 13] + str(n), DEPARTMENTS[n * 3 % 7], 40000 + n * 3701 % 60000) for n in range(1, 51)]),
        ("section", sections),
        ("teaches", [(str(10101 + n * 7 % 44), *one[:4]) for n, one in enumerate(sections)]),
        ("student", [(str(20000 + n), NAMES[n * 5 % 13] + str(n), DEPARTMENTS[n * 5 % 8], n * 7 % 130) for n in range(1, 401)]),
        ("takes", [(str(20001 + n % 390), *sections[(n * 5 + n // 390 * 13) % 96][:4], GRADES[n * 7 % 9]) for n in range(1900)]),
        ("advisor", [(str(20000 + n), str(10101 + n * 3 % 30)) for n in range(1, 401) if n % 8]),
        ("prereq", [(f"C{101 + n}", f"C{101 + n - 8}") for n in range(8, 40, 3)]),
    ]  # fmt: skip


QUESTIONS: list[tuple[str, str, str, str]] = [
    ("simple count", "有多少学生", "how many students are there", "SELECT COUNT(*) FROM student"),
    ("simple group", "各院系的学生人数", "number of students by department", "SELECT dept_name, COUNT(*) FROM student GROUP BY dept_name"),
    ("simple average", "教师的平均工资", "average salary of instructors", "SELECT AVG(salary) FROM instructor"),
    ("simple group average", "各院系教师的平均工资", "average salary of instructors by department", "SELECT dept_name, AVG(salary) FROM instructor GROUP BY dept_name"),
    ("simple max", "最高的院系预算是多少", "what is the highest department budget", "SELECT MAX(budget) FROM department"),
    ("simple top", "工资最高的3位教师", "the 3 instructors with the highest salary", "SELECT name, salary FROM instructor ORDER BY salary DESC, ID LIMIT 3"),
    ("simple sum", "所有院系的预算总和", "total budget of all departments", "SELECT SUM(budget) FROM department"),
    ("simple group", "各院系的课程数量", "number of courses per department", "SELECT dept_name, COUNT(*) FROM course GROUP BY dept_name"),
    ("simple filter count", "学分为4的课程有多少", "how many courses have 4 credits", "SELECT COUNT(*) FROM course WHERE credits = 4"),
    ("simple compare", "工资超过80000的教师有多少", "how many instructors have a salary above 80000", "SELECT COUNT(*) FROM instructor WHERE salary > 80000"),
    ("simple group", "各楼宇的教室数量", "number of classrooms by building", "SELECT building, COUNT(*) FROM classroom GROUP BY building"),
    ("simple sum", "各楼宇的教室总容量", "total capacity of classrooms by building", "SELECT building, SUM(capacity) FROM classroom GROUP BY building"),
    ("simple group", "每个学期的课程班数量", "number of sections by semester", "SELECT semester, COUNT(*) FROM section GROUP BY semester"),
    ("simple distinct", "有哪些成绩", "which grades are there", "SELECT DISTINCT grade FROM takes"),
    ("exists", "没有导师的学生有多少", "how many students have no advisor", "SELECT COUNT(*) FROM student s WHERE NOT EXISTS (SELECT 1 FROM advisor a WHERE a.s_ID = s.ID)"),
    ("simple value", "History系有多少学生", "how many students are in the History department", "SELECT COUNT(*) FROM student WHERE dept_name = 'History'"),
    ("simple top", "总学分最多的5个学生", "top 5 students by total credits", "SELECT name, tot_cred FROM student ORDER BY tot_cred DESC, ID LIMIT 5"),
    ("simple max", "容量最大的教室", "the classroom with the largest capacity", "SELECT building, room_number, capacity FROM classroom ORDER BY capacity DESC LIMIT 1"),
    ("unanswerable", "学生们喜欢哪门课", "which course do students like best", ""),
    ("unanswerable", "学生的平均身高是多少", "what is the average height of students", ""),
]  # fmt: skip
