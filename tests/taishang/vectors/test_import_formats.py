"""What a file may be, and what a hostile one meets."""

import io
import json

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taishang.vectors.importing import mapping
from taishang.vectors.importing.formats import base, parquet
from taishang.vectors.importing.formats.base import FileRefused, UnsupportedFormat

VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)


def opened(name: str, raw: bytes, side: bytes | None = None):
    return base.open_source(name, io.BytesIO(raw), None if side is None else io.BytesIO(side))


def npy(array, **options) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def parquet_of(columns: dict, **options) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


def vectors_column(kind=None):
    return pa.array(VECTORS.tolist(), kind or pa.list_(pa.float32(), 4))


# --- JSON lines ---


def test_lines_with_a_mark_carriage_returns_and_blanks_are_read():
    raw = b'\xef\xbb\xbf{"id": 1}\r\n\r\n  \n{"id": 2}\r\n{"id": 3}'
    source = opened("jsonl", raw)

    assert [(one.line, one.values["id"]) for one in source.records()] == [(1, 1), (4, 2), (5, 3)]
    assert source.count() == 3


def test_a_bad_line_is_its_own_fault_and_no_other_lines():
    long = b'{"id": "' + b"x" * 2_500_000 + b'"}'
    raw = b"\n".join([b'{"id": "a"}', b'{"id": "\xff"}', b"{", b"[1]", long, b'{"id": "z"}'])

    found = list(opened("jsonl", raw).records())

    codes = [one.fault and one.fault.code for one in found]
    assert codes == [None, "bad_utf8", "bad_json", "bad_row", "line_too_long", None]
    assert [one.line for one in found] == [1, 2, 3, 4, 5, 6]


def test_a_line_of_exactly_a_megabyte_is_read():
    line = b'{"id": "' + b"x" * (1024 * 1024 - 10) + b'"}'
    assert len(line) == 1024 * 1024

    faults = [one.fault for one in opened("jsonl", b"\xef\xbb\xbf" + line + b"\r\n").records()]

    assert faults == [None]


# --- NPY ---


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8", ">f4"])
def test_an_array_of_floats_is_read(kind):
    source = opened("npy", npy(VECTORS.astype(kind)))

    found = np.array([one.values["vector"] for one in source.records()], np.float32)

    assert (found == VECTORS).all()
    assert source.fields()[0].length == 4


def test_the_lines_beside_an_array_go_with_its_vectors():
    side = b'{"id": "a"}\n\n{"id": "b", "year": 1}\n{'

    found = list(opened("npy", npy(VECTORS), side).records())

    assert [one.values.get("id") for one in found] == ["a", "b", None]
    assert found[2].fault.code == "bad_json"
    assert (found[1].values["vector"] == VECTORS[1]).all()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (npy(np.array([[{}]], dtype=object), allow_pickle=True), "pickle"),
        (npy(VECTORS.astype(np.int32)), "wrong_type"),
        (npy(VECTORS.astype(np.complex64)), "wrong_type"),
        (npy(VECTORS[0]), "wrong_shape"),
        (npy(VECTORS.reshape(3, 2, 2)), "wrong_shape"),
        (npy(np.asfortranarray(VECTORS)), "wrong_shape"),
        (npy(VECTORS)[:-1], "wrong_size"),
        (npy(VECTORS) + b"x", "wrong_size"),
        (npy(VECTORS).replace(b"(3, 4)", b"(9, 4)"), "wrong_size"),
        (b"\x93NUMPY\x01\x00", "wrong_header"),
        (b"\x93NUMPY\x09\x00" + npy(VECTORS)[8:], "wrong_header"),
        (npy(VECTORS).replace(b"descr", b"d'scr"), "wrong_header"),
    ],
)
def test_an_array_that_is_not_what_it_says_is_refused(raw, reason):
    with pytest.raises(FileRefused) as refused:
        opened("npy", raw)

    assert refused.value.reason == reason


def test_a_file_beside_with_other_lines_is_refused():
    with pytest.raises(FileRefused) as refused:
        opened("npy", npy(VECTORS), b'{"id": 1}\n')

    assert refused.value.reason == "side_file_mismatch"


# --- Parquet ---


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32(), 4), pa.list_(pa.float64()), pa.large_list(pa.float32())]
)
def test_columns_are_read_with_vectors_as_arrays(kind):
    raw = parquet_of({"id": ["a", "b", "c"], "emb": vectors_column(kind), "year": [1, None, 3]})

    found = list(opened("parquet", raw).records(frozenset({"id", "emb"})))

    assert [one.values["id"] for one in found] == ["a", "b", "c"]
    assert (np.array([one.values["emb"] for one in found]) == VECTORS).all()
    assert "year" not in found[0].values


def test_a_text_that_is_not_utf8_is_its_rows_fault():
    texts = pa.array([b"fine", b"\xff\xfe", b"too"]).cast(pa.binary()).view(pa.string())

    found = list(opened("parquet", parquet_of({"id": texts})).records())

    assert [one.fault and one.fault.code for one in found] == [None, "bad_utf8", None]


def nested(levels: int):
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return [value]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"PAR1" + b"x" * 100, "wrong_header"),
        (b"PAR1" + b"x" * 40 + b"\xff\xff\xff\x7fPAR1", "wrong_header"),
        (b"PAR1" + b"x" * 40 + b"\x10\x00\x00\x00PAR1", "wrong_header"),
        (parquet_of({"id": ["a"]})[:-9], "wrong_header"),
        (parquet_of({"a": nested(9)}), "too_deep"),
        (parquet_of({"a": ["x" * 1000 + str(n) for n in range(20_000)]}, compression="zstd", use_dictionary=False), "compression_bomb"),
        (parquet_of({"a": pa.nulls(40_000_000, pa.int64())}, row_group_size=2**26), "row_group_too_large"),
    ],
)  # fmt: skip
def test_a_file_that_would_do_harm_is_refused_before_it_is_decoded(raw, reason):
    with pytest.raises(FileRefused) as refused:
        opened("parquet", raw)

    assert refused.value.reason == reason


def test_pages_that_are_damaged_refuse_the_file():
    raw = bytearray(parquet_of({"id": [f"row {n}" for n in range(5_000)]}, compression="zstd"))
    raw[40:400] = b"\xff" * 360

    with pytest.raises(FileRefused) as refused:
        list(opened("parquet", bytes(raw)).records())

    assert refused.value.reason == "unreadable"


def test_the_limits_are_those_of_the_documents():
    assert (parquet.MAX_GROUP_BYTES, parquet.MAX_RATIO, parquet.MAX_DEPTH) == (256 * 2**20, 50, 8)


# --- which format ---


def test_a_format_is_found_by_the_first_bytes():
    cases = {
        "npy": npy(VECTORS),
        "parquet": parquet_of({"id": [1]}),
        "jsonl": b'\xef\xbb\xbf {"id": 1}',
    }
    for name, raw in cases.items():
        assert base.detect(io.BytesIO(raw), "file") == name
    with pytest.raises(UnsupportedFormat):
        base.detect(io.BytesIO(b"id,vector\n"), "rows.csv")


# --- mapping ---


def test_columns_are_guessed_by_name_and_kind():
    line = {"doc_id": 7, "emb": [1.0] * 4, "other": [1.0] * 3, "正文": "灯塔", "ns": "a", "year": 1}
    fields = opened("jsonl", orjson.dumps(line)).fields()

    found = mapping.guess(fields, 4)

    assert found == mapping.Mapping("doc_id", "emb", "正文", "ns", ("year",))


def test_a_column_of_objects_is_the_payload_itself():
    raw = json.dumps({"id": 1, "vector": [1, 2], "metadata": {"a": 1}}).encode()
    source = opened("jsonl", raw)

    found = mapping.guess(source.fields(), 2)
    row = mapping.row(next(iter(source.records())), found)

    assert found.payload == "metadata"
    assert row == {"id": 1, "vector": [1, 2], "payload": {"a": 1}}


def test_without_an_id_the_line_is_the_id():
    source = opened("npy", npy(VECTORS))

    found = mapping.guess(source.fields(), 4)

    assert [mapping.row(one, found)["id"] for one in source.records()] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "given",
    [
        {"vector": "nope"},
        {"vector": 3},
        {"id": "id"},
        {"vector": "vector", "payload": [1]},
        {"vector": "vector", "payload": ["nope"]},
        {"vector": "vector", "color": "id"},
        {"vector": ["vector"]},
        {"vector": "vector", "payload": {"a": 1}},
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(given):
    fields = opened("jsonl", b'{"id": 1, "vector": [1, 2]}').fields()

    with pytest.raises(mapping.MappingInvalid):
        mapping.read(given, fields)
