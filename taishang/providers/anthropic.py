"""Anthropic's Messages protocol."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import anthropic

from laojun import outbound_async
from taishang.providers import anthropic_messages, failing, sse
from taishang.providers.asking import Asking, Chunks, raise_error_body
from taishang.providers.base import ChatPrompt, spec_of

# The SDK would send these to every address, those that people chose too.
os.environ.pop("ANTHROPIC_CUSTOM_HEADERS", None)
# Below this the SDK writes down what it sends.
logging.getLogger("anthropic").setLevel(logging.WARNING)


class Anthropic(Asking):
    """Claude's models, and servers that speak as they do."""

    status_errors = (anthropic.APIStatusError,)
    sdk_errors = (anthropic.AnthropicError,)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self.sdk().post(
            path,
            body=body,
            cast_to=outbound_async.Response,
            stream=True,
            stream_cls=anthropic.AsyncStream[object],
        )

    async def chat(self, prompt: ChatPrompt) -> Chunks:
        body = anthropic_messages.request(self.connection, prompt)
        if not self.connection.streams:
            found, number = await self.answer("/v1/messages", body)
            yield anthropic_messages.whole(found, number)
            return
        async with self.asked("/v1/messages", body) as response:
            number = failing.request_id(response.headers)
            if "json" in response.headers.get("content-type", ""):
                found = sse.parsed(await sse.whole(response.aiter_bytes()))
                raise_error_body(found, response.headers)
                yield anthropic_messages.whole(found, number)
                return
            reader = anthropic_messages.Reader(number)
            async for data in sse.events(response.aiter_bytes()):
                yield reader.read(sse.parsed(data), response.headers)
            yield reader.end()

    def new_sdk(self) -> anthropic.AsyncAnthropic:
        """The SDK over our connections; a key that is given keeps it from the server's own environment."""
        connection = self.connection
        address = connection.base_url or spec_of(connection.provider).default_url
        return anthropic.AsyncAnthropic(
            api_key=connection.api_key or "none",
            webhook_key="",
            base_url=address.rstrip("/").removesuffix("/v1"),
            http_client=self.client,
            max_retries=0,
            timeout=anthropic.Timeout(None, connect=connection.timeouts.connect, write=30.0),
        )
