"""Which formats there are, and the writer of each, loaded when it is needed."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.module_loading import import_string

from studio.exporting.book import Writer


@dataclass(frozen=True)
class Format:
    """A kind of file: what its name ends with, its type, and the path of its writer."""

    suffix: str
    mime_type: str
    writer: str

    def load(self) -> Writer:
        found: Writer = import_string(self.writer)
        return found


FORMATS = {
    "md": Format("md", "text/markdown", "studio.exporting.markdown.write"),
    "txt": Format("txt", "text/plain", "studio.exporting.plain.write"),
    "html": Format("html", "text/html", "studio.exporting.hypertext.write"),
    "docx": Format(
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "studio.exporting.docx.write",
    ),
    "epub": Format("epub", "application/epub+zip", "studio.exporting.epub.write"),
    "pdf": Format("pdf", "application/pdf", "studio.exporting.pdf.write"),
}
