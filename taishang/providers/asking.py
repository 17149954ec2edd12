"""One exchange over an SDK: ask, read what comes in pieces, and tell every way it can fail."""

from abc import abstractmethod
from collections import OrderedDict, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

from laojun import outbound_async
from laojun.destinations import BlockedAddress
from taishang.providers import failing, sse
from taishang.providers.base import (
    ChatPrompt,
    Done,
    EmbeddingPrompt,
    Event,
    Prompt,
    Provider,
    RerankPrompt,
    Text,
    Thought,
    ToolCall,
)
from taishang.providers.errors import ErrorClass, ProviderError
from taishang.providers.pacing import paced
from taishang.providers.text import Mender

MAX_ERROR_BYTES = 64 * 1024
Chunks = AsyncGenerator[Sequence[Event], None]
MAX_SDKS = 64
Menders = defaultdict[type | int, Mender]


class Asking(Provider):
    """A provider reached over HTTP by an SDK. Subclasses say how a prompt becomes a request and pieces events."""

    # What the SDK raises for a status that is an error; it carries `response` and `body`.
    status_errors: tuple[type[Exception], ...] = ()
    sdk_errors: tuple[type[Exception], ...] = ()

    async def execute(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        menders: Menders = defaultdict(Mender)
        async with aclosing(paced(self._chunks(prompt), self.connection.timeouts)) as events:
            async for event in events:
                for clean in _mended(event, menders):
                    yield clean

    @abstractmethod
    def new_sdk(self) -> Any:
        """The SDK for this connection, over the client that was given."""

    def sdk(self) -> Any:
        """The SDK, made once for each address and key: a new one looks at the machine before its first request."""
        connection = self.connection
        # Kept with the HTTP client they speak through, so that they end with it.
        known = vars(self.client).setdefault("_sdks", OrderedDict())
        key = (
            connection.provider,
            connection.base_url,
            connection.api_key,
            connection.timeouts.connect,
        )
        found = known.pop(key, None) or self.new_sdk()
        known[key] = found
        if len(known) > MAX_SDKS:
            known.popitem(last=False)
        return found

    @abstractmethod
    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send, and give the response with its body unread."""

    def chat(self, prompt: ChatPrompt) -> Chunks:
        raise ProviderError(ErrorClass.BAD_REQUEST, "this provider does not chat")

    def embed(self, prompt: EmbeddingPrompt) -> Chunks:
        raise ProviderError(ErrorClass.BAD_REQUEST, "this provider does not embed")

    def rerank(self, prompt: RerankPrompt) -> Chunks:
        raise ProviderError(ErrorClass.BAD_REQUEST, "this provider does not rerank")

    def _chunks(self, prompt: Prompt) -> Chunks:
        if isinstance(prompt, ChatPrompt):
            return self.chat(prompt)
        if isinstance(prompt, EmbeddingPrompt):
            return self.embed(prompt)
        return self.rerank(prompt)

    @asynccontextmanager
    async def asked(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[Any]:
        """A response whose body is still to be read; closed at the end, and its connection with it unless read whole.

        Raises ProviderError for whatever goes wrong on the way, in the block too.
        """
        response = None
        try:
            response = await self.post(path, body)
            yield response
        except self.status_errors as error:
            raise await _told(error) from error
        except (*self.sdk_errors, *outbound_async.FAILURES, BlockedAddress) as error:
            raise failing.from_wire(error, begun=response is not None) from error
        finally:
            if response is not None:
                await response.aclose()

    async def answer(self, path: str, body: Mapping[str, Any]) -> tuple[Any, str]:
        """The JSON of an answer that comes whole, and the provider's id of it. Raises ProviderError."""
        async with self.asked(path, body) as response:
            found = sse.parsed(await sse.whole(response.aiter_bytes()))
            raise_error_body(found, response.headers)
            return found, failing.request_id(response.headers)


def raise_error_body(found: Any, headers: Mapping[str, str]) -> None:
    """Some servers answer 200 and mean an error."""
    if not isinstance(found, Mapping):
        raise ProviderError(ErrorClass.PROTOCOL, "the answer is not a JSON object")
    if found.get("error"):
        raise failing.from_body(found, headers)


async def _told(error: Any) -> ProviderError:
    return failing.from_status(error.status_code, error.body, error.response.headers)


def _mended(event: Event, menders: Menders) -> list[Event]:
    if isinstance(event, Text | Thought):
        text = menders[type(event)].feed(event.text)
        return [type(event)(text)] if text else []
    if isinstance(event, ToolCall):
        return [replace(event, arguments=menders[event.index].feed(event.arguments))]
    if not isinstance(event, Done):
        return [event]
    rests: list[Event] = [kind(rest) for kind in (Text, Thought) if (rest := menders[kind].flush())]
    return [*rests, replace(event, replaced=sum(mender.replaced for mender in menders.values()))]
