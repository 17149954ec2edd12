"""A guess for models whose tables are not here: a token for each CJK character, one for 3.5 of the others, and a tenth."""

import math
import re

CJK = re.compile(
    "[\u2e80-\u303f\u3040-\u30ff\u3100-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]"
)
CHARACTERS_PER_TOKEN = 3.5
MARGIN = 1.1


def estimate(text: str) -> int:
    dense = len(CJK.findall(text))
    return math.ceil((dense + (len(text) - dense) / CHARACTERS_PER_TOKEN) * MARGIN)
