"""Two programs in one run, in turns: a ratio with its spread says what an absolute rate cannot."""

import io
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Program = Callable[[], None]
Application = Callable[..., Any]


@dataclass
class Rates:
    """Calls per second of each program, round by round."""

    by_name: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, name: str, to: str) -> tuple[float, float, float]:
        """Median, lowest and highest of the per-round ratios."""
        found = [a / b for a, b in zip(self.by_name[name], self.by_name[to], strict=True)]
        return statistics.median(found), min(found), max(found)

    def rate(self, name: str) -> float:
        return statistics.median(self.by_name[name])


def measure(programs: Mapping[str, Program], *, rounds: int, calls: int) -> Rates:
    """Run every program `calls` times in each round, in turns, after one warm-up."""
    rates = Rates({name: [] for name in programs})
    for program in programs.values():
        _timed(program, calls // 4)
    for _round in range(rounds):
        for name, program in programs.items():
            rates.by_name[name].append(calls / _timed(program, calls))
    return rates


def request(
    application: Application,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    expect: int = 200,
) -> Program:
    """A program that sends one request to a WSGI application and reads the whole answer."""
    plain, _question, query = path.partition("?")
    given = {
        "REQUEST_METHOD": method,
        "PATH_INFO": plain,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "CONTENT_TYPE": "application/json" if body else "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        **{
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in (headers or {}).items()
        },
    }

    def send() -> None:
        seen: list[str] = []

        def start(status: str, _headers: object, _error: object = None) -> None:
            seen.append(status)

        answer = application({**given, "wsgi.input": io.BytesIO(body)}, start)
        content = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if not seen[0].startswith(str(expect)):
            raise AssertionError(f"{method} {path}: {seen[0]} {content[:300]!r}")

    return send


def _timed(program: Program, calls: int) -> float:
    started = time.perf_counter()
    for _call in range(calls):
        program()
    return time.perf_counter() - started
