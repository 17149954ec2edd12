"""A mail server that keeps what it is given: just enough SMTP for the product's letters."""

import email
import email.policy
import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

WAIT_SECONDS = 30
LINK = re.compile(r"https?://\S+/\S+")


@dataclass
class Mailbox:
    url: str = ""
    letters: list[EmailMessage] = field(default_factory=list)

    def wait_for(self, address: str, *, after: int = 0) -> EmailMessage:
        """The first letter to an address behind the first `after` ones to it. Raises TimeoutError."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            mine = [one for one in list(self.letters) if one["To"] == address]
            if len(mine) > after:
                return mine[after]
            time.sleep(0.05)
        raise TimeoutError(f"no letter to {address}: {[one['To'] for one in self.letters]}")


def link_of(letter: EmailMessage) -> str:
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    return LINK.search(text).group()  # type: ignore[union-attr]


class _Conversation(socketserver.StreamRequestHandler):
    """One client: every command is welcome, and what follows DATA is a letter."""

    server: "_Server"

    def handle(self) -> None:
        self._say(b"220 ready")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"QUIT":
                self._say(b"221 bye")
                return
            if word == b"DATA":
                self._say(b"354 go on")
                self._take()
            self._say(b"250 ok")

    def _take(self) -> None:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        found = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.server.mailbox.letters.append(found)

    def _say(self, words: bytes) -> None:
        self.wfile.write(words + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mailbox = Mailbox(f"smtp://127.0.0.1:{self.server_address[1]}")


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    with _Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.mailbox
        server.shutdown()
