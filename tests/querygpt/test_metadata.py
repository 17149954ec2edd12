"""The closed form of what a message keeps."""

import json

from querygpt.answering import metadata


def test_the_empty_form_is_valid():
    assert metadata.faults(metadata.empty()) == []


def test_nothing_else_fits_in():
    assert metadata.faults({**metadata.empty(), "rows": [[1]]})
    assert metadata.faults({"sql": None})


def test_long_statements_are_cut_to_the_columns_size():
    attempt = {
        "attempt": 1,
        "engine": "model",
        "sql": "字" * 10_000,
        "error_code": None,
        "error": None,
        "run_id": None,
    }
    given = {**metadata.empty(), "sql": "字" * 10_000, "attempts": [attempt] * 4}
    found = metadata.fitted(given)

    assert len(json.dumps(found, ensure_ascii=False).encode()) <= 65_536
    assert metadata.faults(found) == []
    assert metadata.fitted(metadata.empty()) == metadata.empty()
