"""Parse one source file into a syntax tree, within limits, and walk it without recursion.

The text is hostile: nesting may be as deep as the file is long, and a parser may take its time. So parsing
stops at a deadline, walking is iterative, and nothing deeper than `MAX_DEPTH` is looked at.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import PurePosixPath

import tree_sitter_html
import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

PARSE_SECONDS = 5.0
MAX_DEPTH = 400
MAX_ERROR_SHARE = 0.20
CHUNK_BYTES = 65_536

MARKUP_SUFFIXES = frozenset({".vue", ".svelte", ".astro", ".html", ".htm"})
LANGUAGE_OF_SUFFIX = {
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".rsx": "tsx",
    **dict.fromkeys(MARKUP_SUFFIXES, "html"),
}
SCRIPT_TYPES = frozenset({"", "module", "text/javascript", "application/javascript", "text/babel"})

# The commonest leaves would fill the index and nobody asks for all of them at once.
NOT_INDEXED = frozenset(
    {
        "identifier",
        "property_identifier",
        "type_identifier",
        "string",
        "string_fragment",
        "jsx_text",
        "predefined_type",
        "formal_parameters",
        "arguments",
        "comment",
        "number",
        "type_annotation",
        "jsx_expression",
        "shorthand_property_identifier_pattern",
    }
)


LEAVES = NOT_INDEXED & {
    "identifier",
    "property_identifier",
    "type_identifier",
    "string_fragment",
    "jsx_text",
    "predefined_type",
    "comment",
    "number",
}


class SyntaxFailure(Exception):
    """A file that cannot be read. `code` is parse_timeout or parse_errors."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(eq=False)
class Module:
    """One parsed file. Lines are 1-based and those of the file, also inside script blocks.

    For markup (`.vue`, `.html` …) `root` is the tree of the script blocks and `markup` the tree of the
    page; both count bytes of the whole file, since everything around a script is blanked, not cut.
    """

    path: str
    text: str
    language: str
    root: Node
    data: bytes
    markup: Node | None = None

    def text_of(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def line_of(self, node: Node) -> int:
        return int(node.start_point[0]) + 1

    def end_line_of(self, node: Node) -> int:
        return int(node.end_point[0]) + 1

    def find(self, *types: str) -> list[Node]:
        """All nodes of these types in document order; the walk happens once per module."""
        if len(types) == 1:
            return self._index.get(types[0], [])
        found = [node for name in types for node in self._index.get(name, [])]
        return sorted(found, key=lambda node: (node.start_byte, -node.end_byte))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def _index(self) -> dict[str, list[Node]]:
        index: dict[str, list[Node]] = {}
        stack = [(self.root, 0)]
        while stack:
            node, depth = stack.pop()
            kind = node.type
            if kind in LEAVES:
                continue
            if kind not in NOT_INDEXED:
                index.setdefault(kind, []).append(node)
            if depth < MAX_DEPTH:
                stack.extend([(child, depth + 1) for child in node.named_children[::-1]])
        return index


def language_of(path: str) -> str | None:
    """The grammar for a file name, or None when the file is not front-end source."""
    return LANGUAGE_OF_SUFFIX.get(PurePosixPath(path).suffix.lower())


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and its named descendants, parents first, down to `MAX_DEPTH`."""
    for found, _depth in _walk_with_depth(node):
        yield found


def parse_module(*, path: str, text: str, seconds: float = PARSE_SECONDS) -> Module:
    """Parse `text` as the language its name says.

    Raises SyntaxFailure when parsing takes longer than `seconds` or more than a fifth of the file is in
    error nodes. A JavaScript file that fails so is tried once more as TSX.
    """
    language = language_of(path) or "javascript"
    deadline = time.monotonic() + seconds
    if language == "html":
        return _parse_markup(path=path, text=text, deadline=deadline)
    source = _hide_retool_templates(text) if path.endswith(".rsx") else text
    data = source.encode("utf-8", "replace")
    root = _parse(data, language, deadline)
    if language == "javascript" and _error_share(root) > 0:
        second = _parse(data, "tsx", deadline)
        if _error_share(second) < _error_share(root):
            root, language = second, "tsx"
    if _error_share(root) > MAX_ERROR_SHARE:
        raise SyntaxFailure("parse_errors", "more than a fifth of the file is not understood")
    return Module(path=path, text=text, language=language, root=root, data=data)


def check_grammars() -> None:
    """Parse a sample with each grammar, since grammar and runtime versions can part.

    Raises SyntaxFailure naming the grammar that does not work.
    """
    samples = {
        "javascript": b"const a = <b/>;",
        "typescript": b"const a: number = 1;",
        "tsx": b"const a: number = <b/>;",
        "html": b"<p>a</p>",
    }
    for name, sample in samples.items():
        if _parse(sample, name, time.monotonic() + PARSE_SECONDS).has_error:
            raise SyntaxFailure("parse_errors", f"the grammar {name} does not fit the parser")


def _walk_with_depth(node: Node) -> Iterator[tuple[Node, int]]:
    stack = [(node, 0)]
    while stack:
        found, depth = stack.pop()
        yield found, depth
        if depth < MAX_DEPTH and found.named_child_count:
            stack.extend((child, depth + 1) for child in reversed(found.named_children))


@cache
def _language(name: str) -> Language:
    pointers = {
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
        "html": tree_sitter_html.language,
    }
    return Language(pointers[name]())


def _parse(data: bytes, language: str, deadline: float) -> Node:
    parser = Parser(_language(language))

    def read(offset: int, _point: object) -> bytes:
        return data[offset : offset + CHUNK_BYTES]

    def expired(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001
        return time.monotonic() > deadline

    try:
        tree = parser.parse(read, progress_callback=expired)
    except ValueError as error:
        raise SyntaxFailure("parse_timeout", "parsing took too long") from error
    return tree.root_node


def _error_share(root: Node) -> float:
    """Bytes inside the outermost error nodes, as a share of the file; a failed root counts its leaves."""
    if not root.has_error or root.end_byte == 0:
        return 0.0
    broken = 0
    stack = [(child, 1) for child in root.children]
    while stack:
        node, depth = stack.pop()
        if node.is_error:
            broken += node.end_byte - node.start_byte
        elif node.has_error and depth < MAX_DEPTH:
            stack.extend((child, depth + 1) for child in node.children)
    return broken / root.end_byte


def _hide_retool_templates(text: str) -> str:
    """Turn `{{ expression }}` into a string of the same length, so that columns stay true."""

    def hide(found: re.Match[str]) -> str:
        inner = found.group(1).replace('"', "'").replace("\n", " ").replace("\\", "/")
        return '{"' + inner + '"}'

    return re.sub(r"\{\{([^{}\n]{0,2000})\}\}", hide, text)


def _parse_markup(*, path: str, text: str, deadline: float) -> Module:
    data = text.encode("utf-8", "replace")
    markup = _parse(data, "html", deadline)
    script, typed = _only_scripts(data, markup)
    language = "tsx" if typed == "tsx" else "typescript"
    if not typed:
        language = "javascript"
    root = _parse(script, language, deadline)
    if _error_share(root) > MAX_ERROR_SHARE:
        raise SyntaxFailure("parse_errors", "the script of the page is not understood")
    return Module(path=path, text=text, language=language, root=root, data=data, markup=markup)


def _only_scripts(data: bytes, markup: Node) -> tuple[bytes, str]:
    """Blank everything but script bodies (and Astro's front matter); say which language they claim."""
    blank = bytearray(re.sub(rb"[^\n]", b" ", data))
    typed = ""
    front_matter = re.match(rb"---\n(.{0,200000}?)\n---", data, re.DOTALL)
    if front_matter:
        blank[front_matter.start(1) : front_matter.end(1)] = front_matter.group(1)
        typed = "ts"
    for node in walk(markup):
        if node.type != "script_element":
            continue
        attributes = _attributes(node, data)
        if attributes.get("type", "") not in SCRIPT_TYPES:
            continue
        typed = attributes.get("lang", typed)
        for child in node.named_children:
            if child.type == "raw_text":
                blank[child.start_byte : child.end_byte] = data[child.start_byte : child.end_byte]
    return bytes(blank), typed


def _attributes(element: Node, data: bytes) -> dict[str, str]:
    """Attributes of a markup element's start tag, lower-case names, quotes removed."""
    found: dict[str, str] = {}
    tag = element.named_children[0] if element.named_child_count else None
    for attribute in tag.named_children if tag is not None else []:
        if attribute.type != "attribute":
            continue
        text = data[attribute.start_byte : attribute.end_byte].decode("utf-8", "replace")
        name, _, value = text.partition("=")
        found[name.strip().lower()] = value.strip().strip("\"'")
    return found


attributes_of = _attributes
