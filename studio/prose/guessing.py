"""Names that nobody has entered yet: words that behave like names often enough to be offered. It only proposes.

Chinese: a family name with one or two characters that stands among many different neighbours. Scripts with
capitals: a capitalised word, or several, that is not only found where a sentence begins.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FAMILY = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦昌马苗凤方"
    "俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于傅卞齐康伍余元顾孟黄穆萧尹姚邵汪祁毛狄臧戴宋庞熊纪舒屈项祝"
    "董梁杜阮蓝闵席季贾路娄江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍虞万柯管卢莫房裘缪丁宣邓洪包左石崔龚程陆段侯宁仇"
    "甘厉祖武符刘景詹束龙叶幸司黎薄印宿白怀蒲从鄂索赖卓蔺屠池乔阴胥苍闻党翟谭贡姬申冉桑桂牛寿边燕温庄晏柴瞿阎慕连"
    "茹习艾向古易廖步耿满匡文寇欧沃利蔚越师巩聂敖冷辛简饶曾沙关荆游权查红竺盖益"
)
DOUBLE = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|南宫|独孤|长孙|宇文|轩辕|端木|百里|呼延"
# Characters that no given name ends or begins with, where a verb or a particle follows a one-character word.
NEVER = frozenset(
    "的了是在不和与也都就着过说道问看想要把被给对从向到上下里中去来又便却只还很这那一个们之其而于以为有无么吗呢吧啊"
)
MOST_OFFERED = 60
LEAST = 3
LEAST_NEIGHBOURS = 3
# Of a shorter name's places, from when on the longer one is the name.
WHOLE_PART = 0.6
_chinese = re.compile(rf"(?=((?:{DOUBLE}|[{FAMILY}])[\u4e00-\u9fff]{{1,2}}))")
_capital = re.compile(r"[A-ZÀ-ÖØ-Þ][\w'’-]+(?: [A-ZÀ-ÖØ-Þ][\w'’-]+){0,2}")
_begins = re.compile(r"(?:^|[.!?…:;\"“”‘’«»—]\s*|\n\s*)$")


@dataclass(frozen=True, slots=True)
class Guess:
    """A word that may be a name: how often it stands there, and the first place as it was written."""

    name: str
    count: int
    example: str


class Guesser:
    """Reads texts one after the other; `known` are names that are not offered again."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = {name.casefold() for name in known}
        self._texts: list[str] = []
        self._counts: Counter[str] = Counter()
        self._before: defaultdict[str, set[str]] = defaultdict(set)
        self._after: defaultdict[str, set[str]] = defaultdict(set)
        self._inside: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def read(self, text: str) -> None:
        self._texts.append(text)
        self._counts.update(word for word, _at in _words(text))

    def offered(self) -> list[Guess]:
        """The most frequent first."""
        for text in self._texts:
            for word, at in _words(text):
                if self._counts[word] >= LEAST:
                    self._look(text, word, at)
        found = [
            Guess(word, count, self._examples[word])
            for word, count in self._counts.most_common()
            if count >= LEAST and self._is_name(word, count)
        ]
        return found[:MOST_OFFERED]

    def _look(self, text: str, word: str, at: int) -> None:
        """What stands beside it."""
        end = at + len(word)
        self._before[word].add(text[at - 1 : at])
        self._after[word].add(text[end : end + 1])
        if word not in self._examples:
            self._examples[word] = text[max(0, at - 12) : end + 12].replace("\n", " ")
        if not _begins.search(text[max(0, at - 3) : at]):
            self._inside[word] += 1

    def _is_name(self, word: str, count: int) -> bool:
        if any(word.casefold() in known or known in word.casefold() for known in self._known):
            return False
        if word[0].isascii() or not "\u4e00" <= word[0] <= "\u9fff":
            return self._inside[word] * 2 >= count
        if len(self._after[word]) < LEAST_NEIGHBOURS or len(self._before[word]) < 2:
            return False
        # 欧阳 alone, or 林黛 where 林黛玉 stands: the longer one is the name.
        longer = max((self._counts[word + one] for one in self._after[word] if one), default=0)
        shorter = self._counts[word[:-1]] if len(word) > 2 else 0
        return longer < WHOLE_PART * count and (not shorter or count >= WHOLE_PART * shorter)


def _words(text: str) -> Iterator[tuple[str, int]]:
    """Everything that could be a name, with its place."""
    for found in _chinese.finditer(text):
        whole, at = found[1], found.start()
        for length in range(2, len(whole) + 1):
            if whole[length - 1] in NEVER:
                break
            yield whole[:length], at
    for found in _capital.finditer(text):
        yield found[0], found.start()
        first, space, rest = found[0].partition(" ")
        if space and _begins.search(text[max(0, found.start() - 3) : found.start()]):
            # The sentence's own capital, before a name.
            yield rest, found.start() + len(first) + 1
