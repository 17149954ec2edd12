"""A fault costs the one row or the one search, on every backend alike."""

import numpy as np
import pytest

from taishang.vectors import writing
from taishang.vectors.queries import QueryInvalid, WrongDimension
from tests.taishang.vectors.shelf import cloud

pytestmark = pytest.mark.django_db
ROWS = [
    ({"id": "x", "vector": [1.0] * 7}, "wrong_dimension"),
    ({"id": "x", "vector": [float("nan")] * 8}, "not_finite"),
    ({"id": "x", "vector": [1e39] * 8}, "not_finite"),
    ({"id": "x", "vector": [0.0] * 8}, "zero_vector"),
    ({"id": "", "vector": [1.0] * 8}, "bad_id"),
    ({"id": "x", "vector": [1.0] * 8, "namespace": "a\x01"}, "bad_namespace"),
    ({"id": "x", "document": "words"}, "no_vector_and_no_model"),
]
SEARCHES = [
    ({"vector": [1.0] * 7}, WrongDimension),
    ({"vector": [1.0] * 8, "top_k": 0}, QueryInvalid),
    ({"vector": [1.0] * 8, "filter": {"field": "a", "op": "like", "value": "x"}}, QueryInvalid),
    ({}, QueryInvalid),
]


@pytest.mark.parametrize(("row", "code"), ROWS)
def test_a_faulty_row_is_named_and_the_good_one_is_found(make, settle, row, code):
    shelf = make()
    good = {"id": "good", "vector": [1.0] * 8}

    with shelf.bench.inside():
        done = writing.upsert(collection=shelf.collection, sent=[row, good], mode="partial")
    settle(shelf)

    assert [result.code for result in done.results] == [code, ""]
    assert shelf.names(np.ones(8), 5) == ["good"]


@pytest.mark.parametrize(("body", "error"), SEARCHES)
def test_a_faulty_search_is_refused_before_any_engine_is_asked(make, settle, body, error):
    shelf = make()
    shelf.write(cloud(5))
    settle(shelf)

    with pytest.raises(error):
        shelf.search(**{"vector": None, **body})
