"""What kind of question it is, before anything is spent on it: its language, small talk, wishes to write, no words."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Language = Literal["zh", "en"]
Route = Literal["data", "write", "talk", "nothing"]
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
LATIN_WORD = re.compile(r"[A-Za-z]+")

# A wish to change data, said as an order. "Deleted orders" and "when were they updated" are questions.
WRITES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"^\W*(?:please\s+|can you\s+|could you\s+|i (?:want|need) (?:you )?to\s+|now\s+|just\s+)*"
        r"(?:delete|remove|drop|truncate|erase|wipe|purge|insert|update|alter|rename|overwrite|grant|revoke)\s+"
        r"(?!date|time|rate|count|history)",
        r"\b(?:delete\s+from|drop\s+(?:table|database|schema|index|view|user)|truncate\s+table|alter\s+table"
        r"|insert\s+into|create\s+(?:table|index|view|user|database|function)|update\s+\S+\s+set)\b",
        r"^\W*(?:create|add)\s+(?:a\s+|an\s+|new\s+)*(?:row|record|table|column|index|user)\b",
        r"^\W*set\s+\S+.*\s+to\s+\S+",
        r"^\W*(?:请|帮我|麻烦|给我|现在|把它|我要|我想|你|直接|立刻|马上)*"
        r"(?:删除|删掉|删了|清空|清除|抹掉|销毁|修改|改掉|更新|插入|写入|新增一|添加一|增加一条|新建表|创建表|建表|删表|授权)"
        r"(?!的|时间|日期|次数|记录数|数量|率|最|于|过的|量)",
        r"(?:把|将).{1,80}?(?:改成|改为|改到|设为|设成|设置为|更新为|更新成|替换成|替换为|删除|删掉|删了|清空|清零|去掉)",
    )
)
TALK = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks?(?: you)?|thank you(?: very much)?|ok(?:ay)?|bye"
    r"|who are you|what can you do|how are you|help|test"
    r"|你好|您好|嗨|哈喽|早上好|下午好|晚上好|谢谢|多谢|感谢|再见|拜拜|好的|你是谁|您是谁|你能做什么|你会什么|怎么用|帮助|在吗)"
    r"\W*(?:[啊呀吗呢吧了]|there|all|again)*\W*$",
    re.I,
)


def language_of(question: str, *, default: Language) -> Language:
    """The language a question is in, by the share of its script; without letters of either, the reader's.

    A Chinese character weighs as a word: 「查询 orders 表」 is Chinese.
    """
    han, words = len(HAN.findall(question)), len(LATIN_WORD.findall(question))
    if not han and not words:
        return default
    return "zh" if han * 2 >= words else "en"


def route(question: str) -> Route:
    """Where a question goes. What only names data that was deleted or updated is a question about data."""
    if not _has_words(question):
        return "nothing"
    if TALK.match(question):
        return "talk"
    folded = unicodedata.normalize("NFKC", question)
    return "write" if any(one.search(folded) for one in WRITES) else "data"


def _has_words(text: str) -> bool:
    return any(unicodedata.category(one)[0] in "LN" for one in text)
