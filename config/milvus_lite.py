"""`python -m config.milvus_lite`: hold Milvus Lite for all processes of this machine.

It listens on a free port of the loopback address and writes that down; it has no password, so it must never listen
anywhere else.
"""

import os
import signal
import sys
import threading

from milvus_lite.adapter.grpc.server import start_server_in_thread

from taishang.vectors.backends import side

HOST = "127.0.0.1"
STOP_SECONDS = 5


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    side.folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    server, database, port = start_server_in_thread(str(side.folder()), host=HOST, port=0)
    address = side.address_file()
    if address.exists():
        side.killed_file().touch()
    address.parent.mkdir(parents=True, exist_ok=True)
    draft = address.with_suffix(".new")
    draft.write_text(f"http://{HOST}:{port}\n", encoding="ascii")
    draft.replace(address)
    sys.stdout.write(f"Milvus Lite answers at {HOST}:{port}\n")
    sys.stdout.flush()
    try:
        told.wait()
    finally:
        address.unlink(missing_ok=True)
        server.stop(grace=STOP_SECONDS).wait(STOP_SECONDS)
        database.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
