"""OpenAI's protocol: chat completions, embeddings, and the rerank dialect that its servers share."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import openai

from laojun import outbound_async
from taishang.providers import completions, embeddings, failing, reranking, sse
from taishang.providers.asking import Asking, Chunks, raise_error_body
from taishang.providers.base import ChatPrompt, Done, EmbeddingPrompt, RerankPrompt, Usage, spec_of

# The SDK would send these to every address, those that people chose too.
os.environ.pop("OPENAI_CUSTOM_HEADERS", None)
# Below this the SDK writes down what it sends.
logging.getLogger("openai").setLevel(logging.WARNING)


class OpenAICompatible(Asking):
    """Any server that speaks the protocol: OpenAI, DeepSeek, Ollama, llama.cpp, vLLM."""

    status_errors = (openai.APIStatusError,)
    sdk_errors = (openai.OpenAIError,)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self.sdk().post(
            path,
            body=body,
            cast_to=outbound_async.Response,
            stream=True,
            stream_cls=openai.AsyncStream[object],
            options={"headers": self._headers()},
        )

    async def chat(self, prompt: ChatPrompt) -> Chunks:
        body = completions.request(self.connection, prompt)
        if not self.connection.streams:
            found, number = await self.answer("/chat/completions", body)
            yield completions.whole(found, number)
            return
        async with self.asked("/chat/completions", body) as response:
            if "json" in response.headers.get("content-type", ""):
                found = sse.parsed(await sse.whole(response.aiter_bytes()))
                raise_error_body(found, response.headers)
                yield completions.whole(found, failing.request_id(response.headers))
                return
            reader = completions.Reader(failing.request_id(response.headers))
            events = sse.events(response.aiter_bytes())
            async for data in events:
                if data == b"[DONE]":
                    reader.done = True
                    await sse.drained(events)
                    break
                yield reader.read(sse.parsed(data), response.headers)
            yield reader.end()

    async def embed(self, prompt: EmbeddingPrompt) -> Chunks:
        used = 0
        counted = True
        number = ""
        for start, batch in embeddings.batches(prompt.inputs, self.connection.max_batch):
            body = embeddings.request(self.connection, prompt, batch)
            async with self.asked("/embeddings", body) as response:
                raw = await sse.whole(response.aiter_bytes())
                number = failing.request_id(response.headers)
                vectors, tokens = await embeddings.read(raw, len(batch), response.headers)
            embeddings.check(vectors, prompt.dimensions or self.connection.dimension)
            counted = counted and tokens is not None
            used += tokens or 0
            yield [embeddings.Vectors(start, vectors)]
        usage = [Usage(used, 0)] if counted else []
        yield [*usage, Done("stop", self.connection.model_id, number)]

    async def rerank(self, prompt: RerankPrompt) -> Chunks:
        body = reranking.request(self.connection.model_id, prompt)
        found, number = await self.answer("/rerank", body)
        scores, usage = reranking.read(found, len(prompt.documents))
        yield [scores, *usage, Done("stop", self.connection.model_id, number)]

    def new_sdk(self) -> openai.AsyncOpenAI:
        """The SDK over our connections. Empty names keep it from the server's own environment variables."""
        connection = self.connection
        return openai.AsyncOpenAI(
            api_key=connection.api_key or "none",
            admin_api_key="",
            organization="",
            project="",
            webhook_secret="",
            base_url=connection.base_url or spec_of(connection.provider).default_url,
            http_client=self.client,
            max_retries=0,
            timeout=openai.Timeout(None, connect=connection.timeouts.connect, write=30.0),
        )

    def _headers(self) -> dict[str, Any]:
        left_out: dict[str, Any] = {
            "OpenAI-Organization": openai.omit,
            "OpenAI-Project": openai.omit,
            "Idempotency-Key": openai.omit,
        }
        if not self.connection.api_key:
            left_out["Authorization"] = openai.omit
        return left_out
