"""Programs nobody trusts: what stops them, and that the next call finds everything in order."""

import hashlib
import threading
import time

import psutil
import pytest

from laojun.plugins.runtimes import wasm
from laojun.plugins.runtimes.wasm import Allowance
from tests.laojun.plugins import modules


@pytest.fixture(autouse=True)
def _no_children_left():
    yield
    wasm.end_all()
    assert not [child for child in psutil.Process().children() if "engine.py" in str(child)]


def run(code: bytes, stdin: bytes = b"{}", max_out: int = 1024, **allowed: object):
    return wasm.run(
        sha256=hashlib.sha256(code).hexdigest(),
        load=lambda: code,
        stdin=stdin,
        max_out=max_out,
        allowance=Allowance(**allowed),
    )


def test_json_goes_in_and_comes_out():
    outcome = run(modules.compiled(modules.ECHO), b'{"text": "\xe5\xa4\xaa"}')

    assert (outcome.code, outcome.output) == ("", b'{"text": "\xe5\xa4\xaa"}')


def test_a_call_finds_nothing_of_the_call_before():
    """The memory is new each time, though the compiled module is kept."""
    counter = modules.compiled("""
      (module
        (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
          (i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 49)))
          (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 1))
          (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
    """)

    assert [run(counter).output for _call in range(3)] == [b"1", b"1", b"1"]


def test_the_second_call_compiles_nothing():
    code = modules.compiled(modules.ECHO)
    run(code)

    def never() -> bytes:
        raise AssertionError("loaded again")

    sha256 = hashlib.sha256(code).hexdigest()
    outcome = wasm.run(sha256=sha256, load=never, stdin=b"1", max_out=9, allowance=Allowance())

    assert outcome.output == b"1"


def test_an_endless_loop_ends_when_its_fuel_is_used_up():
    assert run(modules.compiled(modules.FOR_EVER), fuel=10**7).code == "fuel_exhausted"


def test_an_endless_loop_ends_at_its_deadline():
    started = time.monotonic()

    outcome = run(modules.compiled(modules.FOR_EVER), fuel=10**10, seconds=0.5)

    assert outcome.code == "timeout"
    assert time.monotonic() - started < 5


def test_memory_ends_at_its_cap():
    outcome = run(modules.compiled(modules.GLUTTON), memory_bytes=16 * wasm.MEBIBYTE)

    assert outcome.code == "memory_exceeded"


def test_a_module_that_wants_too_much_memory_at_once_is_not_run():
    assert run(modules.compiled(modules.HUGE_AT_ONCE)).code == "memory_exceeded"


def test_the_whole_child_stays_small_while_a_module_eats_memory():
    """Seen from outside: the child is never larger than the cap and the engine."""
    peak = 0
    code = modules.compiled(modules.GLUTTON)
    process = psutil.Process()

    def watch() -> None:
        nonlocal peak
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for child in process.children(recursive=True):
                try:
                    # Between fork and exec a child still shows the memory of these tests.
                    if any("engine.py" in word for word in child.cmdline()):
                        peak = max(peak, child.memory_info().rss)
                except psutil.Error:
                    continue
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    outcome = run(code)
    watcher.join()

    assert outcome.code == "memory_exceeded"
    assert 0 < peak < 128 * wasm.MEBIBYTE + wasm.ENGINE_RESIDENT_BYTES


@pytest.mark.parametrize("text", [modules.CONNECTS, modules.FOREIGN])
def test_a_module_that_asks_for_the_network_is_refused(text):
    assert run(modules.compiled(text)).code == "module_refused"


def test_there_is_no_file_to_open():
    outcome = run(modules.compiled(modules.OPENS_A_FILE))

    assert outcome.code == "crashed"
    assert outcome.detail == "exit 8"  # EBADF: no directory was opened for it


def test_what_it_writes_ends_at_the_cap():
    outcome = run(modules.compiled(modules.TALKER.replace("{stream}", "1")), max_out=10_000)

    assert outcome.code == "too_large"


def test_what_it_says_aside_is_cut_at_64_kilobytes():
    talker = modules.compiled(modules.TALKER.replace("{stream}", "2"))

    outcome = run(talker, fuel=10**7, seconds=2.0)

    assert not outcome.is_ok
    assert len(outcome.log) <= wasm.MAX_ERROR_BYTES


@pytest.mark.parametrize("code", [b"", b"\0asm", b"\0asm\x01\0\0\0garbage", b"MZ" * 1000])
def test_bytes_that_are_no_module_are_refused(code):
    assert run(code).code == "module_invalid"


def test_a_module_without_a_beginning_is_refused():
    assert run(modules.compiled('(module (memory (export "memory") 1))')).code == "module_refused"


def test_a_killed_child_is_replaced_at_the_next_call():
    code = modules.compiled(modules.ECHO)
    run(code)
    (waiting,) = next(iter(wasm._idle.values()))
    wasm.cage.end(waiting.process)

    assert run(code, b"2").output == b"2"


def test_a_manifest_gets_no_more_than_the_bounds():
    asked = {"memory_mb": 4096, "timeout_ms": 60_000, "fuel": 10**12}

    allowed = Allowance.of_manifest(asked, deadline_s=20.0)

    assert allowed == Allowance(10**10, 20.0, 512 * wasm.MEBIBYTE)
