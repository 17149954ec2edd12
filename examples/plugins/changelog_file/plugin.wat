;; Answers every question with the same file. A WASI command reads the question from standard input and writes its
;; answer to standard output; this one does not need to read. `build.py` turns it into plugin.wasm.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64)
    "{\"files\":[{\"path\":\"CHANGELOG.md\",\"content\":\"# Changelog\\n\\n## Unreleased\\n\\n- Generated from the front end.\\n\"}]}")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 113))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
