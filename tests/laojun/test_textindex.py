import random

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laojun import textindex

letters = st.sampled_from("ab1é中文字の한ー, 。-ＡǅßİŉK'\\")
texts = st.text(letters, max_size=30)


def ask(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", values)
        return cursor.fetchone()[0]


def matches(text_lexemes, query) -> bool:
    return ask("%s::tsvector @@ %s::tsquery", textindex.as_tsvector(text_lexemes), query)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("ＡbC", "abc"), ("ŉ", "ŉ"), ("İ", "İ"), ("①", "1"), ("ﬁ", "ﬁ"), ("K", "k"), ("ｶ", "カ")],
)
def test_folding_changes_letters_one_by_one(text, folded):
    assert textindex.fold(text) == folded


@given(st.text())
def test_folding_keeps_the_length_and_is_done_once(text):
    folded = textindex.fold(text)

    assert len(folded) == len(text)
    assert textindex.fold(folded) == folded


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("太上老君", ["太上", "上老", "老君"]),
        ("君", ["君"]),
        ("PostgreSQL 18，向量", ["postgresql", "18", "向量"]),
        ("a中b", ["a", "中", "b"]),
        ("x" * 70, ["x" * 64]),
        ("，。!", []),
        ("老君老君", ["老君", "君老"]),
    ],
)
def test_terms_are_pairs_and_whole_words(text, terms):
    assert textindex.terms(text) == terms


def test_grams_serve_short_queries_at_the_end_of_a_run():
    assert textindex.grams("abcd 中文") == ["abc", "bcd", "d", "cd", "中文", "文"]


@pytest.mark.django_db
@settings(
    max_examples=400,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts, st.data())
def test_every_substring_is_found_by_its_pieces(text, data):
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    query = text[start : start + data.draw(st.integers(1, 8))]
    pieces = textindex.pieces(query)

    if pieces:
        assert matches(textindex.grams(text), textindex.all_of(pieces, prefix=True))


@pytest.mark.django_db
def test_one_shared_term_is_enough_for_any_of_and_not_for_all_of():
    stored, asked = textindex.terms("太上老君的炉子"), textindex.terms("老君下山")

    assert matches(stored, textindex.any_of(asked))
    assert not matches(stored, textindex.all_of(asked))


def test_a_query_asks_for_64_distinct_terms_at_most():
    query = textindex.any_of([f"t{number % 100}" for number in range(1000)])

    assert query.count("|") == textindex.MAX_QUERY_TERMS - 1


@pytest.mark.django_db
@pytest.mark.parametrize("lexeme", ["it's", "a\\b", "a b", "a:*", "'", "\\'", "&|!()"])
def test_any_lexeme_survives_its_quotes(lexeme):
    assert matches([lexeme], textindex.all_of([lexeme]))
    assert ask("tsvector_to_array(%s::tsvector)", textindex.as_tsvector([lexeme])) == [lexeme]


@pytest.mark.django_db
@pytest.mark.parametrize("make", ["dense", "words"])
def test_a_row_at_the_limit_keeps_every_lexeme(make):
    rng = random.Random(7)
    if make == "dense":
        text = "".join(chr(rng.randrange(0x20000, 0x2A6D0)) for _ in range(20_000))
    else:
        text = " ".join(chr(0x1D7D8 - 1 - rng.randrange(26)) * 63 + str(n) for n in range(300))
    terms = textindex.terms(text[: textindex.MAX_CHARACTERS])

    stored = ask("tsvector_to_array(%s::tsvector)", textindex.as_tsvector(terms))

    assert sorted(stored) == sorted(terms)
    assert ask("strpos(%s::tsvector::text, ':') = 0", textindex.as_tsvector(terms))


@pytest.mark.django_db
def test_the_server_loses_positions_and_pieces_where_we_store_none():
    words = " ".join(f"w{number}" for number in range(17_000))

    assert ask("strpos(to_tsvector('simple', %s)::text, '''w16999'':16383') > 0", words)
    assert ask("ts_rank_cd(%s::tsvector, %s::tsquery)", "'a' 'b'", "'a' & 'b'") == 0


@pytest.mark.django_db
def test_a_cast_of_far_too_much_text_is_refused_and_never_cut():
    lexemes = [f"{number:060d}" for number in range(20_000)]

    with pytest.raises(Exception, match="too long for tsvector"):
        ask("%s::tsvector", textindex.as_tsvector(lexemes))
