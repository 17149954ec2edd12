"""What the platform and well-known packages do to values: encoders, hooks, constructors."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from taishang.generation.evidence.symbols import (
    SPREAD,
    Apply,
    Client,
    Form,
    Hole,
    Items,
    Join,
    Json,
    Lit,
    Package,
    Record,
    Result,
    Search,
    Symbol,
    either,
    join,
    member,
)
from taishang.generation.evidence.text_methods import strip_slash

Arguments = tuple[Symbol, ...]

LIBRARIES = {
    "axios": "axios",
    "ky": "ky",
    "got": "got",
    "ofetch": "ofetch",
    "$fetch": "ofetch",
    "@nuxt/http": "ofetch",
    "node-fetch": "fetch",
    "cross-fetch": "fetch",
    "isomorphic-fetch": "fetch",
    "isomorphic-unfetch": "fetch",
    "whatwg-fetch": "fetch",
    "undici": "fetch",
    "expo/fetch": "fetch",
    "@tauri-apps/plugin-http": "fetch",
    "superagent": "superagent",
    "jquery": "jquery",
    "@angular/common/http": "angular",
}

# Functions that hand on their first argument, as far as addresses and shapes are concerned.
TRANSPARENT = frozenset(
    {
        "encodeURIComponent",
        "encodeURI",
        "decodeURIComponent",
        "String",
        "toValue",
        "unref",
        "toRaw",
        "Object.freeze",
        "Promise.resolve",
        "useCallback",
        "useEvent",
        "memo",
        "forwardRef",
        "cache",
        "debounce",
        "throttle",
        "useDebouncedCallback",
        "structuredClone",
        "act",
        "batch",
        "startTransition",
        "observer",
        "defineStore",
        "toRef",
        "ref",
        "shallowRef",
        "reactive",
        "readonly",
        "JSON.parse",
        "Array.from",
    }
)
CALLED_AT_ONCE = frozenset({"useMemo", "computed", "createMemo", "useFactory"})


def platform_name(callee: Symbol) -> str:
    """`React.useCallback` and `useCallback` alike become "useCallback"; "" for anything else."""
    if not isinstance(callee, Package):
        return ""
    if callee.specifier in {"react", "vue", "preact", "lodash"} and callee.path:
        return callee.path[-1]
    if callee.specifier and callee.path:
        return ""
    names = [callee.name, *callee.path]
    if names[0] in {"window", "globalThis", "self", "React", "_"} and len(names) > 1:
        names = names[1:]
    return ".".join(names)


def call_platform(callee: Symbol, arguments: Arguments) -> Symbol | None:
    """The result of a platform function, or None when nothing is known about it."""
    client = make_client(callee, arguments)
    if client is not None:
        return client
    name = platform_name(callee)
    if name in TRANSPARENT and arguments:
        return arguments[0]
    maker = CALLS.get(name)
    return maker(arguments) if maker else None


def make_client(callee: Symbol, arguments: Arguments) -> Client | None:
    """The configured client that `axios.create({…})` and its like give back."""
    if (
        isinstance(callee, Apply)
        and isinstance(callee.receiver, Client)
        and callee.name == ".create"
    ) or (
        isinstance(callee, Apply)
        and isinstance(callee.receiver, Client)
        and callee.name == ".extend"
    ):
        library, parent = callee.receiver.library, callee.receiver
    elif isinstance(callee, Package) and callee.path[-1:] in {("create",), ("extend",)}:
        library, parent = LIBRARIES.get(callee.specifier or callee.name, ""), None
    else:
        return None
    if not library:
        return None
    options = arguments[0] if arguments else Record(())
    names = ("baseURL", "prefixUrl", "baseUrl", "prefix")
    own = either([member(options, name) for name in names])
    base = own if parent is None else either([own, parent.base])
    return Client(library, base, options)


def construct_platform(callee: Symbol, arguments: Arguments) -> Symbol | None:
    """The result of `new` on a platform class, or None."""
    maker = CONSTRUCTORS.get(platform_name(callee))
    return maker(arguments) if maker else None


def _stringify(arguments: Arguments) -> Symbol:
    return Json(arguments[0]) if arguments else Hole("JSON")


def _assign(arguments: Arguments) -> Symbol:
    return Record(tuple((None, argument) for argument in arguments))


def _state(arguments: Arguments) -> Symbol:
    return Items((Hole("state"), Hole("setState")))


def _reference(arguments: Arguments) -> Symbol:
    return Record((("current", arguments[0] if arguments else Hole("current")),))


def _from_entries(arguments: Arguments) -> Symbol | None:
    return arguments[0] if arguments and isinstance(arguments[0], (Form, Record, Search)) else None


def _search(arguments: Arguments) -> Symbol:
    first = arguments[0] if arguments else None
    if isinstance(first, Search):
        return first
    if isinstance(first, Record):
        return Search(
            tuple((SPREAD if key is None else key, value) for key, value in first.entries)
        )
    if isinstance(first, Items):
        pairs = [pair.values for pair in first.values if isinstance(pair, Items)]
        named = [
            (pair[0].text, pair[1]) for pair in pairs if len(pair) == 2 and isinstance(pair[0], Lit)
        ]
        return Search(tuple(named))
    if isinstance(first, Lit):
        names = [part.partition("=")[0] for part in first.text.lstrip("?").split("&") if part]
        return Search(tuple((name, Hole(name)) for name in names))
    return Search(((SPREAD, first),)) if first is not None else Search()


def _url(arguments: Arguments) -> Symbol:
    if len(arguments) < 2:
        return arguments[0] if arguments else Hole("url")
    path, base = arguments[0], arguments[1]
    start = path.parts[0] if isinstance(path, Join) else path
    rooted = isinstance(start, Lit) and start.text.startswith("/")
    if isinstance(start, Lit) and start.text.startswith(("http://", "https://")):
        return path
    if rooted and isinstance(base, Lit):
        pieces = urlsplit(base.text)
        origin = f"{pieces.scheme}://{pieces.netloc}" if pieces.netloc else ""
        return join([Lit(origin, "text", base.name), path])
    return join([strip_slash(base, leading=False), path if rooted else join([Lit("/"), path])])


def _form(arguments: Arguments) -> Symbol:
    return Form()


def _headers(arguments: Arguments) -> Symbol:
    return arguments[0] if arguments else Record(())


def _request(arguments: Arguments) -> Symbol:
    options: tuple[tuple[str | None, Symbol], ...] = tuple((None, part) for part in arguments[1:2])
    return Record((*options, ("url", arguments[0] if arguments else Hole("url"))))


def _unknown_instance(name: str) -> Callable[[Arguments], Symbol]:
    return lambda arguments: Result(Package("", name), arguments, name)


CALLS: dict[str, Callable[[Arguments], Symbol | None]] = {
    "JSON.stringify": _stringify,
    "Object.assign": _assign,
    "useState": _state,
    "useRef": _reference,
    "createRef": _reference,
    "Object.fromEntries": _from_entries,
}
CONSTRUCTORS: dict[str, Callable[[Arguments], Symbol]] = {
    "URLSearchParams": _search,
    "URL": _url,
    "FormData": _form,
    "Headers": _headers,
    "Request": _request,
    "XMLHttpRequest": _unknown_instance("XMLHttpRequest"),
}
