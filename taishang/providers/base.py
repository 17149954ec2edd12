"""What is asked of a provider and what comes back: connections, prompts, events, and the one method between them."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.module_loading import import_string

from accounts.registry import Store

ModelKind = Literal["chat", "embedding", "rerank"]
InputType = Literal["query", "passage"]
# By its path: HTTP clients are not loaded at start either.
HTTP_CLIENT = "laojun.outbound_async.client"
OptionKind = Literal["text", "integer", "decimal", "boolean", "choice"]


class UnknownProvider(LookupError):
    """No provider of this name is offered here."""


@dataclass(frozen=True)
class Timeouts:
    """How long a call may wait. Units: seconds. `gap` is between two pieces of an answer that has begun."""

    connect: float = 5
    first: float = 60
    gap: float = 30
    total: float = 600


CLOUD = Timeouts()
LOCAL = Timeouts(connect=5, first=300, gap=120, total=1800)


@dataclass(frozen=True)
class Connection:
    """Where a model is and how to talk to it: what a row of the catalogue says, its key opened.

    `params` are sent with every prompt unless the prompt says otherwise. `dimension` is what vectors must have.
    An empty `base_url` is the provider's own.
    """

    provider: str
    model_id: str
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    timeouts: Timeouts = CLOUD
    params: Mapping[str, Any] = field(default_factory=dict)
    tokenizer: str = "estimate"
    max_batch: int | None = None
    dimension: int | None = None
    max_output_tokens: int | None = None
    streams: bool = True


@dataclass(frozen=True)
class ChatPrompt:
    """Messages in the shape of chat completions: `role`, `content` (text or parts), `tool_calls`, `tool_call_id`.

    `params` are of `PARAMETERS`; `tools`, `tool_choice` and `response_format` as chat completions has them.
    """

    messages: Sequence[Mapping[str, Any]]
    params: Mapping[str, Any] = field(default_factory=dict)
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: Any = None
    response_format: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class EmbeddingPrompt:
    """Texts or token lists to place in space; `input_type` says whether they search or are searched."""

    inputs: Sequence[str | Sequence[int]]
    input_type: InputType = "passage"
    dimensions: int | None = None


@dataclass(frozen=True)
class RerankPrompt:
    """Documents to be scored by how well they answer the query."""

    query: str
    documents: Sequence[str]


Prompt = ChatPrompt | EmbeddingPrompt | RerankPrompt

# What a chat prompt may set; providers leave out what theirs does not know.
PARAMETERS = frozenset(
    {
        "temperature",
        "top_p",
        "max_tokens",
        "stop",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "parallel_tool_calls",
        "reasoning_effort",
    }
)


@dataclass(frozen=True)
class Text:
    """A piece of the answer: no NUL, no lone surrogate."""

    text: str


@dataclass(frozen=True)
class Thought:
    """A piece of what a reasoning model thinks aloud before it answers."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A piece of a tool call. `id` and `name` come with its first piece, `arguments` are joined to one JSON text."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Usage:
    """What the provider counted. Units: tokens. Comes at most once; never negative."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0


@dataclass(frozen=True)
class Vectors:
    """Vectors of the inputs from `start` on, in their order. Shapes: `(n, dimension)` floats, all finite."""

    start: int
    vectors: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Scores:
    """One score for each document, in their order; higher answers better."""

    scores: Sequence[float]


@dataclass(frozen=True)
class Done:
    """The answer is complete. `finish_reason` is stop, length, tool_calls or content_filter.

    `replaced` counts characters that had to become U+FFFD.
    """

    finish_reason: str = "stop"
    model: str = ""
    request_id: str = ""
    replaced: int = 0


Event = Text | Thought | ToolCall | Usage | Vectors | Scores | Done


class Provider(ABC):
    """One model behind one connection."""

    def __init__(self, connection: Connection, client: Any) -> None:
        """`client` is an async HTTP client of `laojun.outbound`; providers open no connections themselves."""
        self.connection = connection
        self.client = client

    @abstractmethod
    def execute(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        """Ask, and give the pieces as they come; the last one is `Done`.

        Closing the iterator closes the connection. Raises ProviderError, never anything else of its own.
        """


@dataclass(frozen=True)
class Capabilities:
    """What a provider can do at all; a model's own columns narrow it."""

    kinds: frozenset[ModelKind] = frozenset({"chat"})
    streaming: bool = True
    tools: bool = True
    json_schema: bool = True
    vision: bool = True
    system: bool = True
    token_inputs: bool = False


@dataclass(frozen=True)
class Option:
    """One field of a provider's form, kept in the model's `params`."""

    name: str
    kind: OptionKind
    label: Any
    hint: Any = ""
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class ProviderSpec:
    """What a form and the gateway must know of a provider before its code is loaded.

    `path` is the dotted path of its class, imported on first use: SDKs do not load at start. A provider with
    `needs_url` has no address of its own. `is_in_process` providers open no connection.
    """

    key: str
    label: Any
    path: str
    capabilities: Capabilities = Capabilities()
    options: tuple[Option, ...] = ()
    default_url: str = ""
    needs_url: bool = False
    needs_key: bool = True
    timeouts: Timeouts = CLOUD
    is_in_process: bool = False
    for_tests: bool = False

    def load(self) -> type[Provider]:
        """The class itself. Cost: the first time its SDK's import, which takes seconds: not in an event loop."""
        return import_string(self.path)


PROVIDERS: Store[ProviderSpec] = Store("providers")
_loaded: dict[str, type[Provider]] = {}


def spec_of(key: str) -> ProviderSpec:
    """Raises UnknownProvider."""
    spec = PROVIDERS.get(key)
    if spec is None:
        raise UnknownProvider(key)
    return spec


async def provider_for(connection: Connection, *, client: Any = None) -> Provider:
    """The provider of a connection, ready to be asked, over the guarded client of the running loop.

    Its code is imported in a thread the first time. Raises UnknownProvider.
    """
    spec = spec_of(connection.provider)
    if spec.path not in _loaded:
        _loaded[spec.path] = await asyncio.to_thread(spec.load)
    if client is None and not spec.is_in_process:
        client = import_string(HTTP_CLIENT)("model")
    return _loaded[spec.path](connection, client)
