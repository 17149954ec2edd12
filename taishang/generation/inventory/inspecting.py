"""The stage `inventory`: what tool and framework made the export, and how its modules find each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import get_args

from taishang.generation.adapters import ADAPTERS, SourceAdapter
from taishang.generation.adapters.base import Marker, Source
from taishang.generation.inventory.configuration import read_aliases, read_proxies
from taishang.generation.inventory.packages import read_packages, roots_of, server_files
from taishang.generation.ir import Decision, Evidence, Export, Inventory, LanguageCount, Warning

MIN_SCORE = 3
LANGUAGES = {
    ".ts": "TypeScript",
    ".mts": "TypeScript",
    ".cts": "TypeScript",
    ".tsx": "TypeScript (JSX)",
    ".js": "JavaScript",
    ".mjs": "JavaScript",
    ".cjs": "JavaScript",
    ".jsx": "JavaScript (JSX)",
    ".vue": "Vue",
    ".svelte": "Svelte",
    ".astro": "Astro",
    ".html": "HTML",
    ".rsx": "Retool",
    ".sql": "SQL",
    ".prisma": "Prisma",
    ".py": "Python",
    ".css": "CSS",
    ".json": "JSON",
    ".md": "Markdown",
}


def inspect(
    *,
    export: Export,
    sources: Sequence[SourceAdapter] = ADAPTERS,
    source_override: str | None = None,
    root: str | None = None,
) -> Inventory:
    """Take stock. An adapter that raises is left out with a warning; `root` and the source may be forced."""
    warnings: list[Warning] = []
    source, score, markers = _source_of(export, sources, source_override, warnings)
    packages = read_packages(export)
    roots = roots_of(export, packages)
    chosen = _chosen_root(roots, root)
    others = [folder for folder, _count in roots if folder != chosen]
    framework = next((p.framework for p in packages if p.folder == chosen and p.framework), "html")
    return Inventory(
        source=source,
        source_score=score,
        markers=[marker.place for marker in markers],
        framework=framework,
        languages=_languages(export),
        root=chosen,
        aliases=read_aliases(export, chosen),
        base_variables=dict(sorted(export.environment.items())),
        proxies=read_proxies(export, packages, chosen),
        server_files=server_files(export, packages, chosen, others),
        packages=sorted({name for package in packages for name in package.dependencies}),
        decisions=_root_decision(chosen, others),
        warnings=warnings,
    )


def _source_of(
    export: Export,
    sources: Sequence[SourceAdapter],
    override: str | None,
    warnings: list[Warning],
) -> tuple[Source, int, list[Marker]]:
    found: list[tuple[int, Source, list[Marker]]] = []
    for adapter in sources:
        try:
            markers = adapter.detect(export)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            detail = f"{adapter.slug} failed: {type(error).__name__}"
            warnings.append(Warning(code="adapter_failed", detail=detail))
            continue
        found.append((sum(marker.weight for marker in markers), adapter.source, markers))
    forced: list[Source] = [name for name in get_args(Source) if name == override]
    if forced:
        wanted = [item for item in found if item[1] == forced[0]]
        return (forced[0], wanted[0][0], wanted[0][2]) if wanted else (forced[0], 0, [])
    best = max(found, key=lambda item: item[0]) if found else (0, "unknown", [])
    return (best[1] if best[0] >= MIN_SCORE else "unknown"), best[0], best[2]


def _chosen_root(roots: list[tuple[str, int]], root: str | None) -> str:
    if root is not None:
        return root.strip("/")
    return roots[0][0] if roots else ""


def _root_decision(chosen: str, others: list[str]) -> list[Decision]:
    if not others:
        return []
    return [
        Decision(
            key="decision:root",
            question="Which of the front ends in this export should the back end serve?",
            chosen=chosen or ".",
            alternatives=[other or "." for other in others],
            evidence=Evidence(rule="most source files"),
        )
    ]


def _languages(export: Export) -> dict[str, LanguageCount]:
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for file in export.files:
        name = LANGUAGES.get(PurePosixPath(file.path).suffix.lower())
        if name:
            files[name] += 1
            lines[name] += (file.text or "").count("\n") + 1
    return {name: LanguageCount(files=files[name], lines=lines[name]) for name in sorted(files)}
