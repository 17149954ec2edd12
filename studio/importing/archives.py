"""Documents that are archives, opened only after the whole directory was checked, and their XML without entities."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

from laojun.zipsafe import Archive, ArchiveError, Limits, open_archive
from studio.importing.source import ArchiveRefused, Unreadable

MIB = 1_048_576
LIMITS = Limits(
    max_archive_bytes=100 * MIB, max_entries=20_000, max_read_bytes=200 * MIB, max_entry_ratio=100
)
MAX_PART_BYTES = 24 * MIB
_declared = re.compile(rb"<!(?:ENTITY|DOCTYPE[^>]*\[)|<\0!\0E\0N\0T", re.IGNORECASE)


def opened(path: Path) -> Archive:
    """The checked archive. Raises ArchiveRefused with the rule it breaks."""
    try:
        return open_archive(path, limits=LIMITS)
    except ArchiveError as error:
        raise ArchiveRefused(error.code, str(error)) from error


def part(archive: Archive, name: str, *, most: int = MAX_PART_BYTES) -> bytes | None:
    """The content of one entry; None when there is none. Raises ArchiveRefused."""
    entry = next((each for each in archive.entries if each.name == name), None)
    if entry is None or entry.kind == "directory":
        return None
    if entry.size > most:
        raise ArchiveRefused("zip_expands_too_much", name)
    try:
        return archive.read(entry)
    except ArchiveError as error:
        raise ArchiveRefused(error.code, str(error)) from error


def checked(content: bytes, name: str) -> bytes:
    """The content, when it declares no entities of its own. Raises ArchiveRefused."""
    if _declared.search(content):
        raise ArchiveRefused("xml_entities", name)
    return content


def xml(content: bytes, name: str) -> Any:
    """The tree of an XML document: no entities, no network, no huge trees. Raises ArchiveRefused, Unreadable."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        return etree.fromstring(checked(content, name), parser=parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("damaged", name) from error
