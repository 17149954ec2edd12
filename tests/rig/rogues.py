"""Database servers that mean harm: they want files, the password in clear, or never stop. Raw sockets, no library."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LONG_PASSWORD, PROTOCOL_41, TLS, SECURE, PLUGIN = 1, 512, 2048, 32768, 1 << 19
OK = b"\x00\x00\x00\x02\x00\x00\x00"
EOF = b"\xfe\x00\x00\x02\x00"
SALT = b"12345678", b"123456789012"
WANTED = b"/etc/passwd"


@dataclass
class Seen:
    """What a client told. `data` is every byte it sent."""

    port: int = 0
    data: bytearray = field(default_factory=bytearray)
    connections: int = 0


Behaviour = Callable[["Talk"], None]


class Talk:
    """One client of a rogue."""

    def __init__(self, link: socket.socket, seen: Seen) -> None:
        self.link, self.seen = link, seen

    def send(self, data: bytes) -> None:
        self.link.sendall(data)

    def packet(self, number: int, body: bytes) -> None:
        """One packet of MySQL's protocol."""
        self.send(struct.pack("<I", len(body))[:3] + bytes([number % 256]) + body)

    def receive(self, size: int = 65_536) -> bytes:
        data = self.link.recv(size)
        if not data:
            raise ConnectionError
        self.seen.data += data
        return data


@contextlib.contextmanager
def playing(behaviour: Behaviour) -> Iterator[Seen]:
    listener = socket.create_server(("127.0.0.1", 0))
    seen = Seen(listener.getsockname()[1])

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _address = listener.accept()
                seen.connections += 1
                threading.Thread(target=meet, args=(link,), daemon=True).start()

    def meet(link: socket.socket) -> None:
        with link, contextlib.suppress(OSError):
            behaviour(Talk(link, seen))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield seen
    finally:
        listener.close()


def greeting(plugin: bytes = b"mysql_native_password", flags: int = 0) -> bytes:
    can = LONG_PASSWORD | PROTOCOL_41 | SECURE | PLUGIN | flags
    return (
        b"\x0a8.0.36\x00"
        + struct.pack("<I", 7)
        + SALT[0]
        + b"\x00"
        + struct.pack("<H", can & 0xFFFF)
        + b"\x2d\x02\x00"
        + struct.pack("<H", can >> 16)
        + bytes([21])
        + bytes(10)
        + SALT[1]
        + b"\x00"
        + plugin
        + b"\x00"
    )


# MySQL


def mysql_without_tls(talk: Talk) -> None:
    """Offers no TLS, and listens to what it is told all the same."""
    talk.packet(0, greeting())
    talk.receive()
    talk.packet(2, OK)
    talk.receive()


def mysql_that_wants_the_password(talk: Talk) -> None:
    talk.packet(0, greeting())
    talk.receive()
    talk.packet(2, b"\xfemysql_clear_password\x00")
    talk.receive()


def mysql_that_asks_in_a_dialog(talk: Talk) -> None:
    talk.packet(0, greeting())
    talk.receive()
    talk.packet(2, b"\xfedialog\x00\x02Password: ")
    talk.receive()


def mysql_with_a_key_of_its_own(talk: Talk) -> None:
    """Wants the whole password, sealed for a key that it sends itself."""
    talk.packet(0, greeting(b"caching_sha2_password"))
    talk.receive()
    talk.packet(2, b"\x01\x04")
    talk.receive()


def mysql_whose_first_plugin_is_clear(talk: Talk) -> None:
    talk.packet(0, greeting(b"sha256_password"))
    talk.receive()
    talk.packet(2, b"\x01-----BEGIN PUBLIC KEY-----")
    talk.receive()


def mysql_that_wants_files(talk: Talk) -> None:
    """Answers whatever it is asked with the wish for a file."""
    talk.packet(0, greeting())
    talk.receive()
    talk.packet(2, OK)
    while True:
        talk.receive()
        talk.packet(1, b"\xfb" + WANTED)


def _welcoming(answer: Callable[[Talk], None]) -> Behaviour:
    """Lets everybody in, agrees to every setting, has no grants, and answers a SELECT in its own way."""

    def behave(talk: Talk) -> None:
        talk.packet(0, greeting())
        talk.receive()
        talk.packet(2, OK)
        while True:
            asked = talk.receive().upper()
            if b"GRANTS" in asked:
                _columns(talk)
                talk.packet(4, EOF)
            elif b"SELECT" in asked:
                _columns(talk)
                answer(talk)
            else:
                talk.packet(1, OK)

    return behave


def _columns(talk: Talk) -> None:
    name = b"\x01x"
    column = (
        b"\x03def"
        + b"\x00" * 3
        + name
        + b"\x00"
        + b"\x0c"
        + struct.pack("<HIBHB", 45, 255, 253, 0, 0)
        + b"\x00\x00"
    )
    talk.packet(1, b"\x01")
    talk.packet(2, column)
    talk.packet(3, EOF)


def _endless(talk: Talk) -> None:
    number = 4
    while True:
        talk.packet(number, b"\x04rows")
        number += 1


def _huge(talk: Talk) -> None:
    """One cell of a gigabyte, in packets of the largest size."""
    most = 0xFFFFFF
    head = b"\xfe" + struct.pack("<Q", 1 << 30)
    talk.packet(4, head + bytes(most - len(head)))
    for number in range(5, 70):
        talk.packet(number, bytes(most))


mysql_with_endless_rows = _welcoming(_endless)
mysql_with_a_huge_cell = _welcoming(_huge)


def one_byte_a_second(talk: Talk) -> None:
    for byte in greeting():
        talk.send(bytes([byte]))
        time.sleep(1)


# PostgreSQL


def postgresql_without_tls(talk: Talk) -> None:
    talk.receive()
    talk.send(b"N")
    talk.receive()


def _asking(code: int, more: bytes = b"") -> Behaviour:
    def behave(talk: Talk) -> None:
        talk.receive()
        talk.send(b"R" + struct.pack("!II", 8 + len(more), code) + more)
        talk.receive()

    return behave


postgresql_that_wants_the_password = _asking(3)
postgresql_that_wants_md5 = _asking(5, b"salt")
postgresql_that_asks_nothing = _asking(0)


def postgresql_that_drips(talk: Talk) -> None:
    talk.receive()
    for byte in b"R" + struct.pack("!II", 8, 3) * 4:
        talk.send(bytes([byte]))
        time.sleep(1)
