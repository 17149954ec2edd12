"""A server of models that behaves or misbehaves on demand: chat completions, embeddings, rerank, Anthropic's dialect.

The name of the model says what happens: `ok`, `words:20:0.01` (twenty words, a hundredth of a second apart), or one of
`STATUSES` and `FAULTS`. The key `wrong` is refused. It speaks HTTP by hand, since no framework would break it as asked.

`python -m tests.upstream 8139` runs it alone; `GET /stats` tells what came.
"""

from tests.upstream.server import Upstream

__all__ = ["Upstream"]
