"""The fonts that pages are set in: those of the system and of `STUDIO_FONT_DIRS`."""

from __future__ import annotations

from functools import lru_cache

import typst

from studio.exporting.book import ExportRefused

# Preferred first; serif is what novels are read in.
CHINESE = (
    "Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC", "Songti SC", "SimSun", "Noto Sans CJK SC",
    "Source Han Sans SC", "Noto Sans SC", "WenQuanYi Zen Hei", "AR PL UMing CN",
)  # fmt: skip
TRADITIONAL = ("Noto Serif CJK TC", "Source Han Serif TC", "Noto Serif TC", "Noto Sans CJK TC")
LATIN = ("Libertinus Serif", "DejaVu Serif", "Liberation Serif")


class FontMissing(ExportRefused):
    """No font on this machine has Chinese characters."""

    code = "font_missing"


@lru_cache(maxsize=4)
def families(folders: tuple[str, ...]) -> frozenset[str]:
    """The names of the fonts that can be used. Cost: every font file's head is read, once per process."""
    return frozenset(typst.Fonts(font_paths=list(folders)).families())


def chosen(folders: tuple[str, ...], *, language: str) -> list[str | dict[str, str]]:
    """Fonts for a book in order of preference, as typst takes them. Raises FontMissing when none is Chinese."""
    known = families(folders)
    wanted = (*TRADITIONAL, *CHINESE) if language == "zh-Hant" else (*CHINESE, *TRADITIONAL)
    dense = [name for name in wanted if name in known]
    if not dense:
        raise FontMissing
    latin = [name for name in LATIN if name in known][:1]
    if language == "en":
        return [*latin, *dense]
    # Quotes, dashes and dots stand in both; among Han they are as wide as these.
    return [*({"name": name, "covers": "latin-in-cjk"} for name in latin), *dense]
