"""The checks of a project that is set up, in their order.

Each is one function that fails by raising or by `check.fail`.
"""

import logging
import re
import unittest
from pathlib import Path

from calls import Caller
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test.runner import DiscoverRunner
from django.test.utils import setup_test_environment
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema
from limits import limit_of

FIXTURE = "fixtures/seed.json"


def add_model(state, model_state):
    """`ProjectState.add_model` that renders the new model alone.

    Django renders every model that is related to it again. Where each row has an owner that is all of them,
    and 80 models take minutes. Nothing else changes by a new model, so its own rendering is enough.
    """
    key = model_state.app_label, model_state.name_lower
    is_new = key not in state.models
    state.models[key] = model_state
    if state._relations is not None:
        state.resolve_model_relations(key)
    if "apps" not in state.__dict__:
        return
    if is_new:
        state.apps.render_multiple([model_state])
    else:
        state.reload_model(*key)


ProjectState.add_model = add_model


def check_makemigrations(check, report, order):

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

    migrate_all(order)


def migrate_all(order):
    """The project's own app last: what others alter afterwards would render all of its models again."""
    for label in sorted({config.label for config in apps.get_app_configs()} - {order["app"]}):
        if label in MigrationLoader(None).migrated_apps:
            call_command("migrate", label, verbosity=0, interactive=False)
    call_command("migrate", verbosity=0, interactive=False)


def check_reverse(check, report, order):

    before = schema()
    for label in (order["app"], "accounts"):
        call_command("migrate", label, "zero", verbosity=0, interactive=False)
    migrate_all(order)
    if schema() != before:
        check.fail("the schema differs after going to zero and forward again")


def schema():

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

    if Path(FIXTURE).exists():
        call_command("loaddata", FIXTURE, verbosity=0)


def counts():

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
        self.keep(test, "fail", log)
        self.check.fail(f"{test.id()}\n{log[-1500:]}", limit=limit_of(err[1]))


def check_tests(check, report, order):

    setup_test_environment()
    call_command("flush", verbosity=0, interactive=False)
    suite = DiscoverRunner(verbosity=0, interactive=False).build_suite()
    suite.run(Results(report, check))
    call_command("flush", verbosity=0, interactive=False)
    load()


def spelt(path):
    return re.sub(r"\{[^{}]*\}", "{}", path).rstrip("/")


def check_openapi(check, report, order):

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
    logging.disable(logging.CRITICAL)
    return call()


def check_replay(check, report, order):
    caller = Caller(order)
    for row in quiet(caller.replay):
        report.replay.append(row)
        if row["red"]:
            check.fail(f"{row['method']} {row['path']}: {row['why']}", items=[row["key"]])


def check_isolation(check, report, order):
    caller = Caller(order)
    for row in quiet(caller.isolate):
        report.isolation.append(row)
        if row["red"]:
            check.fail(f"{row['method']} {row['path']}: {row['why']}", items=[row["key"]])


STEPS = {
    "makemigrations": check_makemigrations,
    "migrate": check_migrate,
    "reverse": check_reverse,
    "loaddata": check_loaddata,
    "tests": check_tests,
    "openapi": check_openapi,
    "replay": check_replay,
    "isolation": check_isolation,
}
