"""Leave out of a fixed module what one project does not use."""

from __future__ import annotations

import ast
import re

from taishang.generation.render import layout

BLOCK = re.compile(r"\n\n\n(?=class |def |@)")
NAME = re.compile(r"[A-Za-z_]\w*")


def pruned(source: str, *, roots: set[str]) -> str:
    """`source` with only the classes and functions that `roots` need, and the imports that these need."""
    head, *blocks = BLOCK.split(source.rstrip("\n"))
    names = [_name_of(block) for block in blocks]
    needed = set(roots)
    waiting = [head.split('"""')[-1] if head.count('"""') == 2 else head]
    waiting += [block for name, block in zip(names, blocks, strict=True) if name in roots]
    while waiting:
        used = set(NAME.findall(waiting.pop()))
        for name, block in zip(names, blocks, strict=True):
            if name in used and name not in needed:
                needed.add(name)
                waiting.append(block)
    kept = [block for name, block in zip(names, blocks, strict=True) if name in needed]
    return "\n\n\n".join([_imports_pruned(head, "\n".join(kept)), *kept]) + "\n"


def _name_of(block: str) -> str:
    found = re.match(r"(?:class|def) (\w+)", block)
    return found.group(1) if found else ""


def _imports_pruned(head: str, body: str) -> str:
    module = ast.parse(head)
    lines = head.split("\n")
    used = set(NAME.findall(body)) | _names_beyond_imports(module)
    for node in reversed(module.body):
        if not isinstance(node, ast.ImportFrom) or node.end_lineno is None:
            continue
        names = [alias.name for alias in node.names if alias.name in used]
        replacement = layout.imported(node.module or "", names) if names else []
        lines[node.lineno - 1 : node.end_lineno] = replacement
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return text.strip("\n")


def _names_beyond_imports(module: ast.Module) -> set[str]:
    rest = [node for node in module.body if not isinstance(node, ast.ImportFrom | ast.Import)]
    return {node.id for each in rest for node in ast.walk(each) if isinstance(node, ast.Name)}
