"""Namespaces and filters: the same rows from every backend, as many as asked for whenever so many match."""

import pytest

from tests.taishang.vectors.shelf import cloud, order

pytestmark = pytest.mark.django_db
FILTERS = {
    "half": {"field": "n", "op": "lt", "value": 100},
    "tenth": {"field": "n", "op": "lt", "value": 20},
    "few": {"field": "n", "op": "in", "value": [3, 77, 150]},
    "none": {"field": "n", "op": "eq", "value": -1},
    "texts": {"field": "s", "op": "prefix", "value": "s1"},
    "lists": {"field": "tags", "op": "contains", "value": "even"},
    "nested": {"field": "deep.er", "op": "gte", "value": 190},
    "not": {"not": {"field": "tags", "op": "contains", "value": "even"}},
    "or": {"or": [{"field": "n", "op": "eq", "value": 1}, {"field": "s", "op": "eq", "value": "s9"}]},
    "id": {"field": "$id", "op": "in", "value": ["r1", "r2", "r200"]},
    "missing": {"field": "nowhere", "op": "is_null"},
}  # fmt: skip
TRUTHS = {
    "half": lambda n: n < 100,
    "tenth": lambda n: n < 20,
    "few": lambda n: n in (3, 77, 150),
    "none": lambda n: False,
    "texts": lambda n: str(n).startswith("1"),
    "lists": lambda n: n % 2 == 0,
    "nested": lambda n: n >= 190,
    "not": lambda n: n % 2 == 1,
    "or": lambda n: n in (1, 9),
    "id": lambda n: n in (1, 2),
    "missing": lambda n: True,
}


@pytest.fixture
def shelf(make, settle):
    made = make(index_type="hnsw")
    made.rows = cloud(200)
    payload = {
        f"r{n}": {
            "n": n,
            "s": f"s{n}",
            "tags": ["even" if n % 2 == 0 else "odd"],
            "deep": {"er": n},
        }
        for n in range(200)
    }
    made.write(made.rows, payload=payload)
    settle(made)
    return made


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_gives_the_nearest_of_those_that_match(shelf, name):
    matching = {key: vector for key, vector in shelf.rows.items() if TRUTHS[name](int(key[1:]))}

    reply = shelf.search(shelf.rows["r7"], 10, filter=FILTERS[name], ef_search=400)

    wanted = order(matching, shelf.rows["r7"])[:10] if matching else []
    assert [match.id for match in reply.matches] == wanted
    assert reply.complete


@pytest.fixture
def rooms(make, settle):
    made = make()
    made.rooms = {name: cloud(20, seed=place) for place, name in enumerate(("", "a", "b"))}
    for name, rows in made.rooms.items():
        made.write(rows, namespace=name)
    settle(made)
    return made


@pytest.mark.parametrize(
    ("namespace", "rooms_searched"),
    [(None, [""]), ("a", ["a"]), (["a", "b"], ["a", "b"]), ("*", ["", "a", "b"]), ("c", [])],
)
def test_a_search_stays_in_its_namespaces(rooms, namespace, rooms_searched):
    body = {} if namespace is None else {"namespace": namespace}

    reply = rooms.search(rooms.rooms["a"]["r1"], 60, **body)

    found = {(match.namespace, match.id) for match in reply.matches}
    assert found == {(room, name) for room in rooms_searched for name in rooms.rooms[room]}
    assert reply.complete


def test_equal_ids_in_two_namespaces_are_two_rows(rooms):
    rooms.delete("r1", namespace="a")

    assert "r1" not in rooms.names(rooms.rooms["a"]["r1"], 60, namespace="a")
    assert "r1" in rooms.names(rooms.rooms["a"]["r1"], 60, namespace="b")
