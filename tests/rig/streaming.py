"""A process that listens to so many streams of one model, until somebody kills it: `python -m tests.rig.streaming 20 …`."""

import asyncio
import sys

import django

django.setup()

from accounts.models import User  # noqa: E402
from taishang import gateway  # noqa: E402
from taishang.providers.base import ChatPrompt  # noqa: E402


async def listen(number: int, user: User, workspace_id: int, model: str) -> None:
    stream = gateway.stream(
        model=model,
        prompt=ChatPrompt([{"role": "user", "content": "Tell me everything."}]),
        purpose="test",
        subject=("chapter", str(number)),
        user=user,
        workspace=workspace_id,
    )
    async for _event in stream:
        pass


async def main(count: int, user: User, workspace_id: int, model: str) -> None:
    await asyncio.gather(*(listen(number, user, workspace_id, model) for number in range(count)))


if __name__ == "__main__":
    person = User.objects.get(username=sys.argv[2])
    asyncio.run(main(int(sys.argv[1]), person, int(sys.argv[3]), sys.argv[4]))
