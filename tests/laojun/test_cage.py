"""Untrusted programs: what they may not do, and how they end."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from laojun import cage


def caged(directory: Path, code: str, **limits: object) -> cage.CageResult:
    return cage.run(
        argv=[sys.executable, "-I", "-c", code],
        directory=directory,
        limits=cage.Limits(**limits),
        environment={"HOME": str(directory)},
    )


def test_it_gives_back_what_the_program_says(tmp_path):
    result = caged(tmp_path, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")

    assert (result.returncode, result.stdout, result.stderr) == (3, b"out\n", b"err\n")
    assert result.limit is None


def test_nothing_of_our_environment_survives(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_CANARY", "canary-7f3a")

    result = caged(tmp_path, "import os; print(sorted(os.environ))")

    assert b"SECRET_CANARY" not in result.stdout
    assert b"HOME" in result.stdout


def test_an_endless_loop_ends_at_the_processor_limit(tmp_path):
    result = caged(tmp_path, "while True: pass", cpu_seconds=1)

    assert result.limit == "cpu"
    assert result.seconds < 5


def test_a_sleeper_ends_at_the_wall_limit(tmp_path):
    result = caged(tmp_path, "import time; time.sleep(60)", wall_seconds=0.5)

    assert result.limit == "wall"
    assert result.seconds < 5


def test_ignoring_the_polite_request_ends_in_a_kill(tmp_path):
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"

    result = caged(tmp_path, code, wall_seconds=0.5)

    assert (result.limit, result.returncode) == ("wall", -9)
    assert result.seconds < 20


def test_memory_is_limited(tmp_path):
    result = caged(tmp_path, "x = 'x' * 10**10")

    assert b"MemoryError" in result.stderr


def test_a_tree_that_grows_too_large_is_ended(tmp_path):
    code = "import time; x = b'x' * 120_000_000; time.sleep(20)"

    result = caged(tmp_path, code, resident_bytes=80_000_000)

    assert result.limit == "memory"


def test_a_big_file_is_refused(tmp_path):
    code = "f = open('big', 'wb')\nfor _ in range(100): f.write(b'x' * 10**6); f.flush()"

    result = caged(tmp_path, code)

    assert b"File too large" in result.stderr
    assert (tmp_path / "big").stat().st_size <= 64 * 1024 * 1024


def test_too_much_talk_ends_the_program(tmp_path):
    result = caged(tmp_path, "while True: print('x' * 10000)")

    assert result.limit == "output"
    assert len(result.stdout) <= 1024 * 1024


def test_the_network_is_out_of_reach(tmp_path):
    code = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=2)"

    result = caged(tmp_path, code)

    assert result.returncode == 1
    assert (
        b"unreachable" in result.stderr
        or b"Refusal" in result.stderr
        or b"refused" in result.stderr
    )


def test_no_second_process_can_be_started(tmp_path):
    result = caged(tmp_path, "import os; os.fork()")

    assert b"Operation not permitted" in result.stderr


def test_threads_remain_possible(tmp_path):
    code = "import threading; t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()"

    assert caged(tmp_path, code).stdout == b"thread\n"


@pytest.mark.skipif(not Path("/bin/sleep").exists(), reason="needs /bin/sleep")
def test_no_process_outlives_the_program(tmp_path):
    mark = "317.25"
    code = f"import subprocess; subprocess.Popen(['/bin/sleep', '{mark}'], start_new_session=True)"

    caged(tmp_path, code, may_fork=True)

    time.sleep(0.2)
    left = [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])]
    assert left == []


def test_lines_are_told_as_they_come(tmp_path):
    lines: list[bytes] = []

    cage.run(
        argv=[sys.executable, "-I", "-c", "print('one'); print('two')"],
        directory=tmp_path,
        on_line=lines.append,
    )

    assert lines == [b"one", b"two"]


def test_it_stops_when_asked_to(tmp_path):
    started = time.monotonic()

    result = cage.run(
        argv=[sys.executable, "-I", "-c", "import time; time.sleep(60)"],
        directory=tmp_path,
        should_stop=lambda: time.monotonic() - started > 0.3,
    )

    assert result.limit == "cancelled"
    assert time.monotonic() - started < 5


def test_a_cage_can_stand_inside_a_cage(tmp_path):
    """The process of a job runs the checks of its project in a cage of their own."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from pathlib import Path\n"
        "from laojun import cage\n"
        f"inner = Path({str(tmp_path)!r}) / 'inner'; inner.mkdir()\n"
        "r = cage.run(argv=[sys.executable, '-I', '-c', 'import os; print(7); os.fork()'], directory=inner)\n"
        "print(r.stdout, r.returncode, b'not permitted' in r.stderr)\n"
    )

    result = cage.run(
        argv=[sys.executable, "-I", "-c", code],
        directory=tmp_path,
        limits=cage.Limits(may_fork=True),
        readable=[Path(__file__).parents[2]],
    )

    assert result.stdout == b"b'7\\n' 1 True\n", result.stderr


def test_the_level_is_told(tmp_path):
    assert caged(tmp_path, "pass").level in ("strong", "partial")
    assert caged(tmp_path, "pass", walls=False, unprivileged=False).level == "partial"


def test_files_of_the_machine_are_out_of_reach(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    code = (
        "import pathlib\n"
        "pathlib.Path('mine').write_text('x')\n"
        f"for act in (lambda p: p.read_text(), lambda p: p.write_text('y'), lambda p: p.unlink()):\n"
        "    try:\n"
        f"        print(act(pathlib.Path({str(outside)!r})))\n"
        "    except PermissionError:\n"
        "        print('refused')\n"
    )

    result = caged(inside, code)

    if result.level == "strong":
        assert result.stdout == b"refused\n" * 3
    assert outside.read_text() == "secret" or result.level == "partial"
