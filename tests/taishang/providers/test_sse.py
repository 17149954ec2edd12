"""Events are read as the standard says, however the bytes were cut."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taishang.providers import sse
from taishang.providers.errors import ProviderError

STREAM = b": hello\r\ndata: one\r\n\r\nevent: x\rdata:two\ndata: three\n\n\ndata: \xe4\xbd\xa0\n\ndata: last"
EXPECTED = [b"one", b"two\nthree", "你".encode(), b"last"]


def read(chunks):
    async def collect():
        async def given():
            for chunk in chunks:
                yield chunk

        return [data async for data in sse.events(given())]

    return asyncio.run(collect())


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_are_the_same_wherever_the_bytes_are_cut(cuts):
    places = [0, *sorted(cuts), len(STREAM)]

    assert read(STREAM[a:b] for a, b in pairwise(places)) == EXPECTED


def test_a_line_is_bounded_while_it_comes():
    endless = iter([b"data: ", *[b"x" * 100_000] * 100])

    with pytest.raises(ProviderError) as refused:
        read(endless)

    assert refused.value.error_class == "protocol"
    assert len(list(endless)) > 80


def test_an_event_of_many_lines_is_bounded():
    with pytest.raises(ProviderError):
        read([b"data: " + b"x" * 1000 + b"\n"] * 1100)


@pytest.mark.parametrize("data", [b"{", b'{"a": NaN}', b"[" * 100_000, b'{"a": Infinity}'])
def test_what_is_not_json_is_refused(data):
    with pytest.raises(ProviderError) as refused:
        sse.parsed(data)

    assert refused.value.error_class == "protocol"
