import random

from laojun.textindex import grams, pieces
from studio.prose.folding import MAX_QUERY, SEGMENT, fold, occurrences, segments

ALPHABETS = ("甲乙丙丁戊", "かなカナ", "한글", "abcXYZ", "0189", "，。！— \n", "𠮷😀é̈Ａ")


def book(rng: random.Random, length: int) -> str:
    made: list[str] = []
    while sum(map(len, made)) < length:
        made.append("".join(rng.choices(rng.choice(ALPHABETS), k=rng.randrange(1, 12))))
    return "".join(made)[:length]


def test_every_substring_is_found_at_its_exact_offset_over_borders_and_run_ends() -> None:
    rng = random.Random(2)
    text = book(rng, 2 * SEGMENT + 777)
    folded = fold(text)
    kept = [(segment, set(grams(segment.folded))) for segment in segments(text)]
    assert len(folded) == len(text)

    for number in range(150):
        size = rng.choice([1, 2, 3, 5, 12, MAX_QUERY])
        border = rng.choice([SEGMENT, 2 * SEGMENT]) - rng.randrange(size + 1)
        start = border if number % 4 == 0 else rng.randrange(len(text) - size)
        query = text[start : start + size]
        asked = pieces(query)

        found = []
        for segment, lexemes in kept:
            if all(any(lexeme.startswith(piece) for lexeme in lexemes) for piece in asked):
                found += segment.finds(fold(query))

        assert found == list(occurrences(fold(query), folded)), query
        assert start in found
