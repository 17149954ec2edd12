"""One call of one plugin: what it may see goes in, what its schema allows comes out."""

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import jsonschema_rs
import orjson

from accounts import tenancy
from laojun.models import Plugin, PluginVersion
from laojun.plugins import broker, events, storing
from laojun.plugins.builtins import builtins
from laojun.plugins.hooks import HookPoint
from laojun.plugins.manifests import ENDPOINT
from laojun.plugins.outcomes import Outcome
from laojun.plugins.runnables import Runnable
from laojun.plugins.runtimes import http, wasm

JSON = "application/json"
logger = logging.getLogger(__name__)
# The one name under which a package brings its program.
MODULE = "plugin.wasm"
_validators: dict[str, Any] = {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """What one plugin is asked. `shown` is what it may see of the payload; `id` names the call to receivers."""

    hook: HookPoint
    id: UUID
    shown: Any
    seconds: float


def shown(hook: HookPoint, payload: Any, granted: frozenset[str]) -> Any:
    """The payload as a plugin with these permissions gets it."""
    return broker.strip(hook.input_schema, payload, granted)


def run(runnable: Runnable, call: Call) -> Outcome:
    """Call the plugin in its runtime and judge what it said. Waits; never inside a transaction. Raises nothing."""
    content = _content(runnable, call)
    if len(content) > call.hook.max_in:
        return Outcome(code="input_too_large", bytes_out=len(content))
    try:
        outcome = _RUNTIMES[runnable.kind](runnable, call, content)
    except Exception as error:
        logger.exception("plugin could not be called slug=%s", runnable.slug)
        return Outcome(code="crashed", detail=type(error).__name__)
    return checked(call.hook, outcome) if outcome.is_ok else outcome


def checked(hook: HookPoint, outcome: Outcome) -> Outcome:
    """The outcome, or a failure where the output is not what the hook takes: it is thrown away whole."""
    unfit = _holds_nul(outcome.output)
    if hook.mode == "async":
        return dataclasses.replace(outcome, output=None) if unfit else outcome
    if unfit:
        return outcome.failed("invalid_output", "a NUL character")
    fault = next(_validator(hook).iter_errors(outcome.output), None)
    if fault is not None:
        path = "/".join(str(part) for part in fault.instance_path)
        return outcome.failed("invalid_output", f"{path or '/'}: {fault.message}")
    return outcome


def _content(runnable: Runnable, call: Call) -> bytes:
    """An event goes out as it is; a question says for which hook, in which version and with which settings."""
    if call.hook.mode == "async":
        return orjson.dumps(call.shown)
    return orjson.dumps(
        {
            "hook": call.hook.name,
            "hook_version": call.hook.version,
            "config": dict(runnable.config),
            "input": call.shown,
        }
    )


def _builtin(runnable: Runnable, call: Call, _content: bytes) -> Outcome:
    """Code of the platform, in this process."""
    began = time.monotonic()
    output = builtins[runnable.slug].run[call.hook.name](call.shown, dict(runnable.config))
    return Outcome(output=output, duration_ms=int((time.monotonic() - began) * 1000))


def _http(runnable: Runnable, call: Call, content: bytes) -> Outcome:
    is_event = call.hook.mode == "async"
    return http.run(
        endpoint=http.Endpoint(str(runnable.config.get(ENDPOINT, "")), runnable.secrets),
        granted=runnable.granted,
        letter=http.Letter(str(call.id), content, events.CONTENT_TYPE if is_event else JSON),
        seconds=call.seconds,
        max_out=call.hook.max_out,
    )


def _wasm(runnable: Runnable, call: Call, content: bytes) -> Outcome:
    def load() -> bytes:
        with tenancy.workspace(runnable.workspace_id):
            version = PluginVersion.objects.get(pk=runnable.version_id)
        return storing.payload_file(version, MODULE)

    try:
        outcome = wasm.run(
            sha256=runnable.files.get(MODULE, ""),
            load=load,
            stdin=content,
            max_out=call.hook.max_out,
            allowance=wasm.Allowance.of_manifest(dict(runnable.runtime), call.seconds),
        )
    except storing.PackageMissing:
        return Outcome(code="module_missing")
    if not outcome.is_ok:
        return dataclasses.replace(outcome, output=None)
    try:
        output = orjson.loads(outcome.output) if outcome.output.strip() else None
    except ValueError:
        return outcome.failed("invalid_json")
    return dataclasses.replace(outcome, output=output)


_RUNTIMES: Mapping[str, Callable[[Runnable, Call, bytes], Outcome]] = {
    Plugin.Kind.BUILTIN: _builtin,
    Plugin.Kind.HTTP: _http,
    Plugin.Kind.WASM: _wasm,
}


def _validator(hook: HookPoint) -> Any:
    if hook.name not in _validators:
        _validators[hook.name] = jsonschema_rs.Draft202012Validator(
            dict(hook.output_schema), offline=True
        )
    return _validators[hook.name]


def _holds_nul(value: Any) -> bool:
    """NUL is text that no database keeps."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(item) for item in value)
