"""Which encoding a text file has, how sure that is, and its text, with every byte that does not fit counted."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

from charset_normalizer import from_bytes

ENCODINGS = ("utf-8", "gb18030", "big5hkscs", "utf-16-le", "utf-16-be", "cp1252")
SAMPLE_BYTES = 262_144
PLACES = 50
SURE_ENOUGH = 0.25
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Every tenth character of Chinese prose is one of these, in one writing or the other; of a wrong decoding hardly any.
COMMON = frozenset(
    "的一是了不在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着下自之"
    "年过過发發后後作里裡用道行所然家事成方多经經么麼去法如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣"
    "理心她本前开開但因只从從想实實回日曰又与與两兩见見只此第三二太公将將何若无無"
)


@dataclass
class Decoded:
    """A text and how it was read. `bad` are offsets of bytes (with their values) that the encoding does not know."""

    text: str
    encoding: str
    confidence: float
    candidates: list[tuple[str, float]] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    bad_count: int = 0


def decode(data: bytes, *, encoding: str = "") -> Decoded:
    """The text of a file. Without `encoding` it is found out; bytes that do not fit become U+FFFD and are listed."""
    bom, marked = next(((mark, name) for mark, name in BOMS if data.startswith(mark)), (b"", ""))
    if encoding and encoding != marked:
        return _read(data, encoding, 1.0, [])
    if marked:
        return _read(data[len(bom) :], marked, 1.0, [], skipped=len(bom))
    ranked = ranking(data)
    return _read(data, ranked[0][0], ranked[0][1], ranked)


def ranking(data: bytes) -> list[tuple[str, float]]:
    """Encodings that may be meant, the likeliest first, with a confidence from 0 to 1."""
    sample = data[:SAMPLE_BYTES]
    if _is_utf8(data):
        return [("utf-8", 1.0)]
    found = sorted(
        ((name, _likeliness(sample, name)) for name in ENCODINGS if name != "utf-8"),
        key=lambda pair: -pair[1],
    )
    if found[0][1] < SURE_ENOUGH:
        guessed = from_bytes(sample[:65_536]).best()
        if guessed is not None and guessed.encoding not in dict(found):
            found.insert(0, (guessed.encoding, round(1 - guessed.chaos, 2) / 2))
    utf8 = _likeliness(sample, "utf-8")
    return sorted([*found, ("utf-8", utf8)], key=lambda pair: -pair[1])


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _likeliness(sample: bytes, encoding: str) -> float:
    text = sample.decode(encoding, errors="replace")
    if not text:
        return 0.0
    bad = text.count("\ufffd") / len(text)
    odd = sum(letter < " " and letter not in "\t\n\r\x0c" for letter in text) / len(text)
    han = [letter for letter in text if "\u3400" <= letter <= "\u9fff"]
    letters = sum(letter.isascii() and (letter.isalpha() or letter == " ") for letter in text)
    if encoding == "cp1252":
        score = letters / len(text)
    elif encoding.startswith("utf-16"):
        score = max(_common(han), letters / len(text))
    else:
        score = _common(han)
    return round(max(0.0, min(1.0, score - 20 * bad - 5 * odd)), 2)


def _common(han: list[str]) -> float:
    if not han:
        return 0.0
    return min(1.0, 5 * sum(letter in COMMON for letter in han) / len(han))


def _read(
    data: bytes, encoding: str, confidence: float, ranked: list[tuple[str, float]], skipped: int = 0
) -> Decoded:
    bad: list[tuple[int, str]] = []
    count = 0

    def note(error: UnicodeError) -> tuple[str, int]:
        nonlocal count
        if not isinstance(error, UnicodeDecodeError):
            raise error
        count += 1
        if len(bad) < PLACES:
            bad.append((error.start + skipped, error.object[error.start : error.end].hex()))
        return "\ufffd", error.end

    # The registry of handlers is global: one name for each process, its function for each call.
    codecs.register_error("studio_note", note)
    text = codecs.decode(data, encoding, "studio_note")
    return Decoded(text, encoding, confidence, ranked, bad, count)
