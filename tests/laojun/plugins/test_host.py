"""Asking plugins: in order, each in its time, and whatever they do the caller's own work stands."""

import time

import pytest
from django.db import connection

from accounts import tenancy
from laojun.models import Config, Plugin, PluginDelivery, PluginInstance
from laojun.plugins import calling, circuit, host
from laojun.plugins.hooks import HookPoint, hooks
from laojun.plugins.outcomes import Outcome
from laojun.plugins.runtimes import wasm
from tests import factories
from tests.laojun.plugins import modules
from tests.laojun.plugins.plugged import open_loopback, plug, receiving, secret

SCHEMA = {
    "type": "object",
    "properties": {
        "sql": {"type": "string", "x-permission": "data:sql.text"},
        "rows": {"type": "array", "items": {"type": "string"}, "x-permission": "data:sql.rows"},
    },
}
POINT = HookPoint(
    name="test.question",
    version=1,
    permissions=frozenset({"data:sql.text", "data:sql.rows"}),
    input_schema=SCHEMA,
    output_schema={
        "type": "object",
        "properties": {"sql": {"type": "string"}},
        "required": ["sql"],
        "additionalProperties": False,
    },
    mode="sync",
    deadline_s=2.0,
    max_in=10_000,
    max_out=10_000,
    label="test",
)


@pytest.fixture(autouse=True)
def point(monkeypatch):
    monkeypatch.setitem(hooks._entries, POINT.name, POINT)
    yield POINT
    wasm.end_all()


@pytest.fixture
def programs(monkeypatch):
    """Slug → the program that a plugin's package holds."""
    held: dict[str, bytes] = {}

    def payload_file(version, _name):
        return held[version.manifest["slug"]]

    monkeypatch.setattr(calling.storing, "payload_file", payload_file)
    return held


def program(alice, programs, slug: str, code: bytes, **options) -> PluginInstance:
    programs[slug] = code
    return plug(
        alice.workspace,
        slug,
        kind="wasm",
        hooks=(POINT.name,),
        permissions=options.pop("permissions", ("data:sql.text",)),
        files={"plugin.wasm": slug.ljust(64, "0")},
        **options,
    )


def ask(alice, payload=None) -> dict[str, Outcome]:
    answers = host.call(POINT.name, alice.workspace.pk, payload or {"sql": "SELECT 1"})
    return {answer.slug: answer.outcome for answer in answers}


def calls(alice) -> list[PluginDelivery]:
    with tenancy.workspace(alice.workspace.pk):
        return list(PluginDelivery.objects.order_by("created_at"))


def test_an_answer_comes_back_and_leaves_a_row(alice, programs):
    program(alice, programs, "tidy", modules.answering('{"sql": "SELECT 2"}'))

    outcome = ask(alice)["tidy"]

    assert outcome.output == {"sql": "SELECT 2"}
    (row,) = calls(alice)
    assert (row.hook, row.mode, row.state) == (POINT.name, "sync", "delivered")
    assert row.bytes_out > 0
    assert row.payload is None


def test_nobody_is_asked_where_nobody_is_plugged_in(alice):
    assert host.call(POINT.name, alice.workspace.pk, {}) == []
    assert not host.is_used(POINT.name, alice.workspace.pk)


def test_an_unknown_hook_is_a_mistake_of_the_caller(alice):
    with pytest.raises(host.UnknownHook):
        host.call("no.such", alice.workspace.pk, {})


def test_answers_come_by_priority_and_then_by_name(committed, programs):
    anna = factories.person("anna")
    for slug, priority in (("zeta", 10), ("beta", 50), ("alpha", 50)):
        program(anna, programs, slug, modules.answering('{"sql": "x"}'), priority=priority)

    assert list(ask(anna)) == ["zeta", "alpha", "beta"]


def test_what_a_plugin_gets_is_what_it_may_see(alice, programs, monkeypatch):
    seen = []
    program(alice, programs, "tidy", modules.answering('{"sql": "x"}'))
    real = calling.run
    monkeypatch.setattr(
        host.calling, "run", lambda one, call: seen.append(call.shown) or real(one, call)
    )

    ask(alice, {"sql": "SELECT 1", "rows": ["secret"]})

    assert seen == [{"sql": "SELECT 1"}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"sql": 7}', "invalid_output"),
        ('{"sql": "x", "more": 1}', "invalid_output"),
        ('{"sql": "a\\u0000b"}', "invalid_output"),
        ("not json", "invalid_json"),
        ("", "invalid_output"),
    ],
)
def test_an_output_that_does_not_fit_is_thrown_away_whole(alice, programs, text, code):
    program(alice, programs, "odd", modules.answering(text))

    outcome = ask(alice)["odd"]

    assert (outcome.code, outcome.output) == (code, None)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (modules.FOR_EVER, {"fuel_exhausted", "timeout"}),
        (modules.GLUTTON, {"memory_exceeded"}),
        (modules.CONNECTS, {"module_refused"}),
    ],
)
def test_a_hostile_program_costs_its_caller_nothing_but_time(alice, programs, text, codes):
    program(alice, programs, "hostile", modules.compiled(text), runtime={"memory_mb": 32})
    started = time.monotonic()

    outcome = ask(alice)["hostile"]

    assert outcome.code in codes
    assert time.monotonic() - started < 2 * POINT.deadline_s + 2
    assert alice.get("/").status_code == 200
    (row,) = calls(alice)
    assert (row.state, row.error_code) == ("failed", outcome.code)


def test_a_slow_plugin_takes_no_other_plugins_time(committed, programs):
    anna = factories.person("anna")
    for number in range(3):
        program(anna, programs, f"slow{number}", modules.compiled(modules.FOR_EVER),
                runtime={"fuel": 10**10, "timeout_ms": 1500})  # fmt: skip
    program(anna, programs, "quick", modules.answering('{"sql": "x"}'), priority=900)
    started = time.monotonic()

    outcomes = ask(anna)

    assert outcomes["quick"].is_ok
    assert time.monotonic() - started < 2 * POINT.deadline_s + 2


def test_a_question_that_is_too_large_is_not_asked(alice, programs):
    program(alice, programs, "tidy", modules.answering('{"sql": "x"}'))

    assert ask(alice, {"sql": "x" * 20_000})["tidy"].code == "input_too_large"


def test_an_open_circuit_answers_at_once(alice, programs):
    instance = program(alice, programs, "tidy", modules.compiled(modules.FOR_EVER))
    with tenancy.workspace(alice.workspace.pk):
        for _failure in range(circuit.FAILURES_IN_A_ROW):
            host.keep_circuit(instance.pk, ok=False)
    started = time.monotonic()

    outcome = ask(alice)["tidy"]

    assert outcome.code == "circuit_open"
    assert time.monotonic() - started < 0.2


def test_what_is_blocked_while_it_runs_has_said_nothing(alice, programs, monkeypatch):
    instance = program(alice, programs, "tidy", modules.answering('{"sql": "x"}'))

    def run(_runnable, _call):
        with tenancy.platform_scope(reason="test"):
            PluginInstance.objects.filter(pk=instance.pk).update(enabled=False, health="blocked")
        return Outcome(output={"sql": "x"})

    monkeypatch.setattr(host.calling, "run", run)

    assert ask(alice)["tidy"].code == "abandoned"


def test_a_blocked_plugin_is_not_asked_at_all(alice, programs):
    instance = program(alice, programs, "tidy", modules.answering('{"sql": "x"}'))
    with tenancy.platform_scope(reason="test"):
        Plugin.objects.filter(pk=instance.plugin_id).update(
            status="blocked", status_reason="x", blocked_at=instance.created_at
        )

    assert ask(alice) == {}


def test_ten_are_asked_at_most(alice):
    for number in range(12):
        plug(alice.workspace, f"p{number}", hooks=(POINT.name,))

    with tenancy.workspace(alice.workspace.pk):
        assert len(host.runnables.on_hook(POINT.name, alice.workspace.pk)) == 10


def test_a_runtime_that_cannot_even_start_is_a_failed_call(alice, programs, monkeypatch):
    program(alice, programs, "tidy", modules.answering('{"sql": "x"}'))

    def broken(**_arguments):
        raise OSError("no more processes")

    monkeypatch.setattr(calling.wasm, "run", broken)

    assert ask(alice)["tidy"].code == "crashed"


def test_a_plugin_whose_secret_cannot_be_read_is_not_asked(alice):
    instance = plug(alice.workspace, "locked", hooks=(POINT.name,))
    seal(instance, secret())
    with tenancy.workspace(alice.workspace.pk):
        Config.objects.update(secret_ciphertext="v1:unknown:AAAA")

    assert ask(alice) == {}


def test_a_service_elsewhere_answers_a_question(alice, monkeypatch):
    key = secret()
    with receiving(lambda _request: (200, {}, b'{"sql": "SELECT 3"}')) as receiver:
        open_loopback(receiver.port)
        instance = plug(
            alice.workspace,
            "elsewhere",
            hooks=(POINT.name,),
            permissions=("data:sql.text", "net:127.0.0.1"),
            config={"endpoint": receiver.url},
        )
        seal(instance, key)
        outcome = ask(alice)["elsewhere"]

    assert outcome.output == {"sql": "SELECT 3"}
    assert len(receiver.verified(key)) == 1


def seal(instance: PluginInstance, key: str) -> None:
    with tenancy.workspace(instance.workspace_id):
        row = PluginInstance.objects.with_version().get(pk=instance.pk)
        host.instances.settings.write_secrets(
            row, {"signing_secret": key}, actor=host.audit.Actor.system("tests")
        )


def test_nothing_is_called_inside_a_transaction_of_ours(alice, programs, monkeypatch):
    depths = []
    program(alice, programs, "tidy", modules.answering('{"sql": "x"}'))
    before = len(connection.savepoint_ids)

    def run(_runnable, _call):
        depths.append(len(connection.savepoint_ids))
        return Outcome(output={"sql": "x"})

    monkeypatch.setattr(host.calling, "run", run)
    ask(alice)

    assert depths == [before]
