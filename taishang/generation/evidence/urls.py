"""From a symbolic address to a path with holes, its query, and whose server it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from taishang.generation.evidence.symbols import (
    SPREAD,
    Apply,
    Env,
    Flag,
    Hole,
    Join,
    Json,
    Lit,
    Nothing,
    Or,
    Package,
    Param,
    Record,
    Result,
    Search,
    Symbol,
    This,
)
from taishang.generation.ir import PathParameter, QueryParameter, TypeName

BASE_NAME = re.compile(r"base|api|url|host|origin|endpoint|server|backend|domain|root|prefix", re.I)
SLASHED_NAME = re.compile(
    r"^(path|pathname|endpoint|url|uri|route|href|slug|segments?|resource_?path)$", re.I
)
QUERY_NAME = re.compile(r"query|search|param|qs|filter|suffix|string|sort", re.I)
INTEGER_NAME = re.compile(
    r"^(page|limit|offset|size|per_?page|page_?size|take|skip|count|days|year|month)$", re.I
)
ASSET = re.compile(
    r"\.(json|png|jpe?g|gif|svg|webp|ico|md|mdx|txt|xml|html?|css|js|mjs|wasm|mp[34]|wav|ogg|pdf|woff2?|ttf|"
    r"glb|gltf|hdr|geojson|topojson|yaml|yml|webmanifest)$",
    re.I,
)
CONTAINERS = frozenset(
    {"params", "props", "this", "data", "item", "query", "route", "router", "req", "request", "e", "event",
     "input", "args", "arg", "options", "opts", "payload", "body", "state", "value", "current", "form",
     "searchParams", "filters", "values", "variables", "context", "ctx", "row", "record", "entry"}
)  # fmt: skip
LOOPBACK = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|10\.0\.2\.2|10\.0\.3\.2|\[::1\]|192\.168\.\d+\.\d+"
                      r"|host\.docker\.internal|[\w-]+\.local(host)?)$", re.I)  # fmt: skip
MAX_URL = 2_000


@dataclass
class Address:
    """An address, read. `host` is "" when relative; `certain` falls when a part had to be guessed.

    `unknown_base` tells that the address starts with something that is not written down anywhere.
    """

    path: str = ""
    parameters: list[PathParameter] = field(default_factory=list)
    query: list[QueryParameter] = field(default_factory=list)
    host: str = ""
    url_base: str | None = None
    named: str = ""
    from_variable: bool = False
    unknown_base: bool = False
    certain: bool = True
    why_not: str = ""
    glued: str = ""
    base_path: str = ""
    catch_all: str = ""


def read_address(url: Symbol) -> Address:
    """Read a symbolic URL. `why_not` says why it could not be resolved."""
    parts = _flatten(url)
    address = Address()
    rest = _read_base(parts, address)
    if address.why_not:
        return address
    path, query = _split_query(rest)
    _read_path(path, address)
    address.query += _read_query(query)
    return address


def is_loopback(host: str) -> bool:
    return bool(
        LOOPBACK.match(host.rpartition(":")[0] if ":" in host and "]" not in host[-1:] else host)
    )


def expression_of(value: Symbol) -> str:
    """The source text that a hole stands for."""
    if isinstance(value, Param):
        return ".".join((value.name, *value.path))
    if isinstance(value, This):
        return ".".join(("this", *value.path))
    if isinstance(value, (Hole, Result)):
        return value.text
    if isinstance(value, Env):
        return value.name
    if isinstance(value, Package):
        return ".".join((value.name, *value.path))
    if isinstance(value, Apply):
        inner = expression_of(value.receiver)
        return inner + value.name if value.name.startswith(".") else inner
    if isinstance(value, Or):
        return expression_of(value.options[0])
    return _first_expression(value)


def _first_expression(value: Symbol) -> str:
    if isinstance(value, Join):
        found = [expression_of(part) for part in value.parts if not isinstance(part, Lit)]
        return found[0] if found else ""
    return expression_of(value.value) if isinstance(value, Json) else "value"


def parameter_name(expression: str) -> str:
    """A name for a path parameter after its expression: `post.id` → post_id, `userId` → user_id."""
    words = re.findall(r"[A-Za-z_$][\w$]*", expression[:200])
    words = [word for word in words if word not in {"encodeURIComponent", "String", "await"}]
    useful = [word for word in words if word not in CONTAINERS] or words[-1:]
    if not useful:
        return "id"
    last = useful[-1]
    if last in {"id", "_id", "uuid", "slug", "key"} and len(useful) > 1:
        last = f"{useful[-2]}_{last.lstrip('_')}"
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()
    return re.sub(r"\W+", "_", snake).strip("_") or "id"


def _flatten(url: Symbol) -> list[Symbol]:
    flat: list[Symbol] = []
    stack = [url]
    while stack and len(flat) < 60:
        part = stack.pop()
        if isinstance(part, Join):
            stack.extend(reversed(part.parts))
        elif isinstance(part, Or):
            stack.append(_preferred(part, first=not flat))
        elif isinstance(part, Apply) and not part.name.startswith("."):
            stack.append(part.receiver)
        elif isinstance(part, Nothing):
            continue
        else:
            flat.append(part)
    return flat


def _preferred(value: Or, *, first: bool) -> Symbol:
    """Of `a ?? b`: a variable with its fallback at the start of an address, else the run-time value."""
    variables = [option for option in value.options if isinstance(option, Env)]
    texts = [option for option in value.options if isinstance(option, (Lit, Join))]
    if variables:
        known = [option.value for option in variables if option.value]
        fallback = next((option.text for option in texts if isinstance(option, Lit)), None)
        if not known and texts and isinstance(texts[0], Join):
            return texts[0]
        return Env(variables[0].name, known[0] if known else fallback)
    if first and texts:
        return texts[0]
    return value.options[0]


def _read_base(parts: list[Symbol], address: Address) -> list[Symbol]:
    """Take what says where the server is off the front; return the rest."""
    if not parts:
        address.why_not = "the address is empty"
        return []
    first, rest = parts[0], parts[1:]
    if isinstance(first, Env):
        return _after_variable(first, rest, address)
    if isinstance(first, Lit):
        return _after_literal(first, rest, address)
    if isinstance(first, Package) and "location" in {first.name, *first.path}:
        return rest or [Lit("/")]
    return _after_unknown(first, rest, address)


def _after_variable(first: Env, rest: list[Symbol], address: Address) -> list[Symbol]:
    address.url_base, address.from_variable = first.name, True
    pieces = urlsplit(first.value or "") if _splits(first.value or "") else None
    if pieces is None:
        return rest
    address.host = pieces.netloc
    path = pieces.path if pieces.netloc or pieces.path.startswith("/") else ""
    address.base_path = path
    return [Lit(path.rstrip("/") if rest else path), *rest]


def _after_literal(first: Lit, rest: list[Symbol], address: Address) -> list[Symbol]:
    text = first.text
    if text.startswith(("data:", "blob:", "file:", "chrome", "mailto:", "ws:", "wss:", "#")):
        address.why_not = "not an HTTP address"
        return []
    if not text.startswith(("http://", "https://", "//")):
        return [first if text.startswith(("/", "?")) else Lit("/" + text.removeprefix("./")), *rest]
    after = text.partition("//")[2]
    host, slash, path = after.partition("/")
    if not slash and "?" in host:
        host, _, query = host.partition("?")
        path, slash = "?" + query, "/"
    if not slash and rest and not _starts_with_slash(rest):
        return _host_with_hole(host, rest, address)
    address.host, address.named = host.rpartition("@")[2], first.name
    address.url_base = first.name or None
    address.base_path = "" if not first.name else slash + path
    return [Lit(slash + path), *rest]


def _host_with_hole(host: str, rest: list[Symbol], address: Address) -> list[Symbol]:
    """`http://${host}:8000/x`: the host is put together; the path starts at the next slash."""
    for index, part in enumerate(rest):
        if isinstance(part, Lit) and "/" in part.text:
            address.host = host + "{}" + part.text.partition("/")[0]
            address.unknown_base = not host
            address.from_variable = not host
            return [Lit("/" + part.text.partition("/")[2]), *rest[index + 1 :]]
    address.why_not = "the host is put together at run time"
    return []


def _after_unknown(first: Symbol, rest: list[Symbol], address: Address) -> list[Symbol]:
    expression = expression_of(first)
    if not rest or not _starts_with_slash(rest):
        address.why_not = f"the address comes from {expression or 'an expression'} at run time"
        return []
    address.url_base, address.unknown_base = expression[:80], True
    address.certain = bool(BASE_NAME.search(expression))
    return rest


def _starts_with_slash(rest: list[Symbol]) -> bool:
    return isinstance(rest[0], Lit) and rest[0].text.startswith("/")


def _splits(text: str) -> bool:
    try:
        return bool(urlsplit(text))
    except ValueError:
        return False


def _split_query(parts: list[Symbol]) -> tuple[list[Symbol], list[Symbol]]:
    for index, part in enumerate(parts):
        if isinstance(part, Search):
            return parts[:index], parts[index:]
        if not isinstance(part, Lit):
            continue
        cut = re.search(r"[?#]", part.text)
        if cut:
            before, after = part.text[: cut.start()], part.text[cut.end() :]
            query = [Lit(after), *parts[index + 1 :]] if cut.group() == "?" else []
            return [*parts[:index], Lit(before)], query
    return parts, []


def _read_path(parts: list[Symbol], address: Address) -> None:
    text = ""
    for index, part in enumerate(parts):
        if isinstance(part, Lit):
            text += part.text
            continue
        if isinstance(part, Flag):
            text += str(part.value).lower()
            continue
        last = index == len(parts) - 1
        expression = expression_of(part)
        if text and not text.endswith("/") and last and not _is_number(part):
            _read_tail(expression, text, address)
            break
        if (
            address.base_path
            and text.rstrip("/") == address.base_path.rstrip("/")
            and text[-1:] != "/"
        ):
            address.why_not = f"the path comes from {expression} at run time"
            return
        if last and SLASHED_NAME.match(parameter_name(expression)) and not text.endswith("s/"):
            address.why_not = f"{expression} may hold slashes"
            address.catch_all = text
            return
        text += "{" + _add_parameter(address, expression) + "}"
    address.path = _clean(text)


def _read_tail(expression: str, text: str, address: Address) -> None:
    """A hole stuck to the end of a segment: a query by its name or its place, else more of the path."""
    queried = bool(QUERY_NAME.search(expression.rpartition(".")[2]))
    address.glued = "query" if queried else "path"
    if not queried and text.rstrip("/") == address.base_path.rstrip("/"):
        address.why_not = f"the path comes from {expression} at run time"
    address.certain = queried and address.certain


def _is_number(part: Symbol) -> bool:
    return isinstance(part, Lit) and part.kind == "number"


def _add_parameter(address: Address, expression: str) -> str:
    base = parameter_name(expression)
    taken = {parameter.name for parameter in address.parameters}
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    address.parameters.append(PathParameter(name=name, expression=expression[:120]))
    return name


def _clean(path: str) -> str:
    path = re.sub(r"/{2,}", "/", path[:MAX_URL])
    return path if path.startswith("/") else "/" + path


def _read_query(parts: list[Symbol]) -> list[QueryParameter]:
    found: dict[str, QueryParameter] = {}
    text = ""
    for part in parts:
        if isinstance(part, Search):
            found.update({p.name: p for p in query_of(part) if p.name not in found})
        else:
            text += part.text if isinstance(part, Lit) else "\x00"
    for piece in text.partition("#")[0].split("&"):
        name, _, value = piece.partition("=")
        if re.fullmatch(r"[\w.$\[\]-]{1,64}", name):
            symbol: Symbol = Hole(name) if "\x00" in value else Lit(value)
            found.setdefault(name, _query_parameter(name, symbol))
    return list(found.values())


def query_of(value: Symbol) -> list[QueryParameter]:
    """Query parameters of an options object (`params: {…}`)."""
    if isinstance(value, (Record, Search)):
        named = [(key, content) for key, content in value.entries if key and key != SPREAD]
        return [_query_parameter(key, content) for key, content in named]
    return []


def _query_parameter(name: str, value: Symbol) -> QueryParameter:
    kind: TypeName = "text"
    if isinstance(value, Flag) or (isinstance(value, Lit) and value.text in {"true", "false"}):
        kind = "boolean"
    elif (isinstance(value, Lit) and re.fullmatch(r"-?\d{1,9}", value.text)) or INTEGER_NAME.match(
        name
    ):
        kind = "integer"
    return QueryParameter(name=name, type=kind)


def is_asset(address: Address) -> bool:
    """A file of the front end itself: relative, with a file suffix, outside any API prefix."""
    path = address.path.lower()
    own = not address.host and not address.url_base
    plain = own and not address.parameters
    return plain and bool(ASSET.search(path)) and "/api/" not in path
