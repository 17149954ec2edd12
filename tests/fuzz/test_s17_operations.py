"""Whatever is sent to any operation, by an owner or a viewer: no crash, a registered refusal, a documented shape."""

from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
import schemathesis
import yaml
from django.conf import settings
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition, Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
)

from accounts.registry import problems
from tests.fuzz.conftest import EXAMPLES, Caller

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(0)]
SCHEMA = schemathesis.openapi.from_dict(
    yaml.safe_load((Path(settings.BASE_DIR) / "docs" / "openapi.yaml").read_text())
)
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
# They end the account, session, membership or workspace that the other requests need; each has tests of its own.
LEFT_OUT = {
    ("DELETE", "/api/v1/me/"),
    ("DELETE", "/api/v1/workspaces/{workspace_id}/"),
    ("POST", "/api/v1/me/sessions/revocation/"),
    ("POST", "/api/v1/workspaces/{workspace_id}/departure/"),
    ("DELETE", "/api/v1/workspaces/{workspace_id}/members/{user_id}/"),
    ("PATCH", "/api/v1/workspaces/{workspace_id}/members/{user_id}/"),
    # A stream ends when its task does, or never; their frames are checked elsewhere.
    ("GET", "/api/v1/tasks/{task_id}/stream/"),
    ("GET", "/api/v1/notifications/stream/"),
}
LINKED = SCHEMA
for _method, _path in LEFT_OUT:
    LINKED = LINKED.exclude(method=_method, path=_path)


def _cases():
    """Every operation in both modes; where nothing is taken, nothing can be wrong."""
    for found in LINKED.get_all_operations():
        operation = found.ok()
        takes = operation.definition.raw
        for mode in schemathesis.GenerationMode:
            if mode.is_positive or takes.get("parameters") or takes.get("requestBody"):
                yield pytest.param(operation, mode, id=f"{mode.value} {operation.label}")


SECONDS = 20
# Its clients expect errors in a shape of their own.
OPENAI = "/api/openai/"
STEPS = 6
few = hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def send(case, caller: Caller, *, known: bool) -> None:
    """Send one case, with ids that exist or with whatever was made up, and judge the reply."""
    if known:
        for name in set(case.path_parameters or {}) & set(caller.ids):
            case.path_parameters[name] = caller.ids[name]
    for name in ("X-Workspace-Id", "Authorization"):
        case.headers.pop(name, None)
    judge(case, case.call(base_url=caller.address, headers=caller.headers, timeout=SECONDS))


def judge(case, reply) -> None:
    case.validate_response(reply, checks=CHECKS)
    if reply.status_code >= 400:
        body = reply.json()
        if case.path.startswith(OPENAI):
            assert {"message", "type", "code", "param"} <= set(body["error"]), (
                case.as_curl_command()
            )
            return
        assert reply.headers["content-type"] == ["application/problem+json"], case.as_curl_command()
        assert problems[body["code"]].status == reply.status_code
        assert body["trace_id"]


@pytest.mark.parametrize(("operation", "mode"), list(_cases()))
def test_every_operation_takes_anything(operation, mode, caller):
    @few
    @given(data=st.data(), known=st.booleans())
    def run(data, known):
        send(data.draw(operation.as_strategy(generation_mode=mode)), caller, known=known)

    # Where only a free text is taken, no value of it is wrong.
    with suppress(Unsatisfiable) if mode.is_negative else nullcontext():
        run()


def test_what_was_made_is_followed(caller):
    """Operations one after the other, along the addresses and ids that replies name."""
    walked = 0

    class Walk(LINKED.as_state_machine()):
        def get_call_kwargs(self, case):
            case.headers.pop("Authorization", None)
            case.headers.pop("X-Workspace-Id", None)
            return {"base_url": caller.address, "headers": caller.headers, "timeout": SECONDS}

        def validate_response(self, response, case, **_options):
            nonlocal walked
            judge(case, response)
            walked += 1

    # Where a walk leads depends on what the server holds by now; one that cannot be repeated is begun anew.
    while walked < EXAMPLES * STEPS:
        with suppress(FlakyStrategyDefinition):
            Walk.run(
                settings=hypothesis_settings(
                    few, max_examples=2 * EXAMPLES, stateful_step_count=STEPS
                )
            )
