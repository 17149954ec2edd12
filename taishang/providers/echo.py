"""Repeats what it was asked: for tests, and the pattern of a provider in full."""

from collections.abc import AsyncGenerator

from taishang.providers.base import (
    ChatPrompt,
    Done,
    EmbeddingPrompt,
    Event,
    Prompt,
    Provider,
    Scores,
    Text,
    Usage,
    Vectors,
)


class Echo(Provider):
    """Answers with the last message; vectors say how long the texts are; scores are lengths of the documents."""

    async def execute(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        if isinstance(prompt, ChatPrompt):
            words = str(prompt.messages[-1]["content"]).split()
            for place, word in enumerate(words):
                yield Text(f" {word}" if place else word)
            yield Usage(len(words), len(words))
        elif isinstance(prompt, EmbeddingPrompt):
            width = prompt.dimensions or self.connection.dimension or 3
            yield Vectors(0, [[float(len(text)), *[1.0] * (width - 1)] for text in prompt.inputs])
            yield Usage(len(prompt.inputs), 0)
        else:
            yield Scores([float(len(document)) for document in prompt.documents])
        yield Done("stop", self.connection.model_id)
