"""Embeddings in OpenAI's protocol: batches, both encodings, and a check of every vector. Pure but for one thread."""

import array
import asyncio
import base64
import binascii
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from taishang.providers import completions, sse
from taishang.providers.asking import raise_error_body
from taishang.providers.base import Connection, EmbeddingPrompt, Vectors
from taishang.providers.errors import ErrorClass, ProviderError

__all__ = ["Vectors", "batches", "check", "read", "request"]
DEFAULT_BATCH = 128
# Above this an answer is read in a thread, so that other streams go on.
LARGE_BYTES = 64 * 1024
Input = str | Sequence[int]
Vector = Sequence[float]


def batches(inputs: Sequence[Input], most: int | None) -> Iterator[tuple[int, Sequence[Input]]]:
    """Pairs of the first input's place and the inputs of one request."""
    size = most or DEFAULT_BATCH
    for start in range(0, len(inputs), size):
        yield start, inputs[start : start + size]


def request(
    connection: Connection, prompt: EmbeddingPrompt, batch: Sequence[Input]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        **{key: value for key, value in connection.params.items() if key not in completions.OURS},
        "model": connection.model_id,
        "input": [entry if isinstance(entry, str) else list(entry) for entry in batch],
        "encoding_format": "base64" if connection.provider == "openai" else "float",
    }
    if prompt.dimensions is not None and prompt.dimensions != connection.dimension:
        body["dimensions"] = prompt.dimensions
    return body


async def read(
    raw: bytes, count: int, headers: Mapping[str, str]
) -> tuple[list[Vector], int | None]:
    """The vectors in the order of their inputs, and the tokens counted or None. Raises ProviderError(protocol)."""
    if len(raw) > LARGE_BYTES:
        return await asyncio.to_thread(_read, raw, count, headers)
    return _read(raw, count, headers)


def check(vectors: Sequence[Vector], dimension: int | None) -> None:
    """Raises ProviderError(protocol) for a vector of another length than it must have."""
    wanted = dimension or len(vectors[0])
    for vector in vectors:
        if len(vector) != wanted:
            raise ProviderError(
                ErrorClass.PROTOCOL, f"a vector has {len(vector)} dimensions, not {wanted}"
            )


def _read(raw: bytes, count: int, headers: Mapping[str, str]) -> tuple[list[Vector], int | None]:
    found = sse.parsed(raw)
    raise_error_body(found, headers)
    rows = found.get("data")
    if not isinstance(rows, list) or len(rows) != count:
        have = len(rows) if isinstance(rows, list) else 0
        raise ProviderError(ErrorClass.PROTOCOL, f"{have} vectors came for {count} texts")
    placed: dict[int, Vector] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise ProviderError(ErrorClass.PROTOCOL, "a vector is missing")
        index = row.get("index", place)
        placed[index if completions.is_count(index) else -1] = _vector(row.get("embedding"))
    if sorted(placed) != list(range(count)):
        raise ProviderError(ErrorClass.PROTOCOL, "the vectors are not numbered as the texts are")
    usage = found.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    return [placed[place] for place in range(count)], (
        tokens if completions.is_count(tokens) else None
    )


def _vector(given: Any) -> Vector:
    numbers = _decoded(given) if isinstance(given, str) else given
    try:
        vector = numbers if isinstance(numbers, array.array) else array.array("d", numbers)
    except (TypeError, OverflowError) as error:
        raise ProviderError(ErrorClass.PROTOCOL, "a vector is not a list of numbers") from error
    if not vector or not all(map(math.isfinite, vector)):
        raise ProviderError(ErrorClass.PROTOCOL, "a vector is empty or not finite")
    return vector.tolist()


def _decoded(text: str) -> array.array:
    """Little-endian float32."""
    numbers = array.array("f")
    try:
        numbers.frombytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ProviderError(ErrorClass.PROTOCOL, "a vector is not base64 of float32") from error
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
