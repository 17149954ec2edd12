"""The stage `intake`: from an uploaded archive to decoded, redacted texts and a redacted pack."""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from laojun.zipdirectory import MIB
from laojun.zipsafe import Archive, ArchiveError, Entry, Limits, open_archive
from taishang.generation.intake.choosing import TEXT_SUFFIXES, reason_to_ignore, wrapper_of
from taishang.generation.intake.decoding import decode, is_binary
from taishang.generation.intake.redaction import redact, redact_environment
from taishang.generation.ir import MAX_WARNINGS, Export, SecretFound, SourceFile, Warning

MAX_KEPT_FILES = 5_000
MAX_SOURCE_BYTES = 2 * MIB
MAX_LINE = 50_000
MAX_MEAN_LINE = 500
MAX_CHAT_BYTES = 10 * MIB
PACK_DATE = (1980, 1, 1, 0, 0, 0)
PACK_NAME = "redacted.zip"
SOURCE_SUFFIXES = frozenset(
    {".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".astro", ".html",
     ".htm", ".rsx", ".json", ".sql"}
)  # fmt: skip


class IntakeError(Exception):
    """The export cannot be taken in. `code` is the job's error code, `entry` the entry to blame."""

    def __init__(self, code: str, detail: str, entry: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.entry = entry


@dataclass
class Received:
    """What intake hands on: the export, the chat's redacted text (None = no chat), the pack to store."""

    export: Export
    chat: str | None
    pack: Path


def read_export(
    *, archive: Path, chat: Path | None = None, directory: Path, limits: Limits | None = None
) -> Received:
    """Read the archive and the chat log; write the redacted pack into `directory`.

    Raises IntakeError: zip_damaged, zip_unsupported, zip_unsafe, zip_expands_too_much, no_source_files.
    """
    try:
        opened = open_archive(archive, limits=limits)
        export = _read_files(opened)
    except ArchiveError as error:
        raise IntakeError(error.code, error.rule, error.entry) from error
    if not any(_is_source(file.path) for file in export.files):
        raise IntakeError("no_source_files", _nothing_left(export))
    text = _read_chat(chat, export) if chat is not None else None
    export.warnings = _limited(export.warnings)
    return Received(export, text, write_pack(export=export, path=directory / PACK_NAME))


def write_pack(*, export: Export, path: Path) -> Path:
    """Pack the redacted texts, sorted and with fixed dates, so that equal exports give equal packs."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as pack:
        for file in sorted(export.files, key=lambda file: file.path):
            if file.text is None:
                continue
            info = zipfile.ZipInfo(file.path, PACK_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            pack.writestr(info, file.text.encode())
    return path


def _read_files(archive: Archive) -> Export:
    export = Export(files=[])
    entries = [entry for entry in archive.entries if entry.kind != "directory"]
    wrapper = wrapper_of([entry.name for entry in entries])
    kept = _choose(entries, wrapper, export)
    if len(kept) > MAX_KEPT_FILES:
        raise IntakeError(
            "zip_expands_too_much", f"{len(kept)} files; the limit is {MAX_KEPT_FILES}"
        )
    for name, entry in kept:
        _read_file(archive, entry, name, export)
    for first, second in archive.twins:
        export.warnings.append(
            Warning(
                code="name_twins", detail=f"{first} and {second} differ only by case", file=second
            )
        )
    return export


def _choose(entries: list[Entry], wrapper: str, export: Export) -> list[tuple[str, Entry]]:
    ignored: Counter[str] = Counter()
    kept: list[tuple[str, Entry]] = []
    for entry in entries:
        name = entry.name.removeprefix(wrapper)
        reason = reason_to_ignore(entry, name)
        if reason is None:
            kept.append((name, entry))
            continue
        ignored[reason] += 1
        if reason in {"links", "devices", "nested archives"}:
            export.warnings.append(
                Warning(code="entry_skipped", detail=f"{reason} are not followed", file=name)
            )
    export.ignored = dict(sorted(ignored.items()))
    return sorted(kept, key=lambda pair: pair[0])


def _read_file(archive: Archive, entry: Entry, name: str, export: Export) -> None:
    if entry.size > MAX_SOURCE_BYTES:
        export.files.append(SourceFile(path=name, size=entry.size, sha256=""))
        export.warnings.append(_listed_only(name, "larger than 2 MB"))
        return
    data = archive.read(entry)
    file = SourceFile(path=name, size=entry.size, sha256=hashlib.sha256(data).hexdigest())
    export.files.append(file)
    if is_binary(data):
        return
    text, guessed = decode(data)
    if guessed:
        export.warnings.append(
            Warning(code="encoding_guessed", detail=f"read as {guessed}", file=name, line=1)
        )
    if is_minified(name, text):
        export.warnings.append(_listed_only(name, "minified or with very long lines"))
        return
    file.text = _redacted(text, name, export)


def is_minified(name: str, text: str) -> bool:
    """Lines no person wrote: one beyond the limit, or long on average."""
    if PurePosixPath(name).suffix.lower() not in SOURCE_SUFFIXES - {".json", ".sql"}:
        return False
    lines = text.split("\n")
    return max(map(len, lines)) > MAX_LINE or len(text) / len(lines) > MAX_MEAN_LINE


def _listed_only(name: str, why: str) -> Warning:
    return Warning(code="file_not_parsed", detail=f"listed, not read: {why}", file=name)


def _redacted(text: str, name: str, export: Export) -> str:
    base = name.rsplit("/", 1)[-1]
    found: list[SecretFound]
    if base.startswith(".env") or base.endswith(".env"):
        text, values, found = redact_environment(text=text, file=name)
        for variable, value in values.items():
            export.environment[variable] = value or export.environment.get(variable)
    else:
        text, found = redact(text=text, file=name)
    _report(found, export)
    return text


def _report(found: list[SecretFound], export: Export) -> None:
    export.secrets += found
    for secret in found:
        advice = ": rotate this key now" if secret.high else ""
        export.warnings.append(
            Warning(
                code="secret_found",
                detail=f"{secret.kind} was redacted{advice}",
                file=secret.file,
                line=secret.line,
            )
        )


def _read_chat(chat: Path, export: Export) -> str:
    with chat.open("rb") as file:
        data = file.read(MAX_CHAT_BYTES + 1)
    if len(data) > MAX_CHAT_BYTES:
        export.warnings.append(
            Warning(
                code="chat_cut", detail="only the first 10 MB of the chat were read", file="chat"
            )
        )
    text, guessed = decode(data[:MAX_CHAT_BYTES])
    if guessed:
        export.warnings.append(
            Warning(
                code="encoding_guessed",
                detail=f"the chat was read as {guessed}",
                file="chat",
                line=1,
            )
        )
    text, found = redact(text=text, file="chat")
    _report(found, export)
    return text


def _is_source(path: str) -> bool:
    suffix = PurePosixPath(path).suffix.lower()
    return (
        suffix in SOURCE_SUFFIXES and suffix in TEXT_SUFFIXES and not path.endswith("package.json")
    )


def _nothing_left(export: Export) -> str:
    counted = ", ".join(f"{count} {reason}" for reason, count in export.ignored.items())
    return f"no source file is left ({counted or 'the archive is empty'})"


def _limited(warnings: list[Warning]) -> list[Warning]:
    if len(warnings) <= MAX_WARNINGS:
        return warnings
    more = len(warnings) - MAX_WARNINGS + 1
    return [*warnings[: MAX_WARNINGS - 1], Warning(code="more_warnings", detail=f"and {more} more")]
