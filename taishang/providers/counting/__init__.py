"""How many tokens a text is, without asking anybody: by the model's own tables where they are here, else estimated.

`tiktoken` alone would fetch its tables when it is first used; these bring theirs along.
"""

from taishang.providers.counting.counts import Count, count, decoded
from taishang.providers.counting.prompts import count_prompt

__all__ = ["Count", "count", "count_prompt", "decoded"]
