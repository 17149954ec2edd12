"""Turn a folder's plugin.wat into plugin.wasm: `python examples/plugins/build.py FOLDER`. Same text, same bytes."""

import sys
from pathlib import Path

import wasmtime


def build(folder: Path) -> bytes:
    """The program of an example, as its package brings it."""
    return bytes(wasmtime.wat2wasm((folder / "plugin.wat").read_text(encoding="utf-8")))


if __name__ == "__main__":
    chosen = Path(sys.argv[1])
    (chosen / "plugin.wasm").write_bytes(build(chosen))
