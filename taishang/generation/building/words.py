"""Turn the names of a front end into names of a back end: split, case, singular, plural, safe.

English plurals follow fixed rules and a short table instead of a dictionary library: a word that is no
plain English plural stays as it is, so that names in other languages are never mangled.
"""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re
import unicodedata
from collections.abc import Collection

MAX_NAME_CHARACTERS = 60
_SPLIT = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+[a-z]*|[^\W\d_A-Za-z]+")
_INTERFACE = re.compile(r"I[A-Z][a-z]")
_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "geese": "goose",
    "criteria": "criterion",
    "indices": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "movies": "movie",
    "cookies": "cookie",
    "selfies": "selfie",
    "calories": "calorie",
    "zombies": "zombie",
    "knives": "knife",
    "lives": "life",
    "wives": "wife",
    "shelves": "shelf",
    "halves": "half",
    "wolves": "wolf",
    "heroes": "hero",
    "potatoes": "potato",
    "tomatoes": "tomato",
    "quizzes": "quiz",
    "buses": "bus",
    "gases": "gas",
    "lenses": "lens",
    "houses": "house",
    "databases": "database",
    "expenses": "expense",
    "courses": "course",
    "purchases": "purchase",
    "exercises": "exercise",
    "responses": "response",
    "licenses": "license",
    "warehouses": "warehouse",
    "nurses": "nurse",
    "cases": "case",
    "phases": "phase",
    "phrases": "phrase",
    "releases": "release",
    "leases": "lease",
    "diseases": "disease",
    "causes": "cause",
    "clauses": "clause",
    "uses": "use",
    "races": "race",
    "caches": "cache",
    "aches": "ache",
    "sizes": "size",
    "prizes": "prize",
    "axes": "axis",
    "shoes": "shoe",
    "toes": "toe",
}
_UNCHANGED = {
    "news", "series", "species", "media", "data", "metadata", "canvas", "gas", "alias", "atlas", "lens",
    "progress", "sms", "gps", "css", "dns", "https", "aws", "saas", "chaos", "kudos", "headquarters",
    "logistics", "mathematics", "physics", "economics", "statistics", "analytics", "always", "diagnostics",
    "business", "address", "access", "christmas", "is", "has", "was", "this", "os", "pos", "ios", "us",
    "plus", "yes", "cross", "less", "fitness", "wellness", "bus", "pros", "cons", "basics", "graphics",
}  # fmt: skip
_UNCOUNTABLE = {
    "news", "series", "species", "media", "data", "metadata", "sms", "kudos", "headquarters", "logistics", "analytics",
    "statistics", "diagnostics", "basics", "graphics", "feedback", "equipment", "information", "software", "progress",
}  # fmt: skip
_IRREGULAR_PLURALS = {singular: plural for plural, singular in _IRREGULAR.items()}
_ES_ENDINGS = (
    "sses",
    "shes",
    "ches",
    "xes",
    "zzes",
    "tuses",
    "nuses",
    "puses",
    "ruses",
    "iases",
    "cuses",
)


def vocabulary(text: str) -> frozenset[str]:
    """The words of a word list, for membership tests."""
    return frozenset(text.split())


_MODEL_ATTRIBUTES = vocabulary(
    "pk id objects check save delete clean full_clean refresh_from_db from_db adelete asave meta "
    "serializable_value get_deferred_fields validate_unique unique_error_message save_base clean_fields "
    "prepare_database_save date_error_message arefresh_from_db get_constraints validate_constraints "
    "owner_id self cls request user_id"
)
_TAKEN_ENTITY_NAMES = vocabulary(
    "User Model Models Manager QuerySet Meta Any Exception Serializer Serializers ViewSet Response Request "
    "Filter Q F Value Self Router Migration Admin Decimal Field AbstractUser Token"
) | frozenset(dir(builtins))


def words(name: str) -> list[str]:
    """The lower-case words of an identifier in any casing; letters of every script are kept.

    The I of an interface (`IFilm`) is no word.
    """
    name = name[1:] if _INTERFACE.match(name) else name
    return [word.lower() for word in _SPLIT.findall(unicodedata.normalize("NFC", name)[:300])]


def snake(name: str) -> str:
    return "_".join(words(name))


def kebab(name: str) -> str:
    return "-".join(words(name))


def pascal(name: str) -> str:
    return "".join(word.capitalize() for word in words(name))


def singular_word(word: str) -> str:
    """The singular of one lower-case English plural; any other word unchanged."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _UNCHANGED or not word.isascii() or len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(_ES_ENDINGS):
        return word[:-2]
    if word.endswith("yses"):
        return word[:-2] + "is"
    if word.endswith(("ss", "us", "is")):
        return word
    return word[:-1]


def plural_word(word: str) -> str:
    if word in _IRREGULAR_PLURALS:
        return _IRREGULAR_PLURALS[word]
    if not word.isascii() or not word or word in _UNCOUNTABLE or singular_word(word) != word:
        return word
    if word.endswith("y") and word[-2:-1] not in ("a", "e", "i", "o", "u", ""):
        return word[:-1] + "ies"
    if word.endswith("is") and len(word) > 4:
        return word[:-2] + "es"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word + "s"


def singular(name: str) -> str:
    """The words of `name` joined by `_`, the last one in the singular."""
    parts = words(name)
    return "_".join([*parts[:-1], singular_word(parts[-1])]) if parts else ""


def plural(name: str) -> str:
    parts = words(name)
    return "_".join([*parts[:-1], plural_word(parts[-1])]) if parts else ""


def relation_stem(wire: str) -> str:
    """`author_id` and `authorId` point at an author."""
    parts = words(wire)
    return (
        "_".join(parts[:-1]) if len(parts) > 1 and parts[-1] in ("id", "uuid") else "_".join(parts)
    )


def is_plural(name: str) -> bool:
    parts = words(name)
    return bool(parts) and singular_word(parts[-1]) != parts[-1]


def match_key(name: str) -> str:
    """What two spellings of one thing share: `blog-posts`, `BlogPost` and `blog_post` are equal."""
    return singular(name).replace("_", "")


def _ascii_snake(name: str, *, stem: str) -> str:
    folded = unicodedata.normalize("NFKD", name)
    plain = "_".join(words("".join(c for c in folded if c.isascii())))
    if plain and not name.isascii() and len(plain) * 2 < len(name):
        plain = ""
    return plain or f"{stem}_{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:6]}"


def field_name(wire_name: str, *, taken: Collection[str] = ()) -> str:
    """A Python name for a wire name: a unique, legal, unreserved Django field name."""
    name = _ascii_snake(wire_name, stem="field")[:MAX_NAME_CHARACTERS].strip("_")
    if not name[0].isalpha():
        name = f"field_{name}"
    if keyword.iskeyword(name) or name in _MODEL_ATTRIBUTES:
        name = f"{name}_value"
    return _numbered(name, taken)


def parameter_name(name: str, *, taken: Collection[str] = ()) -> str:
    """A legal name for a path parameter, which may be `id` or `user_id`."""
    chosen = _ascii_snake(name, stem="key")[:MAX_NAME_CHARACTERS].strip("_")
    if not chosen[0].isalpha() or keyword.iskeyword(chosen) or chosen in ("self", "request", "pk"):
        chosen = f"key_{chosen}"
    return _numbered(chosen, taken)


def entity_name(name: str, *, taken: Collection[str] = ()) -> str:
    """A Python class name for a thing: singular PascalCase, unlike Django's names and the builtins."""
    chosen = pascal(_ascii_snake(singular(name) or name, stem="thing"))[:MAX_NAME_CHARACTERS]
    if not chosen[:1].isalpha():
        chosen = f"Thing{chosen}"
    if chosen == "User":
        chosen = "AppUser"
    elif chosen in _TAKEN_ENTITY_NAMES or keyword.iskeyword(chosen):
        chosen = f"{chosen}Record"
    return _numbered(chosen, taken, separator="")


def function_name(name: str, *, taken: Collection[str] = ()) -> str:
    chosen = _ascii_snake(name, stem="action")[:MAX_NAME_CHARACTERS].strip("_")
    if not chosen[0].isalpha():
        chosen = f"action_{chosen}"
    if keyword.iskeyword(chosen) or hasattr(builtins, chosen):
        chosen = f"{chosen}_action"
    return _numbered(chosen, taken)


def _numbered(name: str, taken: Collection[str], *, separator: str = "_") -> str:
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}{separator}{number}", number + 1
    return unique
