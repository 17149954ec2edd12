"""Runs the server alone, on the port given."""

import asyncio
import sys

from tests.upstream.server import Upstream


async def _serve(port: int) -> None:
    server = await Upstream(port).listen()
    await server.serve_forever()


asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8139))
