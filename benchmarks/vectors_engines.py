"""What our FAISS backend adds to bare FAISS: `python -m benchmarks.vectors_engines [--rows 50000]`.

Both search the same graph with the same effort on one thread: bare FAISS in the memory of this process under an id
map, ours through the snapshot on disk with its checks, its mapping and its ids. Recall of both is printed beside the
ratio of their rates, because a rate without it says nothing.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import django

django.setup()

import faiss  # noqa: E402
import numpy as np  # noqa: E402
from django.conf import settings  # noqa: E402

from benchmarks.rounds import measure  # noqa: E402
from taishang.vectors.backends.base import Batch, Target  # noqa: E402
from taishang.vectors.backends.faiss import Faiss  # noqa: E402

GOAL = 0.7
DIMENSION = 128
CLUSTERS = 200
EFFORTS = (40, 100, 400)
QUERIES = 200


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    vectors, queries = data(options.rows)
    ids = np.arange(10**9, 10**9 + options.rows, dtype="i8")
    with tempfile.TemporaryDirectory() as folder:
        settings.DATA_DIR = Path(folder)
        engine, target = Faiss(), Target(1, 1, DIMENSION, "l2", "hnsw", {"m": 16})
        with engine.writer(target) as writer:
            writer.apply(Batch(ids, vectors, np.empty(0, "i8")))
            done = writer.publish(seq=1)
        held = replace(target, locator=done.locator, sha256=done.sha256)
        bare = bare_index(engine, held, ids)
        truth = exact(vectors, queries, ids)
        print(f"{options.rows} rows × {DIMENSION}, top 10, {done.bytes / 1e6:.0f} MB on disk")
        for effort in EFFORTS:
            compare(engine, held, bare, queries, truth, effort, options.rounds)


def data(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Clustered rows, and queries from the same clusters."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((CLUSTERS, DIMENSION)) * 2
    chosen = centres[rng.integers(0, CLUSTERS, rows + QUERIES)]
    found = (chosen + rng.standard_normal(chosen.shape)).astype("f4")
    return found[:rows], found[rows:]


def bare_index(engine: Faiss, target: Target, ids: np.ndarray) -> faiss.Index:
    """The very same graph, read into memory."""
    graph = faiss.read_index(str(engine._open(target).snapshot.path("index")))
    index = faiss.IndexIDMap(faiss.IndexHNSWFlat(DIMENSION, 16))
    index.index, index.own_fields = graph, False
    graph.this.disown()
    faiss.copy_array_to_vector(ids, index.id_map)
    index.ntotal = len(ids)
    return index


def exact(vectors: np.ndarray, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
    flat = faiss.IndexFlatL2(DIMENSION)
    flat.add(vectors)
    return ids[flat.search(queries, 10)[1]]


def compare(engine, held, bare, queries, truth, effort, rounds) -> None:
    faiss.omp_set_num_threads(1)
    parameters = faiss.SearchParametersHNSW(efSearch=effort)

    def by_bare() -> None:
        for query in queries:
            bare.search(query.reshape(1, -1), 10, params=parameters)

    def by_ours() -> None:
        for query in queries:
            engine.search(held, query, k=10, ef_search=effort)

    rates = measure({"bare": by_bare, "ours": by_ours}, rounds=rounds, calls=4)
    ratio, low, high = rates.ratio("ours", to="bare")
    found = np.stack([engine.search(held, query, k=10, ef_search=effort).ids for query in queries])
    theirs = bare.search(queries, 10, params=parameters)[1]
    verdict = "ok" if ratio >= GOAL else "missed"
    print(
        f"ef {effort:4}: ours {rates.rate('ours') * len(queries):7.0f}/s,"
        f" bare {rates.rate('bare') * len(queries):7.0f}/s, ratio {ratio:.2f} [{low:.2f} – {high:.2f}]"
        f" (goal ≥ {GOAL}: {verdict}); recall {recall(found, truth):.3f} and {recall(theirs, truth):.3f}"
    )


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    shared = [len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist(), strict=True)]
    return sum(shared) / truth.size


if __name__ == "__main__":
    main()
