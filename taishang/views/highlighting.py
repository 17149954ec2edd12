"""Source text as HTML with Pygments' class names, line by line, so that every line stands alone."""

from functools import lru_cache

import pygments
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from pygments import lexers
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.util import ClassNotFound

MAX_HIGHLIGHTED_CHARACTERS = 200_000


def lines(text: str, path: str) -> list[SafeString]:
    """The lines of `text`, escaped, coloured by what the file name says it is; very long text stays plain."""
    plain = [SafeString(conditional_escape(line)) for line in text.split("\n")]
    lexer = _lexer(path)
    if lexer is None or len(text) > MAX_HIGHLIGHTED_CHARACTERS:
        return plain
    return _marked(text, lexer)


def _marked(text: str, lexer: Lexer) -> list[SafeString]:
    # The formatter closes its spans at the end of every line, and ends the last one with a line break.
    html = pygments.highlight(text, lexer, HtmlFormatter(nowrap=True)).split("\n")
    wanted = text.count("\n") + 1
    html = [*html, *[""] * wanted][:wanted]
    return [mark_safe(line) for line in html]  # noqa: S308 - escaped by the formatter


@lru_cache(maxsize=64)
def _lexer(path: str) -> Lexer | None:
    name = path.rpartition("/")[2]
    try:
        return lexers.get_lexer_for_filename(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
