"""The committed description of the API is the code's, and every view says what it needs."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from accounts import checks
from accounts.registry import problems
from accounts.web import doors
from accounts.web.views import ApiView

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


def test_the_committed_schema_has_not_drifted():
    """Regenerate it with `manage.py spectacular --file docs/openapi.yaml`."""
    current = OpenApiYamlRenderer().render(
        SchemaGenerator().get_schema(request=None, public=True), renderer_context={}
    )

    assert COMMITTED.read_bytes() == current


@pytest.mark.django_db
def test_the_schema_is_open_to_everybody():
    response = Client().get("/api/schema/")

    assert response.content == COMMITTED.read_bytes()


def test_a_view_without_a_declaration_is_found():
    class Forgotten(ApiView):
        required_permissions = {"GET": "no.such"}

        def get(self, request):
            """Unreachable."""

        def post(self, request):
            """Unreachable."""

    faults = [(method, fault) for _view, method, fault in doors.undeclared({Forgotten})]

    assert faults == [
        ("GET", "needs the unknown permission no.such"),
        ("POST", "declares no permission for it"),
    ]
    assert checks.views_declare_permissions() == []
    assert checks.pages_declare_permissions() == []
    assert checks.console_lists_declare_permissions() == []
    assert doors.keys_nobody_asks_for(get_resolver()) == []


def test_every_problem_says_how_to_mend_it():
    assert [problem.code for problem in problems.values() if not problem.remedy] == []
