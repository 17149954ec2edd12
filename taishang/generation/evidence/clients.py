"""Which calls leave for the network: fetch, axios, ky, ofetch, superagent, XMLHttpRequest, jQuery, Angular."""

from __future__ import annotations

from dataclasses import dataclass

from taishang.generation.evidence.platform import LIBRARIES, platform_name
from taishang.generation.evidence.symbols import (
    EMPTY,
    NOTHING,
    Apply,
    Client,
    Form,
    Hole,
    If,
    Join,
    Json,
    Lit,
    Nothing,
    Or,
    Package,
    Record,
    Result,
    Search,
    Symbol,
    choose,
    either,
    join,
    member,
)
from taishang.generation.evidence.text_methods import strip_slash

VERBS = {
    "get": "GET",
    "post": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "del": "DELETE",
    "head": "HEAD",
    "options": "OPTIONS",
}
FORM_VERBS = {"postForm": "POST", "putForm": "PUT", "patchForm": "PATCH"}
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
Arguments = tuple[Symbol, ...]


@dataclass(frozen=True)
class Request:
    """One request in terms of symbols. `options` holds headers and credentials, `query` extra parameters."""

    url: Symbol
    method: Symbol
    body: Symbol = NOTHING
    query: Symbol = NOTHING
    options: Symbol = NOTHING
    client: str = "fetch"


def request_of(
    callee: Symbol, receiver: Symbol | None, name: str, arguments: Arguments
) -> Request | None:
    """The request that a call makes, or None.

    `receiver` and `name` are given for `receiver.name(…)`, `callee` is the value of what is called.
    """
    if isinstance(callee, Or):
        found = (request_of(option, None, "", arguments) for option in callee.options)
        return next((request for request in found if request is not None), None)
    if isinstance(callee, If):
        return _one_of(callee, arguments)
    if receiver is not None:
        made = _on_receiver(receiver, name, arguments)
        if made is not None:
            return made
    if isinstance(callee, Client):
        return _with_library(callee.library, "", arguments, callee)
    if isinstance(callee, Apply) and isinstance(callee.receiver, Client):
        return _with_library(callee.receiver.library, callee.name[1:], arguments, callee.receiver)
    return _on_package(callee, arguments)


def _one_of(callee: If, arguments: Arguments) -> Request | None:
    """A call of one function or another: each part of the request hangs on the same condition."""
    then = request_of(callee.then, None, "", arguments)
    other = request_of(callee.other, None, "", arguments)
    if then is None or other is None:
        return then or other

    def part(name: str) -> Symbol:
        return choose(callee.test, getattr(then, name), getattr(other, name))

    return Request(
        part("url"), part("method"), part("body"), part("query"), part("options"), then.client
    )


def _on_receiver(receiver: Symbol, name: str, arguments: Arguments) -> Request | None:
    if isinstance(receiver, Or):
        made = (_on_receiver(option, name, arguments) for option in receiver.options)
        return next((request for request in made if request is not None), None)
    if isinstance(receiver, Client):
        return _with_library(receiver.library, name, arguments, receiver)
    if not isinstance(receiver, Result):
        return None
    if receiver.callee == Package("", "XMLHttpRequest") and name == "open" and len(arguments) > 1:
        return Request(arguments[1], _upper(arguments[0]), client="xhr")
    angular = isinstance(receiver.callee, Package) and receiver.callee.name == "HttpClient"
    injected = any(isinstance(a, Package) and a.name == "HttpClient" for a in receiver.arguments)
    return _verb_call("angular", name, arguments) if angular or injected else None


def _on_package(callee: Symbol, arguments: Arguments) -> Request | None:
    if not isinstance(callee, Package):
        return None
    name = platform_name(callee)
    if name in {"fetch", "fetchRetry", "Taro.request", "uni.request", "wx.request"}:
        return _fetch(arguments) if name.startswith("fetch") else _configured(arguments, "wx")
    if name == "navigator.sendBeacon" and arguments:
        body = arguments[1] if len(arguments) > 1 else NOTHING
        return Request(arguments[0], Lit("POST"), body, client="beacon")
    if name.partition(".")[0] in {"$", "jQuery"}:
        return _jquery(name.partition(".")[2], arguments)
    if name.partition(".")[0] in {"axios", "$fetch", "superagent", "ky"}:
        library = LIBRARIES[name.partition(".")[0]]
        return _with_library(library, name.partition(".")[2], arguments, None)
    if name in {"useFetch", "useLazyFetch"} and callee.specifier in {
        "",
        "#app",
        "#imports",
        "nuxt/app",
    }:
        return _with_library("ofetch", "", arguments, None)
    return _imported(callee, arguments)


def _imported(callee: Package, arguments: Arguments) -> Request | None:
    library = LIBRARIES.get(callee.specifier, "")
    if not library:
        return None
    path = callee.path if callee.name == "default" else (callee.name, *callee.path)
    if (
        path
        and path[0] in {library, "$fetch", "fetch", "default", "request"}
        and library != "axios"
    ):
        path = path[1:]
    if path[:1] in {("axios",)}:
        path = path[1:]
    if library == "fetch":
        return _fetch(arguments) if not path else None
    if library == "jquery":
        return _jquery(path[0] if path else "", arguments)
    return _with_library(library, path[0] if path else "", arguments, None)


def _with_library(
    library: str, name: str, arguments: Arguments, client: Client | None
) -> Request | None:
    if library in {"ky", "got", "ofetch"}:
        made = _fetch_like(library, name, arguments)
    elif library == "fetch":
        made = _fetch(arguments) if not name else None
    elif not name or name == "request":
        made = _configured(arguments, library)
    else:
        made = _verb_call(library, name, arguments)
    if made is None or client is None:
        return made
    return _based(made, client)


def _based(request: Request, client: Client) -> Request:
    url = under(either([client.base, EMPTY]), request.url)
    options = Record(((None, client.options), (None, request.options)))
    return Request(url, request.method, request.body, request.query, options, request.client)


def under(base: Symbol, url: Symbol) -> Symbol:
    """`url` below `base`, unless it is absolute itself."""
    start = url.parts[0] if isinstance(url, Join) else url
    if isinstance(start, Lit) and start.text.startswith(("http://", "https://", "//")):
        return url
    if base == EMPTY:
        return url
    return join([strip_slash(base, leading=False), with_leading_slash(url)])


def with_leading_slash(url: Symbol) -> Symbol:
    """Put a slash before a text that certainly has none."""
    start = url.parts[0] if isinstance(url, Join) else url
    if isinstance(start, Lit) and start.text and start.text[0] not in "/?":
        return join([Lit("/"), url])
    return url


def _fetch(arguments: Arguments) -> Request | None:
    if not arguments:
        return None
    url, options = arguments[0], arguments[1] if len(arguments) > 1 else NOTHING
    if isinstance(url, Record):
        options = Record(((None, url), (None, options)))
        url = member(url, "url")
    return Request(
        url,
        _upper(_default_get(member(options, "method"))),
        member(options, "body"),
        options=options,
    )


def _fetch_like(library: str, name: str, arguments: Arguments) -> Request | None:
    """ky, got and ofetch: fetch with verbs, a base per call, and bodies as plain values."""
    if not arguments or (name and name not in VERBS and name != "raw"):
        return None
    options = arguments[1] if len(arguments) > 1 else NOTHING
    method: Symbol = Lit(VERBS[name]) if name in VERBS else _default_get(member(options, "method"))
    body = either(
        [Json(v) if not isinstance(v, Nothing) else v for v in (member(options, "json"),)]
    )
    if library == "ofetch":
        given = member(options, "body")
        body = given if isinstance(given, (Form, Search, Json, Nothing)) else Json(given)
    elif isinstance(body, Nothing):
        body = either([member(options, "body"), member(options, "form")])
    base = either([member(options, key) for key in ("baseURL", "prefixUrl")])
    url = arguments[0] if isinstance(base, Nothing) else under(base, arguments[0])
    query = either([member(options, key) for key in ("query", "params", "searchParams")])
    return Request(url, _upper(method), body, query, options, library)


def _configured(arguments: Arguments, library: str) -> Request | None:
    """`axios(config)`, `axios(url, config)` and `client.request(config)`."""
    if not arguments:
        return None
    config = arguments[-1] if isinstance(arguments[0], Record) or len(arguments) > 1 else NOTHING
    url = arguments[0]
    if library == "angular" and len(arguments) > 1:
        config = arguments[2] if len(arguments) > 2 else NOTHING
        return Request(arguments[1], _upper(arguments[0]), member(config, "body"), client=library)
    structural = isinstance(url, (Lit, Join))
    if len(arguments) == 1 and not structural:
        config, url = url, member(url, "url")
    method = _upper(_default_get(either([member(config, "method"), member(config, "type")])))
    body = either([member(config, "data"), member(config, "body")])
    made = Request(url, method, as_json(body), member(config, "params"), config, library)
    base = member(config, "baseURL") if isinstance(config, Record) else NOTHING
    base = NOTHING if isinstance(base, Hole) else base
    return (
        made
        if isinstance(base, Nothing)
        else Request(under(base, url), method, as_json(body), made.query, config, library)
    )


def _verb_call(library: str, name: str, arguments: Arguments) -> Request | None:
    """`axios.post(url, data, config)` and its relatives."""
    method = VERBS.get(name) or FORM_VERBS.get(name)
    if method is None or not arguments:
        return None
    body: Symbol = NOTHING
    rest = arguments[1:]
    if method in WITH_BODY and rest:
        body, rest = rest[0], rest[1:]
    options = rest[0] if rest else NOTHING
    if method == "DELETE":
        body = either([member(options, "data"), member(options, "body")])
    if name in FORM_VERBS and isinstance(body, Record):
        body = Form(tuple((key, value) for key, value in body.entries if key is not None))
    return Request(
        arguments[0], Lit(method), as_json(body), member(options, "params"), options, library
    )


def _jquery(name: str, arguments: Arguments) -> Request | None:
    if not arguments:
        return None
    if name == "ajax":
        return _configured(arguments, "jquery")
    methods = {"get": "GET", "getJSON": "GET", "post": "POST"}
    if name not in methods:
        return None
    data = (
        arguments[1] if len(arguments) > 1 and isinstance(arguments[1], (Record, Json)) else NOTHING
    )
    if methods[name] == "POST":
        return Request(arguments[0], Lit("POST"), data, client="jquery")
    return Request(arguments[0], Lit("GET"), NOTHING, data, client="jquery")


def as_json(body: Symbol) -> Symbol:
    """Libraries that encode by themselves send plain values as JSON."""
    return body if isinstance(body, (Form, Search, Json, Nothing)) else Json(body)


def _default_get(method: Symbol) -> Symbol:
    return either([method, Lit("GET")])


def _upper(method: Symbol) -> Symbol:
    return Lit(method.text.upper()) if isinstance(method, Lit) else Apply("toUpperCase", method)
