"""What a file is, by its content. The name and the declared type may agree with that or are refused.

Content that a browser would run (HTML, SVG, XML, PDF) and content nobody knows is only ever an attachment.
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

import puremagic

HEAD_BYTES = 8192
TAIL_BYTES = 66 * 1024
MAX_NAME = 255
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
ZIP = "application/zip"
ZIP_FAMILY = {
    "zip": ZIP,
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "epub": "application/epub+zip",
    "odt": "application/vnd.oasis.opendocument.text",
}
TEXT_FAMILY = {
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "diff": "text/x-diff",
    "patch": "text/x-diff",
}
MARKUP = {"html": "text/html", "htm": "text/html", "svg": "image/svg+xml", "xml": "text/xml"}
BINARY = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "gz": "application/gzip",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "parquet": "application/vnd.apache.parquet",
    "sqlite": "application/vnd.sqlite3",
    "db": "application/vnd.sqlite3",
}
BY_EXTENSION = {**ZIP_FAMILY, **TEXT_FAMILY, **MARKUP, **BINARY, "txt": TEXT}
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\x1f\x8b", "application/gzip"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
)
INLINE = {
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "audio/mpeg",
    "video/mp4",
    "video/webm",
    TEXT,
}
HTML_START = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|iframe)\b",
    re.IGNORECASE | re.DOTALL,
)
SVG_START = re.compile(
    rb"\s*(?:<\?xml.*?\?>\s*|<!--.*?-->\s*|<!doctype\s+svg.*?>\s*)*<svg\b",
    re.IGNORECASE | re.DOTALL,
)
XML_START = re.compile(rb"\s*<\?xml\b", re.IGNORECASE)
RUNNABLE = re.compile(rb"<(?:script|html|svg|iframe|body|!doctype)\b", re.IGNORECASE)
HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class TypeMismatch(Exception):
    """The content is one thing, the name or the declared type says another."""

    code = "type_mismatch"

    def __init__(self, found: str, claimed: str) -> None:
        super().__init__(f"{claimed} is {found}")
        self.found = found
        self.claimed = claimed
        self.members = {"found": found, "claimed": claimed}


@dataclass(frozen=True)
class Sample:
    """The first and last bytes of a content: enough to know its type and to see a second one behind it."""

    head: bytes
    tail: bytes


def identify(sample: Sample, *, name: str, declared: str = "") -> str:
    """The media type of a content. Raises TypeMismatch when the name or the declared type contradicts it."""
    found = _sniffed(sample)
    _refuse_two_in_one(sample, found)
    extension = PurePosixPath(name).suffix.lower().lstrip(".")
    claimed = BY_EXTENSION.get(extension)
    agreed = _agree(found, extension, claimed)
    if agreed is None:
        raise TypeMismatch(found, claimed or extension)
    if declared and not _compatible(declared.partition(";")[0].strip().lower(), agreed, found):
        raise TypeMismatch(found, declared)
    return agreed


def by_name(name: str) -> str:
    """The type a file of the platform's own making has by its name."""
    return BY_EXTENSION.get(PurePosixPath(name).suffix.lower().lstrip("."), UNKNOWN)


def clean_name(name: str) -> str:
    """What we keep of somebody's file name: one path component without tricks, at most 255 characters."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = HIDDEN.sub("", last.encode("utf-8", "ignore").decode()).strip(" .")
    if len(shown) <= MAX_NAME:
        return shown or "file"
    stem, dot, extension = shown.rpartition(".")
    if not dot or len(extension) > 16:
        return shown[:MAX_NAME]
    return f"{stem[: MAX_NAME - len(extension) - 1]}.{extension}"


def may_show(mime_type: str) -> bool:
    """Whether a browser may show this in place; everything else is downloaded."""
    return mime_type in INLINE


def _sniffed(sample: Sample) -> str:
    head = sample.head
    for signature, mime_type in SIGNATURES:
        if head.startswith(signature):
            return mime_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if _is_text(head):
        return _text_kind(head)
    return _magic(head)


def _text_kind(head: bytes) -> str:
    if SVG_START.match(head):
        return "image/svg+xml"
    if HTML_START.match(head):
        return "text/html"
    return "text/xml" if XML_START.match(head) else TEXT


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return not re.search(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]", head)
    return False


def _magic(head: bytes) -> str:
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    return next((match.mime_type for match in matches if match.mime_type), UNKNOWN)


def _refuse_two_in_one(sample: Sample, found: str) -> None:
    """A picture or document that is an archive or a page too is somebody's trick."""
    if found in {ZIP, UNKNOWN} or not (found in BINARY.values() or found.startswith("text/")):
        return
    if b"PK\x05\x06" in sample.tail and found != TEXT:
        raise TypeMismatch(ZIP, found)
    if found.startswith("image/") and RUNNABLE.search(sample.head[:1024]):
        raise TypeMismatch("text/html", found)


def _agree(found: str, extension: str, claimed: str | None) -> str | None:
    """The type to keep, or None when the name contradicts the content."""
    if claimed is None:
        return TEXT if found == TEXT else found
    if found == ZIP:
        return ZIP_FAMILY.get(extension)
    if found == TEXT:
        return claimed if extension in TEXT_FAMILY or extension == "txt" else None
    if found in {"text/html", "text/xml", "image/svg+xml"}:
        return _markup(found, extension, claimed)
    return claimed if found == claimed else None


def _markup(found: str, extension: str, claimed: str) -> str | None:
    """Markdown may start with a tag; a page may be XML. Nothing that calls itself plain text is a page."""
    if extension == "md":
        return claimed
    same_family = {found, claimed} <= {"text/html", "text/xml", "image/svg+xml"}
    return claimed if same_family else None


def _compatible(declared: str, agreed: str, found: str) -> bool:
    """Browsers name many text types; only a claim from another family is a contradiction."""
    if declared in {"", UNKNOWN, "application/x-zip-compressed", "multipart/x-zip", agreed, found}:
        return not (declared.startswith(("application/x-zip", "multipart/x-zip")) and found != ZIP)
    if found == TEXT:
        return (declared.startswith("text/") and declared not in {"text/html", "text/xml"}) or (
            declared.startswith("application/")
            and declared not in {ZIP, "application/pdf", *ZIP_FAMILY.values()}
        )
    return {declared, found} <= {"text/xml", "application/xml", "text/html", "image/svg+xml"}
