"""What the checks blame is set aside with its reason, and nothing else is."""

from __future__ import annotations

from taishang.generation import quarantine
from taishang.generation.ir import CheckRow, FileOrigin, Origins, ProjectTest, Verification
from tests.generation import blueprints

ROUTE = "endpoint:GET /v1/labels"


def test_red_checks_and_red_tests_name_items():
    verification = Verification(
        checks=[CheckRow(name="replay", state="fail", log="answers 500", items=[ROUTE])],
        tests=[ProjectTest(name="api.tests.test_task.TaskTests.test_get_x_answers", result="fail")],
    )
    where = Origins(tests={"api.tests.test_task.TaskTests.test_get_x_": "endpoint:GET /x"})

    assert set(quarantine.blamed(verification=verification, origins=where)) == {
        ROUTE,
        "endpoint:GET /x",
    }


def test_an_endpoint_moves_to_unresolved():
    found = quarantine.quarantine(blueprint=blueprints.camel_tasks(), blame={ROUTE: "answers 500"})

    assert ROUTE not in {endpoint.key for endpoint in found.endpoints}
    assert [u.why for u in found.unresolved if u.what == ROUTE] == ["answers 500"]


def test_an_entity_takes_its_endpoints_seeds_and_references_along():
    found = quarantine.quarantine(
        blueprint=blueprints.camel_tasks(), blame={"entity:Label": "does not start"}
    )

    assert found.entity("Label") is None
    assert all(endpoint.entity != "Label" for endpoint in found.endpoints)
    assert all(seed.entity != "Label" for seed in found.seeds)
    assert all(link.target != "Label" for each in found.entities for link in each.relations)


def test_a_traceback_blames_the_last_module_that_has_an_owner():
    where = Origins(files={"api/models/task.py": FileOrigin(rule="models", items=["entity:Task"])})
    log = 'File "/x/project/api/models/task.py", line 3\nFile "/lib/django/x.py", line 1\nError: no'

    assert quarantine.blamed_by_log(log=log, origins=where) == {"entity:Task": "Error: no"}
