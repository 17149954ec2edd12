"""Kinds of work for the suite: one that leaves an effect, and several that will not behave."""

import os
import time
from pathlib import Path

from django.db import connection

from laojun import configs
from taishang.runner import Permanent, RetryLater, Run, handles

ANY = {"type": "object", "additionalProperties": False, "properties": {}}


def _open(**properties: str) -> dict:
    return {**ANY, "properties": {name: {"type": kind} for name, kind in properties.items()}}


@handles("rig.echo", _open(value="integer", text="string"), public=True, label="Echo")
def echo(run: Run) -> dict:
    return {"value": run.payload.get("value"), "attempt": run.attempt}


@handles("rig.stamp", ANY, label="Stamp")
def stamp(run: Run) -> dict:
    """When its first line ran."""
    return {"at": time.time()}


@handles(
    "rig.effect",
    _open(milliseconds="integer", ledger="string", mark="string"),
    queue="generation",
    max_attempts=3,
)
def effect(run: Run) -> None:
    """One effect outside (a file that is made at most once) and one inside (a row per finish)."""
    run.progress(1, 2, "working")
    time.sleep(run.payload["milliseconds"] / 1000)
    _apply_outside(run)
    with run.finish({"attempt": run.attempt}), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rig_effects (task_id, attempt, pid) VALUES (%s, %s, %s)",
            [run.id, run.attempt, os.getpid()],
        )


def _apply_outside(run: Run) -> None:
    folder = Path(run.payload["ledger"])
    with (folder / "calls").open("a") as calls:
        calls.write(f"{run.key('effect')} {run.attempt}\n")
    try:
        (folder / run.key("effect").replace(":", "_")).touch(exist_ok=False)
    except FileExistsError:
        return


@handles("rig.deaf", _open(seconds="number"), cancel_grace_s=1)
def deaf(run: Run) -> None:
    """Never looks whether it should stop."""
    until = time.monotonic() + run.payload["seconds"]
    while time.monotonic() < until:
        time.sleep(0.05)


@handles("rig.patient", _open(seconds="number"), cancel_grace_s=20)
def patient(run: Run) -> None:
    """Looks, and shows how far it is."""
    steps = max(1, int(run.payload["seconds"] * 10))
    for step in range(steps):
        run.progress(step, steps, f"step {step}")
        run.sleep(0.1)


@handles("rig.suicide", ANY)
def suicide(run: Run) -> None:
    os.kill(os.getpid(), 9)


@handles("rig.broken", ANY, max_attempts=1)
def broken(run: Run) -> None:
    raise RuntimeError("password=hunter2 is wrong")


@handles("rig.hopeless", ANY)
def hopeless(run: Run) -> None:
    raise Permanent("no_luck", "This cannot work.")


@handles("rig.later", ANY, max_attempts=2)
def later(run: Run) -> None:
    raise RetryLater(30, "Not now.")


@handles("rig.untidy", ANY)
def untidy(run: Run) -> None:
    """Leaves settings behind on the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '1234ms'")


@handles("rig.peek", ANY)
def peek(run: Run) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return cursor.fetchone()[0]


@handles("rig.talkative", ANY, events=("chapter",))
def talkative(run: Run) -> dict:
    saved = run.saved
    run.checkpoint({"seen": run.attempt})
    run.note("halfway", password="hunter2")
    run.event("chapter", number=1)
    if run.attempt == 1:
        raise RetryLater(0, "once more")
    return {"saved": saved}


@handles("rig.nightly", ANY, scope="platform", queue="maintenance")
def nightly(run: Run) -> None:
    run.progress(1, 1)


@handles("rig.setting", _open(key="string"))
def setting(run: Run) -> dict:
    """What a live setting says to a worker."""
    with run.database():
        return {"value": configs.value(run.payload["key"], run.workspace_id)}


@handles(
    "rig.told", _open(seconds="number", fails="boolean"), max_attempts=1, tells="task", label="Told"
)
def told(run: Run) -> None:
    """Work that somebody waits for."""
    run.sleep(run.payload.get("seconds", 0))
    if run.payload.get("fails"):
        raise Permanent("rig", "It was asked to fail.")
