"""What a request costs: `python -m benchmarks.rest [--rounds 5] [--calls 200] [--json FILE]`.

Every figure is a ratio of two programs of one run, taken in turns; median and spread over the rounds. Requests
go to the WSGI applications inside this process, so a network's noise is not measured. B0 is one SELECT behind a
bare WSGI function, B1 adds the token's check and the tenant's envelope in one pipeline.
"""

import argparse
import json
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts import (  # noqa: E402
    api_keys,
    authentication,
    limits,
    middleware,
    permissions,
    secrets,
    sessions,
    signup,
    tenancy,
    tokens,
)
from accounts.models import ApiKey, User, Workspace  # noqa: E402
from accounts.web import throttles  # noqa: E402
from benchmarks.rivals import bare, plain  # noqa: E402
from benchmarks.rounds import Program, Rates, measure, request  # noqa: E402
from config import embedded  # noqa: E402
from tests.rig.limits import ease  # noqa: E402

GOALS = (
    ("list of 20", "list", "B0", 0.40),
    ("list of 20", "list", "B1", 0.60),
    ("list of 20", "list", "ninja", 1.30),
    ("list of 20", "list", "REST framework", None),
    ("detail", "detail", "B1 detail", 0.55),
    ("304", "304", "detail", 2.0),
    ("write with audit row", "write", "two INSERTs", 0.50),
    ("tenant envelope on/off", "list", "list, no envelope", 0.70),
    ("rate limit on/off", "list", "list, no limit", 0.90),
    ("refresh rotation", "refresh", "UPDATE and INSERT", 0.50),
    ("/healthz", "healthz", "healthz, no middleware", 0.50),
)
KEYS = "/api/v1/api-keys/"


def main() -> None:
    options = _options()
    world = World.build()
    rates = measure(world.programs(), rounds=options.rounds, calls=options.calls)
    print(
        f"statements of a list: {world.statements(KEYS)}, of a detail: {world.statements(world.detail)}"
    )
    print(f"permission check when cached: {world.permission_statements()} statements\n")
    rows = [_row(rates, *goal) for goal in GOALS]
    for row in rows:
        print(row["text"])
    print(
        "\ncalls per second, medians: "
        + ", ".join(f"{n} {rates.rate(n):.0f}" for n in rates.by_name)
    )
    if options.json:
        options.json.write_text(json.dumps({"goals": rows, "rates": rates.by_name}, indent=1))


def _row(rates: Rates, what: str, name: str, to: str, goal: float | None) -> dict[str, Any]:
    middle, low, high = rates.ratio(name, to)
    verdict = "" if goal is None else f"goal ≥ {goal}: {'met' if middle >= goal else 'missed'}"
    text = f"{what:<26} {middle:6.2f} × {to:<24} [{low:.2f} – {high:.2f}]  {verdict}"
    return {
        "what": what,
        "to": to,
        "ratio": middle,
        "low": low,
        "high": high,
        "goal": goal,
        "text": text,
    }


class World:
    """Somebody with twenty-five keys, a token, and every program that is measured."""

    def __init__(self, user: User, workspace: Workspace, pair: tokens.Pair) -> None:
        self.user, self.workspace, self.pair = user, workspace, pair
        self.refresh = pair.refresh
        self.ours = WSGIHandler()
        self.headers = {
            "Authorization": f"Bearer {pair.access}",
            "X-Workspace-Id": str(workspace.id),
        }
        with tenancy.workspace(workspace.id, user_id=user.id):
            self.detail = f"{KEYS}{ApiKey.objects.get(name='key 7').pk}/"

    @classmethod
    def build(cls) -> "World":
        embedded.ensure()
        embedded.prepare_database(str(settings.DATABASES["default"]["NAME"]))
        call_command("migrate", database="owner", verbosity=0)
        ease()
        name = f"bench{secrets.sign(str(timezone.now()).encode(), purpose='bench')[1].hex()[:12]}"
        user = signup.open_account(
            email=f"{name}@example.com", username=name, password="a long quiet green lamp"
        )
        with tenancy.user(user.id):
            workspace = Workspace.objects.get(owner=user)
            pair = tokens.open_family(user=user, facts=sessions.Facts(ip="127.0.0.1"))
        with tenancy.workspace(workspace.id, user_id=user.id):
            for number in range(25):
                api_keys.mint(
                    user=user,
                    workspace_id=workspace.id,
                    name=f"key {number}",
                    scopes=["workspace.view"],
                    held=frozenset({"workspace.view"}),
                    expires_at=timezone.now() + timedelta(days=1),
                )
        _stand_in(workspace, user)
        return cls(user, workspace, pair)

    def programs(self) -> dict[str, Program]:
        superuser = bare.pool(_conninfo("postgres", "database_superuser"))
        app = bare.pool(_conninfo("taishang_app", "database_app"))
        rival, quiet = plain.application(), plain.without_ours()
        tagged = {**self.headers, "If-None-Match": self._tag()}
        return {
            "B0": request(bare.b0(superuser, self.workspace.id), "GET", KEYS),
            "B1": request(bare.b1(app, self.workspace.id), "GET", KEYS, headers=self.headers),
            "B1 detail": request(
                bare.b1(app, self.workspace.id, bare.DETAIL), "GET", KEYS, headers=self.headers
            ),
            "REST framework": request(rival, "GET", "/drf/keys/", headers=self.headers),
            "ninja": request(rival, "GET", "/ninja/keys/", headers=self.headers),
            "list": request(self.ours, "GET", KEYS, headers=self.headers),
            "list, no limit": without(
                _no_limit, request(self.ours, "GET", KEYS, headers=self.headers)
            ),
            "list, no envelope": without(
                _no_envelope(self), request(self.ours, "GET", KEYS, headers=self.headers)
            ),
            "detail": request(self.ours, "GET", self.detail, headers=self.headers),
            "304": request(self.ours, "GET", self.detail, headers=tagged, expect=304),
            "write": self._write,
            "two INSERTs": _two_inserts(superuser),
            "refresh": self._refresh,
            "UPDATE and INSERT": _update_and_insert(superuser, self.pair),
            "healthz": request(self.ours, "GET", "/healthz"),
            "healthz, no middleware": request(quiet, "GET", "/healthz"),
        }

    def statements(self, path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            request(self.ours, "GET", path, headers=self.headers)()
        return len([one for one in captured if not one["sql"].startswith(("BEGIN", "COMMIT"))])

    def permission_statements(self) -> int:
        asked = {"user_id": self.user.id, "workspace_id": self.workspace.id, "is_owner": False}
        with tenancy.workspace(self.workspace.id, user_id=self.user.id):
            permissions.held(**asked, versions="1.1")
            with CaptureQueriesContext(connection) as captured:
                permissions.held(**asked, versions="1.1")
        return len(captured)

    def _tag(self) -> str:
        seen: dict[str, str] = {}

        def remember(_status: str, headers: Any, _error: object = None) -> None:
            seen.update(headers)

        send = request(self._tapped(remember), "GET", self.detail, headers=self.headers)
        send()
        return seen["ETag"]

    def _tapped(self, tap: Callable[..., None]) -> Callable[..., Any]:
        def application(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            def both(status: str, headers: Any, error: object = None) -> None:
                tap(status, headers, error)
                start(status, headers, error)

            return self.ours(environ, both)

        return application

    def _write(self) -> None:
        self.number = getattr(self, "number", 12) % 28 + 12
        body = json.dumps({"editor_font_size": self.number}).encode()
        request(self.ours, "PATCH", "/api/v1/me/settings/", headers=self.headers, body=body)()

    def _refresh(self) -> None:
        with tenancy.user(self.user.id):
            self.refresh = tokens.refresh(presented=self.refresh, facts=sessions.Facts()).refresh


@contextmanager
def _no_limit() -> Any:
    before = throttles.demands_of
    throttles.demands_of = lambda _request: []
    try:
        yield
    finally:
        throttles.demands_of = before


def _no_envelope(world: World) -> Callable[[], Any]:
    """The same request with its principal known and no transaction: the connection itself stands in the tenant."""
    principal = _principal(world)

    def straight(self: middleware.TenancyMiddleware, asked: Any) -> Any:
        asked.principal = principal
        asked.rate_demands = throttles.demands_of(asked)
        asked.rate_verdicts, _left = limits.by_redis(asked.rate_demands)
        return self.get_response(asked)

    @contextmanager
    def absent() -> Any:
        before = middleware.TenancyMiddleware._enveloped
        middleware.TenancyMiddleware._enveloped = straight  # type: ignore[method-assign]
        try:
            yield
        finally:
            middleware.TenancyMiddleware._enveloped = before  # type: ignore[method-assign]

    return absent


def _principal(world: World) -> Any:
    headers = {
        "Authorization": f"Bearer {world.pair.access}",
        "X-Workspace-Id": str(world.workspace.id),
    }
    return authentication.authenticate(RequestFactory().get(KEYS, headers=headers))


def without(absent: Callable[[], Any], program: Program) -> Program:
    """The program with something left out."""

    def run() -> None:
        with absent():
            program()

    return run


def _two_inserts(connections: Any) -> Program:
    """The least a write with its trail can be: two rows in one transaction."""

    def run() -> None:
        with connections.connection() as link:
            for _row in range(2):
                link.execute(
                    "INSERT INTO bench_rows (content) VALUES (%s)", ['{"editor_font_size": 14}']
                )

    with connections.connection() as link:
        link.execute(
            "CREATE TABLE IF NOT EXISTS bench_rows (id bigserial PRIMARY KEY, content jsonb, at timestamptz DEFAULT now())"
        )
    return run


def _update_and_insert(connections: Any, pair: tokens.Pair) -> Program:
    def run() -> None:
        with connections.connection() as link:
            link.execute(
                "UPDATE bench_rows SET at = now() WHERE id = (SELECT max(id) FROM bench_rows)"
            )
            link.execute("INSERT INTO bench_rows (content) VALUES (%s)", ['{"token": "x"}'])

    return run


def _stand_in(workspace: Workspace, user: User) -> None:
    """New connections stand in the tenant by themselves; the envelope's settings still win where there are any."""
    connection.close()
    connection.close_pool()
    connection.settings_dict["OPTIONS"]["options"] = (
        f"-c app.workspace_id={workspace.id} -c app.user_id={user.id}"
    )


def _conninfo(role: str, secret: str) -> str:
    servers = settings.SERVERS
    name = settings.DATABASES["default"]["NAME"]
    return f"host={servers.socket_dir} user={role} password={servers.secret(secret)} dbname={name}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
