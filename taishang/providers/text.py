"""Makes text that arrived in pieces safe to keep: what is no text becomes U+FFFD, and is counted."""

import codecs
import re

REPLACEMENT = "\ufffd"
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# Bytes that were no UTF-8 arrive as U+DC80–U+DCFF ("surrogateescape"); the other halves stand for nothing.
LONE = re.compile("[\ud800-\udc7f\udd00-\udfff]|\x00")


class Mender:
    """Joins characters that were cut between two pieces, and replaces NUL, stray bytes and lone surrogates.

    Some servers cut a character of several bytes between two events; decoded alone, each half would be lost.
    """

    def __init__(self) -> None:
        self.replaced = 0
        self._half = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, piece: str) -> str:
        """The part of what has arrived that is complete."""
        if not self._half and not self._decoder.getstate()[0] and _is_clean(piece):
            return piece
        return self._mended(piece, final=False)

    def flush(self) -> str:
        """What is left of a character whose rest never came."""
        return self._mended("", final=True)

    def _mended(self, piece: str, *, final: bool) -> str:
        text = PAIR.sub(_joined, self._half + piece)
        self._half = ""
        if not final and text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        given = text.count(REPLACEMENT)
        raw = LONE.sub(REPLACEMENT, text).encode("utf-8", "surrogateescape")
        clean = self._decoder.decode(raw, final)
        self.replaced += max(0, clean.count(REPLACEMENT) - given)
        return clean


def mended(text: str) -> str:
    """A whole text made safe to keep."""
    mender = Mender()
    return mender.feed(text) + mender.flush()


def _is_clean(piece: str) -> bool:
    if "\x00" in piece:
        return False
    try:
        piece.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _joined(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le")
