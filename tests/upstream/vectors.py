"""Embeddings and scores."""

import base64
import struct
from typing import Any

from tests.upstream.replies import Reply

DIMENSION = 4


async def embed(body: Any, reply: Reply) -> None:
    model, given = body["model"], body["input"]
    inputs = [given] if isinstance(given, str) else given
    width = body.get("dimensions") or DIMENSION + (model == "wrong-dimension")
    vectors = [[float(len(entry)), *[0.5] * (width - 1)] for entry in inputs]
    if model == "fewer":
        vectors = vectors[:-1]
    if model == "not-finite":
        vectors[0] = [1e999] * width
    as_text = body.get("encoding_format") == "base64"
    rows = [
        {"object": "embedding", "index": place + (model == "misnumbered"),
         "embedding": base64.b64encode(struct.pack(f"<{width}f", *vector)).decode() if as_text else vector}
        for place, vector in enumerate(vectors)
    ]  # fmt: skip
    usage = {"prompt_tokens": -3 if model == "negative-usage" else 2 * len(inputs)}
    found = {"object": "list", "model": model, "data": rows[::-1]}
    await reply.json(200, found if model == "no-usage" else {**found, "usage": usage})


async def rerank(body: Any, reply: Reply) -> None:
    documents = body["documents"]
    rows = [
        {"index": place, "relevance_score": float(len(text))}
        for place, text in enumerate(documents)
    ]
    rows = rows[:-1] if body["model"] == "fewer" else rows[::-1]
    await reply.json(200, {"results": rows, "usage": {"total_tokens": 7}})
