"""Inside the cage: compile one WebAssembly module and run it, once for each question.

A script of its own: argv[1] is the folder of packages. Frames on standard input and output: four bytes of length,
a JSON head, and the `bytes` that the head announces. The first frame brings the module, each later one a call.
"""

import ctypes
import json
import os
import struct
import sys
import threading
import time

sys.path.insert(0, sys.argv[1])

import wasmtime

WASI = "wasi_snapshot_preview1"
TABLE_ELEMENTS = 100_000
MAX_STACK_BYTES = 512 * 1024
GUARD_BYTES = 64 * 1024
PAGE_BYTES = 64 * 1024
ENDED_BY = {"OUT_OF_FUEL": "fuel_exhausted", "INTERRUPT": "timeout"}


class Refused(Exception):
    """The module is none that we run. `args` are a stable code and a sentence."""


class Spill:
    """What a module writes, up to a limit; beyond it `overflowed` is called once."""

    def __init__(self, most, overflowed=lambda: None):
        self.most, self.overflowed = most, overflowed
        self.data = bytearray()
        self.is_over = False

    def take(self, chunk):
        room = self.most - len(self.data)
        self.data += chunk[:room]
        if len(chunk) > room and not self.is_over:
            self.is_over = True
            self.overflowed()
        return len(chunk)


class Module:
    """One compiled module with the engine and the limits it was compiled for."""

    def __init__(self, code, memory_bytes):
        self.memory_bytes = memory_bytes
        config = wasmtime.Config()
        config.consume_fuel = True
        config.epoch_interruption = True
        config.max_wasm_stack = MAX_STACK_BYTES
        config.memory_reservation = memory_bytes
        config.memory_guard_size = GUARD_BYTES
        config.memory_reservation_for_growth = 0
        for feature in (
            "wasm_threads",
            "shared_memory",
            "wasm_memory64",
            "wasm_multi_memory",
            "wasm_gc",
            "wasm_exceptions",
            "wasm_stack_switching",
            "wasm_component_model",
        ):
            setattr(config, feature, False)
        config.parallel_compilation = False
        self.engine = wasmtime.Engine(config)
        try:
            self.module = wasmtime.Module(self.engine, code)
        except wasmtime.WasmtimeError as error:
            raise Refused("module_invalid", str(error)[:500]) from error
        check_imports(self.module)
        self.linker = wasmtime.Linker(self.engine)
        self.linker.define_wasi()

    def call(self, head, stdin):
        """Run `_start` once in a memory of its own. Returns the head of the answer and standard output."""
        store = wasmtime.Store(self.engine)
        store.set_fuel(head["fuel"])
        store.set_epoch_deadline(1)
        store.set_limits(self.memory_bytes, TABLE_ELEMENTS, 1, 16, 1)
        out = Spill(head["max_out"], self.engine.increment_epoch)
        err = Spill(head["max_err"])
        wasi = wasmtime.WasiConfig()
        source = write_memory_file(stdin)
        wasi.stdin_file = f"/proc/self/fd/{source}"
        wasi.stdout_custom = out.take
        wasi.stderr_custom = err.take
        store.set_wasi(wasi)
        timer = threading.Timer(head["seconds"], self.engine.increment_epoch)
        timer.start()
        began = time.monotonic()
        try:
            code, detail = self._run(store)
        finally:
            timer.cancel()
            os.close(source)
        answer = {
            "code": "too_large" if out.is_over else code,
            "detail": detail,
            "ms": round((time.monotonic() - began) * 1000, 3),
            "fuel": head["fuel"] - store.get_fuel(),
            "stderr": bytes(err.data).decode("utf-8", "replace"),
        }
        store.close()
        return answer, bytes(out.data)

    def _run(self, store):
        instance = None
        try:
            instance = self.linker.instantiate(store, self.module)
            instance.exports(store)["_start"](store)
        except wasmtime.ExitTrap as ended:
            return ("", "") if ended.code == 0 else ("crashed", f"exit {ended.code}")
        except wasmtime.Trap as trap:
            name = trap.trap_code.name if trap.trap_code else "TRAP"
            code = ENDED_BY.get(name, "crashed")
            if code == "crashed" and self._is_full(instance, store):
                code = "memory_exceeded"
            return code, name.lower()
        except wasmtime.WasmtimeError as error:
            text = str(error)
            code = "memory_exceeded" if "exceeds memory limits" in text else "crashed"
            return code, text[:500]
        return "", ""

    def _is_full(self, instance, store):
        """Whether the module had taken nearly all it may have when it ended."""
        memory = instance.exports(store).get("memory") if instance else None
        if not isinstance(memory, wasmtime.Memory):
            return False
        return memory.size(store) * PAGE_BYTES >= self.memory_bytes * 3 // 4


def check_imports(module):
    """A module may ask for WASI alone, and of that for nothing that listens or connects."""
    for needed in module.imports:
        if needed.module != WASI:
            raise Refused("module_refused", f"import of {needed.module}.{needed.name}"[:200])
        if str(needed.name).startswith("sock_"):
            raise Refused("module_refused", f"network: {needed.name}")
    if "_start" not in {export.name for export in module.exports}:
        raise Refused("module_refused", "no _start: a WASI command is expected")


def write_memory_file(content):
    """A file that is in memory only, at its beginning."""
    handle = os.memfd_create("stdin", os.MFD_CLOEXEC)
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def frames():
    """Standard output for answers; what anything prints by itself goes nowhere."""
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return os.fdopen(0, "rb", closefd=False), os.fdopen(answers, "wb")


def receive(questions):
    length = questions.read(4)
    if len(length) < 4:
        return None, b""
    head = json.loads(questions.read(struct.unpack(">I", length)[0]))
    return head, questions.read(head["bytes"])


def answer(answers, head, content=b""):
    line = json.dumps({**head, "bytes": len(content)}).encode()
    answers.write(struct.pack(">I", len(line)) + line + content)
    answers.flush()


def main():
    # With its parent gone there is nobody to answer.
    ctypes.CDLL(None).prctl(1, 9)
    questions, answers = frames()
    head, code = receive(questions)
    if head is None:
        return
    began = time.monotonic()
    try:
        module = Module(code, head["memory_bytes"])
    except Refused as refused:
        answer(answers, {"code": refused.args[0], "detail": refused.args[1]})
        return
    del code
    answer(answers, {"code": "", "ms": round((time.monotonic() - began) * 1000, 3)})
    while True:
        head, stdin = receive(questions)
        if head is None:
            return
        answer(answers, *module.call(head, stdin))


if __name__ == "__main__":
    main()
