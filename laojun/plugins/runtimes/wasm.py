"""WebAssembly plugins: a WASI command in a caged child, JSON in, JSON out, and nothing else.

Compiling a hostile module is already an attack, so the engine itself stands behind the walls: an empty
environment, no network, no files, limits of the system. A child keeps its compiled module for the next calls of
the same plugin; every call gets a fresh memory.
"""

import json
import os
import selectors
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from laojun import cage
from laojun.plugins.outcomes import Outcome

ENGINE = Path(__file__).parent / "inside" / "engine.py"
MEBIBYTE = 1024 * 1024
MAX_MODULE_BYTES = 20 * MEBIBYTE
MAX_ERROR_BYTES = 64 * 1024
COMPILE_SECONDS = 10.0
GRACE_SECONDS = 1.0
DEFAULT_FUEL, MAX_FUEL = 10**9, 10**10
DEFAULT_SECONDS, MAX_SECONDS = 10.0, 30.0
DEFAULT_MEMORY_MB, MAX_MEMORY_MB = 128, 512
# What the engine needs beside the module's own memory: the interpreter, the compiler, the code it made.
ENGINE_RESIDENT_BYTES = 320 * MEBIBYTE
ENGINE_ADDRESS_BYTES = 2048 * MEBIBYTE
MAX_IDLE, IDLE_SECONDS, MAX_CALLS = 4, 60.0, 200
TICK_SECONDS = 0.05


@dataclass(frozen=True)
class Allowance:
    """What a module may use in one call. Units: instructions, seconds, bytes."""

    fuel: int = DEFAULT_FUEL
    seconds: float = DEFAULT_SECONDS
    memory_bytes: int = DEFAULT_MEMORY_MB * MEBIBYTE

    @classmethod
    def of_manifest(cls, runtime: dict[str, Any], deadline_s: float) -> "Allowance":
        """What the manifest asks for, within our bounds and the hook's deadline."""
        asked_s = runtime.get("timeout_ms", DEFAULT_SECONDS * 1000) / 1000
        memory = min(int(runtime.get("memory_mb", DEFAULT_MEMORY_MB)), MAX_MEMORY_MB)
        return cls(
            fuel=min(int(runtime.get("fuel", DEFAULT_FUEL)), MAX_FUEL),
            seconds=min(asked_s, MAX_SECONDS, deadline_s),
            memory_bytes=memory * MEBIBYTE,
        )


class ChildLost(Exception):
    """The child did not answer as agreed. `code` is one of the outcomes."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Child:
    """A caged engine with one compiled module. Never used by two calls at once."""

    process: subprocess.Popen[bytes]
    directory: str
    resident_limit: int
    calls: int = 0
    idle_since: float = field(default_factory=time.monotonic)

    def ask(
        self, head: dict[str, Any], content: bytes, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """One frame there, one back, within the time and the memory. Raises ChildLost."""
        line = json.dumps({**head, "bytes": len(content)}).encode()
        frame = memoryview(struct.pack(">I", len(line)) + line + content)
        return _Exchange(self, frame, time.monotonic() + seconds).run()

    def end(self) -> None:
        cage.end(self.process)
        shutil.rmtree(self.directory, ignore_errors=True)


class _Exchange:
    """Write and read at once, so that neither side waits for the other with a full pipe."""

    def __init__(self, child: Child, frame: memoryview, deadline: float) -> None:
        self.child, self.frame, self.deadline = child, frame, deadline
        self.received = bytearray()

    def run(self) -> tuple[dict[str, Any], bytes]:
        assert self.child.process.stdin is not None  # noqa: S101
        assert self.child.process.stdout is not None  # noqa: S101
        source, target = self.child.process.stdout.fileno(), self.child.process.stdin.fileno()
        os.set_blocking(source, False)
        os.set_blocking(target, False)
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ, self._read)
            selector.register(target, selectors.EVENT_WRITE, self._write)
            while (answer := self._complete()) is None:
                for key, _mask in selector.select(TICK_SECONDS):
                    if not key.data(key.fd):
                        selector.unregister(key.fd)
                self._watch()
        return answer

    def _write(self, target: int) -> bool:
        try:
            self.frame = self.frame[os.write(target, self.frame) :]
        except BrokenPipeError as error:
            raise ChildLost("crashed") from error
        return bool(self.frame)

    def _read(self, source: int) -> bool:
        chunk = os.read(source, MEBIBYTE)
        if not chunk:
            raise ChildLost("crashed")
        self.received += chunk
        return True

    def _watch(self) -> None:
        if time.monotonic() > self.deadline:
            raise ChildLost("timeout")
        if cage.resident_bytes(self.child.process) > self.child.resident_limit:
            raise ChildLost("memory_exceeded")

    def _complete(self) -> tuple[dict[str, Any], bytes] | None:
        if len(self.received) < 4:
            return None
        start = 4 + struct.unpack(">I", self.received[:4])[0]
        if len(self.received) < start:
            return None
        head: dict[str, Any] = json.loads(self.received[4:start])
        if len(self.received) < start + head["bytes"]:
            return None
        return head, bytes(self.received[start : start + head["bytes"]])


_idle: dict[tuple[str, int], list[Child]] = {}
_lock = threading.Lock()
# Children belong to the process that started them.
os.register_at_fork(after_in_child=_idle.clear)


def run(
    *,
    sha256: str,
    load: Callable[[], bytes],
    stdin: bytes,
    max_out: int,
    allowance: Allowance,
) -> Outcome:
    """Run a module once over `stdin` and hand back what it wrote, unparsed, in `output`.

    `load` brings the module's bytes where no child has it compiled. Cost: about 0.3 s for the first call of a
    small module, a few ms for the next ones. Raises nothing for what the module does.
    """
    key = (sha256, allowance.memory_bytes)
    began = time.monotonic()
    child = _take(key)
    try:
        if child is None:
            child = _compiled(load(), allowance)
        head = {
            "fuel": allowance.fuel,
            "seconds": allowance.seconds,
            "max_out": max_out,
            "max_err": MAX_ERROR_BYTES,
        }
        told, written = child.ask(head, stdin, allowance.seconds + GRACE_SECONDS)
    except ChildLost as lost:
        if child is not None:
            child.end()
        return Outcome(code=lost.code, bytes_out=len(stdin), duration_ms=_since(began))
    except ModuleRefused as refused:
        return Outcome(code=refused.code, detail=refused.detail, duration_ms=_since(began))
    _give_back(key, child)
    return Outcome(
        code=told["code"],
        output=written,
        detail=told["detail"],
        log=told["stderr"],
        bytes_out=len(stdin),
        bytes_in=len(written),
        duration_ms=_since(began),
    )


class ModuleRefused(Exception):
    """The module does not compile, is too large, or asks for what is not given."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


def check(code: bytes, allowance: Allowance | None = None) -> None:
    """Compile a module in a child of its own and throw it away. Raises ModuleRefused."""
    try:
        _compiled(code, allowance or Allowance()).end()
    except ChildLost as lost:
        raise ModuleRefused("module_invalid", f"not compiled: {lost.code}") from lost


def end_all() -> None:
    """End every child that waits for work."""
    with _lock:
        children = [child for waiting in _idle.values() for child in waiting]
        _idle.clear()
    for child in children:
        child.end()


def _compiled(code: bytes, allowance: Allowance) -> Child:
    if len(code) > MAX_MODULE_BYTES:
        raise ModuleRefused("module_invalid", "larger than 20 MB")
    child = _started(allowance.memory_bytes)
    try:
        told, _content = child.ask(
            {"memory_bytes": allowance.memory_bytes}, code, COMPILE_SECONDS + GRACE_SECONDS
        )
    except ChildLost:
        child.end()
        raise
    if told["code"]:
        child.end()
        raise ModuleRefused(told["code"], told["detail"])
    return child


def _started(memory_bytes: int) -> Child:
    directory = tempfile.mkdtemp(prefix="wasm-")
    packages = sysconfig.get_path("purelib")
    process = cage.start(
        argv=[sys.executable, "-I", "-S", "-B", str(ENGINE), packages],
        directory=Path(directory),
        limits=cage.Limits(
            cpu_seconds=3600,
            address_bytes=ENGINE_ADDRESS_BYTES + memory_bytes,
            file_bytes=2 * MAX_MODULE_BYTES,
            descriptors=64,
        ),
        readable=[ENGINE.parent],
    )
    return Child(process, directory, ENGINE_RESIDENT_BYTES + memory_bytes)


def _take(key: tuple[str, int]) -> Child | None:
    with _lock:
        stale = _stale(time.monotonic())
        waiting = _idle.get(key)
        found = waiting.pop() if waiting else None
    for child in stale:
        child.end()
    if found is not None and found.process.poll() is not None:
        found.end()
        return None
    return found


def _give_back(key: tuple[str, int], child: Child) -> None:
    """Keep a child for the next call of its module, the most recent ones only."""
    child.calls += 1
    child.idle_since = time.monotonic()
    if child.calls >= MAX_CALLS:
        child.end()
        return
    with _lock:
        if not _idle:
            _end_later()
        _idle.setdefault(key, []).append(child)
        every = sorted(
            ((entry.idle_since, kind) for kind, waiting in _idle.items() for entry in waiting)
        )
        surplus = [
            _idle[kind].pop(0) for _since_when, kind in every[: max(0, len(every) - MAX_IDLE)]
        ]
    for old in surplus:
        old.end()


def _end_later() -> None:
    """Look after the children that wait once more, when the oldest may have waited too long."""
    timer = threading.Timer(IDLE_SECONDS, _end_stale)
    timer.daemon = True
    timer.start()


def _end_stale() -> None:
    with _lock:
        stale = _stale(time.monotonic())
        if _idle:
            _end_later()
    for child in stale:
        child.end()


def _stale(now: float) -> list[Child]:
    """Take out what waited too long. The caller holds the lock."""
    found = []
    for key, waiting in list(_idle.items()):
        found += [child for child in waiting if now - child.idle_since > IDLE_SECONDS]
        _idle[key] = [child for child in waiting if now - child.idle_since <= IDLE_SECONDS]
        if not _idle[key]:
            del _idle[key]
    return found


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
