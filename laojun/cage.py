"""Run a program that nobody trusts: limited, watched, alone, and gone when it should be gone."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import psutil

Level = Literal["strong", "partial"]
LimitName = Literal["wall", "cpu", "memory", "output", "cancelled"]
ENTRY = Path(__file__).with_name("cage_entry.py")
TERM_GRACE_SECONDS = 3.0
TICK_SECONDS = 0.1
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a caged program may use. `resident_bytes` counts the whole process tree, None = unwatched."""

    cpu_seconds: int = 60
    address_bytes: int = 1024 * MEBIBYTE
    file_bytes: int = 64 * MEBIBYTE
    descriptors: int = 256
    output_bytes: int = MEBIBYTE
    wall_seconds: float = 90.0
    resident_bytes: int | None = None
    may_fork: bool = False
    unprivileged: bool = True
    walls: bool = True


@dataclass(kw_only=True)
class CageResult:
    """How it ended. `limit` names the limit that ended it, None when the program ended by itself.

    `returncode` follows subprocess: negative = killed by that signal. Units: seconds, bytes.
    """

    returncode: int
    limit: LimitName | None
    stdout: bytes
    stderr: bytes
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    level: Level
    dropped_user: bool


@dataclass(kw_only=True)
class _Watch:
    """The parent's side of one run."""

    process: subprocess.Popen[bytes]
    limits: Limits
    started: float
    on_line: Callable[[bytes], None] | None
    should_stop: Callable[[], bool] | None
    streams: dict[str, bytearray] = field(default_factory=dict)
    line_start: int = 0
    ending_since: float | None = None
    limit: LimitName | None = None
    peak: int = 0

    def take(self, name: str, data: bytes) -> None:
        self.streams[name] += data
        if name == "stdout" and self.on_line:
            self._tell_lines()
        talk = len(self.streams["stdout"]) + len(self.streams["stderr"])
        if talk > self.limits.output_bytes:
            self.end("output")

    def _tell_lines(self) -> None:
        buffer = self.streams["stdout"]
        while (stop := buffer.find(b"\n", self.line_start)) >= 0:
            line = bytes(buffer[self.line_start : stop])
            self.line_start = stop + 1
            if self.on_line:
                self.on_line(line)

    def end(self, limit: LimitName) -> None:
        """Ask politely once; `tick` kills when that did not help."""
        if self.limit is None:
            self.limit = limit
            self.ending_since = time.monotonic()
            self.signal(signal.SIGTERM)
            if limit != "wall":
                self.kill()

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Everything of the tree, also what left the process group."""
        for process in _tree(self.process.pid):
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.signal(signal.SIGKILL)

    def tick(self) -> None:
        now = time.monotonic()
        if self.ending_since is not None:
            if now - self.ending_since > TERM_GRACE_SECONDS:
                self.kill()
            return
        if now - self.started > self.limits.wall_seconds:
            self.end("wall")
        elif self.should_stop and self.should_stop():
            self.end("cancelled")
        elif self.limits.resident_bytes is not None:
            self._watch_memory(self.limits.resident_bytes)

    def _watch_memory(self, most: int) -> None:
        resident = resident_bytes(self.process)
        self.peak = max(self.peak, resident)
        if resident > most:
            self.end("memory")


def run(
    *,
    argv: Sequence[str],
    directory: Path,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
    readable: Sequence[Path] = (),
    on_line: Callable[[bytes], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> CageResult:
    """Run `argv` (absolute program first) inside `directory` and come back when all of it is gone.

    The program sees exactly `environment`. `readable` names folders that it must be able to read, or it keeps
    its user. `on_line` gets each finished line of standard output as it
    comes; `should_stop` is asked ten times a second. Raises nothing for what the program does.
    """
    limits = limits or Limits()
    order = _order(argv, directory, limits, environment or {}, readable)
    status_read, status_write = os.pipe()
    process = _launch(order, status_write, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    watch = _Watch(
        process=process,
        limits=limits,
        started=time.monotonic(),
        on_line=on_line,
        should_stop=should_stop,
        streams={"stdout": bytearray(), "stderr": bytearray(), "status": bytearray()},
    )
    _follow(watch, status_read)
    return _result(watch)


def start(
    *,
    argv: Sequence[str],
    directory: Path,
    limits: Limits,
    readable: Sequence[Path] = (),
) -> subprocess.Popen[bytes]:
    """Start a program that is talked to over its standard input and output, with an empty environment.

    The walls and the limits of the system stand; time and resident memory are the caller's to watch. `end` it.
    """
    order = _order(argv, directory, limits, {}, readable)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    return _launch(order, nowhere, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a started program with everything below it, and wait until it is gone."""
    for member in _tree(process.pid):
        with contextlib.suppress(psutil.Error):
            member.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def resident_bytes(process: subprocess.Popen[bytes]) -> int:
    """What a program and everything below it hold in memory."""
    resident = 0
    for member in _tree(process.pid):
        with contextlib.suppress(psutil.Error):
            resident += member.memory_info().rss
    return resident


def _launch(
    order: dict[str, Any], status: int, *, stdin: int, stderr: int
) -> subprocess.Popen[bytes]:
    """Start the entry script. `status` is closed here."""
    os.set_inheritable(status, True)  # noqa: FBT003
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-S", str(ENTRY), json.dumps(order), str(status)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={},
        pass_fds=(status,),
        start_new_session=True,
    )
    os.close(status)
    return process


def _order(
    argv: Sequence[str],
    directory: Path,
    limits: Limits,
    environment: Mapping[str, str],
    readable: Sequence[Path],
) -> dict[str, Any]:
    return {
        "argv": list(argv),
        "directory": str(directory.resolve()),
        "limits": asdict(limits),
        "environment": dict(environment),
        "must_read": [
            sysconfig.get_path("stdlib"),
            sysconfig.get_path("purelib"),
            sys.prefix,
            sys.base_prefix,
            str(ENTRY),
            *(str(folder) for folder in readable),
        ],
        "may_list": sorted({str(folder.parent) for folder in readable}),
    }


def _follow(watch: _Watch, status: int) -> None:
    """Read all three streams until the last of them closes, and keep the limits meanwhile."""
    assert watch.process.stdout is not None  # noqa: S101
    assert watch.process.stderr is not None  # noqa: S101
    with selectors.DefaultSelector() as selector:
        for name, descriptor in (
            ("stdout", watch.process.stdout.fileno()),
            ("stderr", watch.process.stderr.fileno()),
            ("status", status),
        ):
            selector.register(descriptor, selectors.EVENT_READ, name)
        while selector.get_map():
            for key, _ in selector.select(TICK_SECONDS):
                data = os.read(key.fd, 65_536)
                if data:
                    watch.take(key.data, data)
                else:
                    selector.unregister(key.fd)
            watch.tick()
            if watch.process.poll() is not None and watch.limit is not None:
                break
    os.close(status)
    watch.kill()
    watch.process.wait()
    watch.process.stdout.close()
    watch.process.stderr.close()


def _result(watch: _Watch) -> CageResult:
    told = _told(bytes(watch.streams["status"]))
    ended = told.get("ended", -int(signal.SIGKILL))
    cpu = float(told.get("cpu", 0.0))
    limit = watch.limit
    out_of_time = ended in (-int(signal.SIGXCPU), -int(signal.SIGKILL))
    if limit is None and out_of_time and cpu >= watch.limits.cpu_seconds - 1:
        limit = "cpu"
    walled, fenced = bool(told.get("walled")), bool(told.get("fenced"))
    privileged = bool(told.get("root")) and not told.get("dropped")
    return CageResult(
        returncode=int(ended),
        limit=limit,
        stdout=bytes(watch.streams["stdout"][: watch.limits.output_bytes]),
        stderr=bytes(watch.streams["stderr"][: watch.limits.output_bytes]),
        seconds=round(time.monotonic() - watch.started, 3),
        cpu_seconds=cpu,
        peak_bytes=max(watch.peak, int(told.get("peak_bytes", 0))),
        level="strong" if walled and (fenced or not privileged) else "partial",
        dropped_user=bool(told.get("dropped")),
    )


def _told(lines: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for line in lines.splitlines():
        with contextlib.suppress(ValueError):
            told.update(json.loads(line))
    return told


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [*root.children(recursive=True), root]
    except psutil.Error:
        return []
