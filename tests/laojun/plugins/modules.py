"""WebAssembly programs of a few lines: one that answers, and those that misbehave."""

import wasmtime

ANSWER = """
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "{text}")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const {length}))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"""
ECHO = """
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start") (local $n i32)
    (block $done (loop $again
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
      (br_if $done (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (local.set $n (i32.load (i32.const 8)))
      (br_if $done (i32.eqz (local.get $n)))
      (i32.store (i32.const 4) (local.get $n))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br $again)))))
"""
FOR_EVER = '(module (memory (export "memory") 1) (func (export "_start") (loop $l (br $l))))'
GLUTTON = """
(module (memory (export "memory") 1) (func (export "_start") (loop $more
  (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
  (memory.fill (i32.mul (i32.sub (memory.size) (i32.const 16)) (i32.const 65536))
    (i32.const 1) (i32.const 1048576))
  (br $more))))
"""
TALKER = """
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
    (loop $more
      (drop (call $write (i32.const {stream}) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br $more))))
"""
CONNECTS = """
(module
  (import "wasi_snapshot_preview1" "sock_accept" (func (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (func (export "_start")))
"""
FOREIGN = (
    '(module (import "env" "connect" (func)) (memory (export "memory") 1) (func (export "_start")))'
)
OPENS_A_FILE = """
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "etc/passwd")
  (func (export "_start")
    (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 10)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 128)))))
"""
HUGE_AT_ONCE = '(module (memory (export "memory") 60000) (func (export "_start")))'


def compiled(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


def answering(json_text: str) -> bytes:
    """A module that always says the same."""
    escaped = json_text.replace("\\", "\\\\").replace('"', '\\"')
    length = len(json_text.encode())
    return compiled(ANSWER.replace("{text}", escaped).replace("{length}", str(length)))
