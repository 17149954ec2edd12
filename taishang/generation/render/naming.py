"""The two doors through which words of an export enter code: `literal` and `identifier`."""

from __future__ import annotations

import hashlib
import keyword
import re
import unicodedata
from collections.abc import Collection
from typing import Any

import inflection

MAX_NAME = 48
CAMEL_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
NOT_WORD = re.compile(r"[^A-Za-z0-9]+")

# What Django's model API, the class bodies we write or the language itself already call so.
CLASHES = frozenset(
    """
    pk id objects check clean clean_fields delete save save_base full_clean from_db refresh_from_db
    serializable_value unique_error_message validate_unique validate_constraints get_constraints
    date_error_message get_deferred_fields prepare_database_save adelete asave arefresh_from_db meta
    models serializers briefs filters settings self super cls uuid timezone decimal django api accounts
    none true false print exec eval open compile globals locals input vars breakpoint match case type
    toggle visible_to
    """.split()  # noqa: SIM905
) - {"type"}
CLASS_CLASHES = frozenset(
    """
    model user meta query_set recordedrequest visiblequeryset is_authenticated isauthenticated allowany
    staffwrites reply decimal q f value true false none exception object type property list dict set
    str int float bool tuple bytes filterset wireserializer wireviewset recordedview permission group
    session contenttype demouser
    """.split()  # noqa: SIM905
)


def literal(value: Any) -> str:
    """Python source of a plain value, in the formatter's spelling (double quotes, sorted nothing).

    Takes None, bool, int, float, str and lists, tuples and dicts of them; anything else becomes text.
    """
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else "None"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, tuple):
        inner = ", ".join(literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    return _text(str(value))


def _text(text: str) -> str:
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_character(character, quote) for character in text) + quote


def _character(character: str, quote: str) -> str:
    if character in (quote, "\\"):
        return "\\" + character
    if character.isprintable():
        return character
    return repr(character)[1:-1]


def words(text: str) -> list[str]:
    """The ASCII words of a name: `dueDate`, `due-date` and `Due date` all give due, date."""
    plain = unicodedata.normalize("NFKD", text[:2_000]).encode("ascii", "ignore").decode()
    parts = NOT_WORD.sub(" ", CAMEL_EDGE.sub(" ", plain)).split()
    return [part.lower() for part in parts]


def _short(name: str, source: str) -> str:
    if len(name) <= MAX_NAME:
        return name
    return f"{name[: MAX_NAME - 9].rstrip('_')}_{_mark(source)}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def identifier(text: str, *, kind: str = "field", taken: Collection[str] = ()) -> str:
    """A snake_case name that is always valid, never a keyword or a clash, and not in `taken`.

    `kind` completes what cannot stand alone: `class` gives `class_field`, `2024` gives `field_2024`,
    a name without a single ASCII letter gives `field_<hash>`.
    """
    found = words(text)
    name = _short("_".join(found), text) if found else f"{kind}_{_mark(text)}"
    if name[0].isdigit():
        name = f"{kind}_{name}"
    if keyword.iskeyword(name) or name in CLASHES or name in keyword.softkwlist:
        name = f"{name}_{kind}"
    return _free(name, taken, separator="_")


def class_name(text: str, *, taken: Collection[str] = ()) -> str:
    """A PascalCase name; `taken` is compared without regard to case, as databases and file systems do."""
    name = "".join(word[:1].upper() + word[1:] for word in words(text))
    name = name if len(name) <= MAX_NAME else name[: MAX_NAME - 8] + _mark(text)
    if not name or name[0].isdigit():
        name = f"Model{name or _mark(text).capitalize()}"
    if name.lower() in CLASS_CLASHES or keyword.iskeyword(name):
        name = f"{name}Entry"
    lowered = {word.lower() for word in taken}
    if name.lower() not in lowered:
        return name
    return _free(name.lower(), lowered, separator="").replace(name.lower(), name, 1)


def _free(name: str, taken: Collection[str], *, separator: str) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}{separator}{number}" in taken:
        number += 1
    return f"{name}{separator}{number}"


def plural(word: str) -> str:
    """English plural of a snake_case name's last word; a name that already is one stays."""
    head, _, tail = word.rpartition("_")
    more = inflection.pluralize(tail)
    return f"{head}_{more}" if head else more


def inside_comment(text: str) -> str:
    """Words of an export in a comment or a document: one line, nothing invisible, not endless."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(kept.split())[:160]


def inside_docstring(text: str) -> str:
    """As `inside_comment`, and unable to end the string it stands in."""
    return inside_comment(text).replace("\\", "/").replace('"', "'")
