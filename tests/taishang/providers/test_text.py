"""Text that arrives in pieces is safe to keep, however it was cut."""

from hypothesis import given
from hypothesis import strategies as st

from taishang.providers.text import Mender, mended


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    st.integers(1, 5),
)
def test_bytes_cut_anywhere_give_the_same_text(text, size):
    raw = text.encode()
    mender = Mender()

    pieces = [
        mender.feed(raw[start : start + size].decode("utf-8", "surrogateescape"))
        for start in range(0, len(raw), size)
    ]

    assert "".join([*pieces, mender.flush()]) == text
    assert mender.replaced == 0


@given(st.lists(st.text(alphabet=st.characters(categories=["L", "Cs", "Cc"]))))
def test_whatever_comes_can_be_stored(pieces):
    mender = Mender()

    text = "".join([*map(mender.feed, pieces), mender.flush()])

    text.encode()
    assert "\x00" not in text


def test_a_character_whose_rest_never_comes_is_replaced():
    mender = Mender()

    assert mender.feed("a\ud83d") == "a"
    assert mender.flush() == "\ufffd"
    assert mender.replaced == 1


def test_what_was_a_replacement_already_is_not_counted():
    mender = Mender()

    assert mender.feed("\ufffd\x00") == "\ufffd\ufffd"
    assert mender.replaced == 1
    assert mended("a\ud800b") == "a\ufffdb"
