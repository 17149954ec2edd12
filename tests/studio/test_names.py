import random
import string
import time

from studio.prose.folding import fold
from studio.prose.names import Hit, Named, Names

LETTERS = "王小明宝玉贾林黛aAbB1 ，"


def plain(people: list[Named], text: str) -> list[Hit]:
    """The rule read aloud: at each offset the longest surface; torn words go on one letter later."""
    surfaces: dict[str, list[tuple[str, set[str]]]] = {}
    excluded = {fold(words) for named in people for words in named.exclusions}
    for named in sorted(people, key=lambda named: named.owner):
        mine = {fold(words) for words in named.exclusions}
        for surface in {fold(name) for name in named.names} - mine:
            spelt = (
                {n for n in named.names if fold(n) == surface} if named.is_case_sensitive else set()
            )
            surfaces.setdefault(surface, []).append((named.owner, spelt))
    folded, found, at = fold(text), [], 0
    while at < len(folded):
        longest = max(
            (s for s in {*surfaces, *excluded} if folded.startswith(s, at)), key=len, default=""
        )
        end = at + len(longest)
        if not longest or torn(folded, at) or torn(folded, end):
            at += 1
            continue
        owners = surfaces.get(longest, [])
        meant = tuple(o for o, spelt in owners if not spelt or text[at:end] in spelt)
        if owners and not meant:
            at += 1
            continue
        if meant:
            found.append(Hit(at, end, longest, meant))
        at = end
    return found


def torn(folded: str, edge: int) -> bool:
    def spaced(letter: str) -> bool:
        return letter.isalnum() and not ("\u3400" <= letter <= "\u9fff")

    return 0 < edge < len(folded) and spaced(folded[edge - 1]) and spaced(folded[edge])


def test_it_finds_what_a_plain_reading_finds() -> None:
    rng = random.Random(11)

    def word() -> str:
        return "".join(rng.choices(LETTERS.replace(" ", ""), k=rng.randrange(1, 5)))

    for _ in range(2_000):
        people = [
            Named(
                f"p{number}",
                tuple(word() for _ in range(rng.randrange(1, 4))),
                tuple(word() for _ in range(rng.randrange(3))),
                rng.random() < 0.3,
            )
            for number in range(rng.randrange(1, 6))
        ]
        text = "".join(rng.choices(LETTERS, k=60))

        assert list(Names(people).hits(text)) == plain(people, text), (people, text)


def test_longer_names_win_exclusions_credit_nobody_and_shared_aliases_are_nobodys() -> None:
    people = [
        Named("bao", ("宝玉", "二爷"), exclusions=("宝玉石",)),
        Named("zhen", ("甄宝玉",)),
        Named("lian", ("贾琏", "二爷")),
        Named("ann", ("Ann",)),
        Named("may", ("May",), is_case_sensitive=True),
    ]
    text = "甄宝玉见了宝玉，二爷买宝玉石。ANN and Anna, May may. 李Ann说"

    found = [(text[hit.start : hit.end], hit.owners) for hit in Names(people).hits(text)]

    assert found == [
        ("甄宝玉", ("zhen",)),
        ("宝玉", ("bao",)),
        ("二爷", ("bao", "lian")),
        ("ANN", ("ann",)),
        ("May", ("may",)),
        ("Ann", ("ann",)),
    ]
    assert Names(people).ambiguous() == {"二爷": ("bao", "lian")}
    assert Names([*people[:2], Named("lian", ("贾琏", "二爷"), ("二爷",))]).ambiguous() == {}


def test_the_digest_follows_what_may_be_found() -> None:
    one = Named("a", ("甲",))

    assert Names([one]).digest == Names([Named("a", ("甲",))]).digest
    for other in (Named("b", ("甲",)), Named("a", ("乙",)), Named("a", ("甲",), ("甲乙",))):
        assert Names([other]).digest != Names([one]).digest
    assert not list(Names([]).hits("甲"))


def test_a_long_book_with_thousands_of_names_takes_about_a_second() -> None:
    rng = random.Random(5)
    han = [chr(0x4E00 + n) for n in range(3_000)]
    people = [Named(str(n), ("".join(rng.choices(han, k=3)),)) for n in range(6_500)]
    people += [
        Named(f"l{n}", ("".join(rng.choices(string.ascii_lowercase, k=4)),)) for n in range(500)
    ]
    text = "".join(rng.choices(han, k=500_000)) + "".join(
        rng.choices(string.ascii_lowercase + "  ", k=100_000)
    )
    names = Names(people)

    began = time.perf_counter()
    list(names.hits(text))

    assert time.perf_counter() - began < 4
