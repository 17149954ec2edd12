"""What a call of a plugin costs: `python -m benchmarks.plugins [--rounds 5] [--calls 200]`.

http: a signed call through the guard and a bare pooled client, in turns, to the same server of this machine; the
added time at the median and at the 95th percentile, and the ratio. wasm: a warm call beside the module's own time.
"""

import argparse
import hashlib
import statistics
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import django

django.setup()

import httpx  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from accounts import tenancy  # noqa: E402
from benchmarks.rounds import measure  # noqa: E402
from config import embedded  # noqa: E402
from laojun.models import OutboundRule  # noqa: E402
from laojun.plugins import authoring, packages  # noqa: E402
from laojun.plugins.runtimes import http, wasm  # noqa: E402
from laojun.plugins.runtimes.http import Endpoint, Letter  # noqa: E402

BODY = b'{"event": "' + b"x" * 2000 + b'"}'
SECRET = "whsec_" + "QUFB" * 12
GRANTED = frozenset({"net:127.0.0.1"})
EXAMPLE = settings.BASE_DIR / "examples" / "plugins" / "changelog_file"
Call = Callable[[], object]


class Answer(BaseHTTPRequestHandler):
    """Reads the body and says yes."""

    protocol_version = "HTTP/1.1"
    # Without it the answer waits for the receiver's delayed acknowledgement.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    options = _options()
    _database()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _open(server.server_address[1])
    _http(f"http://127.0.0.1:{server.server_address[1]}/", options)
    _wasm(options)


def _http(url: str, options: argparse.Namespace) -> None:
    bare = httpx.Client(trust_env=False)
    endpoint, letter = Endpoint(url, (SECRET,)), Letter("msg", BODY)

    def ours() -> None:
        outcome = http.run(
            endpoint=endpoint, granted=GRANTED, letter=letter, seconds=5.0, max_out=65_536
        )
        if not outcome.is_ok:
            raise AssertionError(outcome)

    def theirs() -> None:
        bare.post(url, content=BODY).raise_for_status()

    rates = measure({"plugin": ours, "bare": theirs}, rounds=options.rounds, calls=options.calls)
    middle, low, high = rates.ratio("plugin", "bare")
    print(
        f"http plugin                {middle:5.2f} × a bare pooled client   [{low:.2f} – {high:.2f}]"
    )
    mine, other = _times(ours, options), _times(theirs, options)
    for name, place, goal in (("p50", 50, 5.0), ("p95", 95, 15.0)):
        added = (_percentile(mine, place) - _percentile(other, place)) * 1000
        verdict = "met" if added <= goal else "missed"
        print(f"http plugin, added {name}      {added:5.2f} ms   goal ≤ {goal}: {verdict}")


def _wasm(options: argparse.Namespace) -> None:
    code = bytes(packages.unpack(authoring.pack_folder(EXAMPLE))[authoring.PROGRAM])
    name = hashlib.sha256(code).hexdigest()

    def warm() -> None:
        wasm.run(
            sha256=name, load=lambda: code, stdin=BODY, max_out=4096, allowance=wasm.Allowance()
        )

    began = time.perf_counter()
    warm()
    print(f"wasm plugin, first call    {(time.perf_counter() - began) * 1000:5.0f} ms")
    times = _times(warm, options)
    middle = statistics.median(times) * 1000
    verdict = "met" if middle <= 20 else "missed"
    print(f"wasm plugin, warm p50      {middle:5.2f} ms   goal ≤ 20: {verdict}")
    wasm.end_all()


def _times(call: Call, options: argparse.Namespace) -> list[float]:
    found = []
    for _call in range(options.rounds * options.calls):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return found


def _percentile(times: list[float], place: int) -> float:
    return statistics.quantiles(times, n=100)[place - 1]


def _database() -> None:
    embedded.ensure()
    embedded.prepare_database(str(settings.DATABASES["default"]["NAME"]))
    call_command("migrate", database="owner", verbosity=0)


def _open(port: int) -> None:
    with tenancy.platform_scope(reason="benchmark of plugins"):
        OutboundRule.objects.create(
            cidr="127.0.0.1/32",
            port_from=port,
            port_to=port,
            purposes=["webhook"],
            reason="benchmark",
            created_by="benchmark",
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
