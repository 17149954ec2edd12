"""Files that somebody else adds to a rendered project: held to the same rules, and never in place of ours."""

from __future__ import annotations

from typing import Any

from taishang.generation import trees
from taishang.generation.render import allowlist
from taishang.generation.trees import Tree

KINDS = (".py", ".md", ".txt", ".json", ".yaml", ".yml", ".toml", ".html", ".css", ".js", ".ts")
# What decides how the project runs stays ours.
RESERVED = ("config/", "accounts/", "manage.py", ".")


class NotAnExtension(Exception):
    """A file that may not be added."""

    code = "not_an_extension"


def extension(*, tree: Tree, offered: list[dict[str, Any]], app: str) -> Tree:
    """The offered files as a tree, all of them or none.

    Shapes: `offered` `[{path, content}]`. Raises NotAnExtension, UnsafePath, RenderUnsafe.
    """
    added: Tree = {}
    taken = {path.lower() for path in tree}
    for file in offered:
        path, content = str(file["path"]), str(file["content"]).encode()
        trees.check_path(path)
        if path.lower() in taken:
            raise NotAnExtension(f"{path} is there already")
        if path.startswith(RESERVED) or "/migrations/" in path or not path.endswith(KINDS):
            raise NotAnExtension(f"{path} is not for plugins")
        if path.endswith(".py"):
            allowlist.inspect(path=path, source=content, app=app)
        taken.add(path.lower())
        added[path] = content
    return added
