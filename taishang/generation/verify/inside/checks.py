"""The checks in their order. Each is one function that fails by raising or by `check.fail`."""

import io
import re
import unittest
from pathlib import Path

STEPS = (
    "compile", "check", "makemigrations", "migrate", "reverse", "loaddata", "tests", "openapi", "replay",
    "isolation",
)  # fmt: skip
NEEDS = {
    "check": "compile", "makemigrations": "check", "migrate": "check", "reverse": "migrate",
    "loaddata": "migrate", "tests": "migrate", "openapi": "check", "replay": "loaddata",
    "isolation": "loaddata",
}  # fmt: skip
FIXTURE = "fixtures/seed.json"


def run(report, order, check_class):
    for name in STEPS:
        needed = NEEDS.get(name)
        if needed and not report.passed(needed):
            report.add({"name": name, "state": "skipped", "log": f"needs {needed}", "limit": None,
                        "items": [], "milliseconds": 0})  # fmt: skip
            continue
        with check_class(report, name) as check:
            globals()[f"check_{name}"](check, report, order)


def check_compile(check, report, order):
    for path in sorted(Path().rglob("*.py")):
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


def check_check(check, report, order):
    import django
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LOGGING_CONFIG = None
    django.setup()
    from django.core import checks

    for found in checks.run_checks():
        if found.level >= checks.ERROR:
            check.fail(found)
        elif found.level >= checks.WARNING:
            check.row["log"] += f"{found}\n"


def check_makemigrations(check, report, order):
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    conflicts = loader.detect_conflicts()
    if conflicts:
        check.fail(f"conflicting migrations: {conflicts}")
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    changes = detector.changes(graph=loader.graph)
    for label, migrations in sorted(changes.items()):
        for migration in migrations:
            for operation in migration.operations:
                check.fail(f"{label}: {operation.describe()} has no migration")


def check_migrate(check, report, order):
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def check_reverse(check, report, order):
    from django.core.management import call_command

    before = schema()
    for label in (order["app"], "accounts"):
        call_command("migrate", label, "zero", verbosity=0, interactive=False)
    call_command("migrate", verbosity=0, interactive=False)
    if schema() != before:
        check.fail("the schema differs after going to zero and forward again")


def schema():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
        return sorted(map(repr, cursor.fetchall()))


def check_loaddata(check, report, order):
    if not Path(FIXTURE).exists():
        return
    load()
    once = counts()
    load()
    if counts() != once:
        check.fail("loading the fixture twice made new rows")


def load():
    from django.core.management import call_command

    if Path(FIXTURE).exists():
        call_command("loaddata", FIXTURE, verbosity=0)


def counts():
    from django.apps import apps

    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


class Results(unittest.TestResult):
    """Rows instead of dots."""

    def __init__(self, report, check):
        super().__init__()
        self.report, self.check = report, check

    def keep(self, test, result, log=""):
        self.report.tests.append({"name": test.id(), "result": result, "log": log[-2000:]})

    def addSuccess(self, test):  # noqa: N802
        self.keep(test, "pass")

    def addSkip(self, test, reason):  # noqa: N802
        self.keep(test, "skipped", reason)

    def addFailure(self, test, err):  # noqa: N802
        super().addFailure(test, err)
        self.fail_with(test, err, self.failures[-1][1])

    def addError(self, test, err):  # noqa: N802
        super().addError(test, err)
        self.fail_with(test, err, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):  # noqa: N802
        if err is not None:
            self.fail_with(test, err, str(err[1]))

    def fail_with(self, test, err, log):
        from __main__ import limit_of

        self.keep(test, "fail", log)
        self.check.fail(f"{test.id()}\n{log[-1500:]}", limit=limit_of(err[1]))


def check_tests(check, report, order):
    from django.core.management import call_command
    from django.test.runner import DiscoverRunner
    from django.test.utils import setup_test_environment

    setup_test_environment()
    call_command("flush", verbosity=0, interactive=False)
    suite = DiscoverRunner(verbosity=0, interactive=False).build_suite()
    suite.run(Results(report, check))
    call_command("flush", verbosity=0, interactive=False)
    load()


def spelt(path):
    return re.sub(r"\{[^{}]*\}", "{}", path).rstrip("/")


def check_openapi(check, report, order):
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiYamlRenderer
    from drf_spectacular.validation import validate_schema

    described = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(described)
    stored = Path("openapi.yaml")
    if stored.exists() and stored.read_bytes() != OpenApiYamlRenderer().render(described):
        check.fail("openapi.yaml is not what the code says")
    offered = {
        (method.upper(), spelt(path))
        for path, item in described["paths"].items()
        for method in item
    }
    wanted = {(each["method"], spelt(each["route"])): each["key"] for each in order["endpoints"]}
    for method, path in sorted(set(wanted) - offered):
        check.fail(f"missing: {method} {path}", items=[wanted[method, path]])
    if order["complete"]:
        for method, path in sorted(offered - set(wanted)):
            check.fail(f"not asked for: {method} {path}")


def quiet(call):
    """Silence what Django prints about expected refusals."""
    import logging

    logging.disable(logging.CRITICAL)
    with io.StringIO():
        return call()


def check_replay(check, report, order):
    from calls import Caller

    caller = Caller(order)
    for row in quiet(caller.replay):
        report.replay.append(row)
        if row["red"]:
            check.fail(f"{row['method']} {row['path']}: {row['why']}", items=[row["key"]])


def check_isolation(check, report, order):
    from calls import Caller

    caller = Caller(order)
    for row in quiet(caller.isolate):
        report.isolation.append(row)
        if row["red"]:
            check.fail(f"{row['method']} {row['path']}: {row['why']}", items=[row["key"]])
