"""TLS in front of a PostgreSQL that was built without it: answers `S` to the wish for it, then passes bytes on."""

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

WISH = struct.pack("!ii", 8, 80877103)
CHUNK = 65_536


@contextlib.contextmanager
def before(port: int, certificate: Path, key: Path) -> Iterator[int]:
    """A port whose TLS ends here and whose bytes go to `port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener, port, context), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _serve(listener: socket.socket, port: int, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _address = listener.accept()
            threading.Thread(target=_pass_on, args=(client, port, context), daemon=True).start()


def _pass_on(client: socket.socket, port: int, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError), client:
        first = client.recv(8, socket.MSG_WAITALL)
        if first == WISH:
            client.sendall(b"S")
            client, first = context.wrap_socket(client, server_side=True), b""
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(first)
            _relay(client, server)
        client.close()


def _relay(client: socket.socket, server: socket.socket) -> None:
    other = {client: server, server: client}
    while True:
        pending = isinstance(client, ssl.SSLSocket) and client.pending()
        ready = [client] if pending else select.select([client, server], [], [])[0]
        for source in ready:
            data = source.recv(CHUNK)
            if not data:
                return
            other[source].sendall(data)
